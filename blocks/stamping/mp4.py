"""MP4 and QuickTime (ISO/IEC 14496-12): XMP is a box of its own at the end; the recipe also stands as a comment.

Only the index is written anew, with the comment in it; every packet, timestamp and matrix stays as it is.
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blocks.errors import InputError, UnreadableFile
from blocks.stamping.parts import LARGEST_PACKET, Part, read
from blocks.stamping.xmp import recipe_text

__all__ = ["find", "place"]

XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
COMMENT = b"\xa9cmt"
OURS = b'{"recipe": '
UNDETERMINED = 0x55C4
"""The language "und"."""

LARGEST_INDEX = 256 << 20
TO_TABLES = (b"trak", b"mdia", b"minf", b"stbl")
OFFSETS = {b"stco": "I", b"co64": "Q"}
"""The tables that say where in the file packets lie, and how wide their numbers are."""


class Box(NamedTuple):
    """A box: its kind, and where its header, its content and itself end."""

    kind: bytes
    start: int
    inside: int
    end: int


class Move(NamedTuple):
    """What begins here in the old file stands this much later in the new one."""

    start: int
    by: int


def find(file: BinaryIO, size: int) -> bytes | None:
    for box in _boxes(file, 0, size):
        if _is_packet(file, box):
            return read(file, box.inside + 16, box.end - box.inside - 16)
    return None


def place(file: BinaryIO, size: int, packet: bytes) -> list[Part]:
    boxes = [box for box in _boxes(file, 0, size) if not _is_packet(file, box)]
    index = _index(file, boxes)
    comment = OURS + (recipe_text(packet) or "").encode() + b"}"
    new = _with_comment(read(file, index.inside, index.end - index.inside), comment)
    moves: list[Move] = []
    position = 0
    for box in boxes:
        moves.append(Move(box.start, position - box.start))
        position += len(new) if box is index else box.end - box.start
    parts: list[Part] = []
    for box in boxes:
        parts += [_moved(new, moves)] if box is index else _closed(file, box)
    return [*parts, _box(b"uuid", XMP + packet)]


def _boxes(file: BinaryIO, start: int, last: int) -> Iterator[Box]:
    """The boxes in a stretch of a file; fewer than eight bytes after them are padding."""
    while last - start >= 8:
        length, kind = struct.unpack(">I4s", read(file, start, 8))
        inside = start + 8
        if length == 1:
            (length,) = struct.unpack(">Q", read(file, inside, 8))
            inside += 8
        end = start + length if length else last
        if end < inside or end > last:
            raise UnreadableFile("the clip is truncated or damaged: its parts do not fit. Make or copy it again.")
        yield Box(kind, start, inside, end)
        start = end


def _is_packet(file: BinaryIO, box: Box) -> bool:
    fits = 16 <= box.end - box.inside < LARGEST_PACKET
    return box.kind == b"uuid" and fits and read(file, box.inside, 16) == XMP


def _index(file: BinaryIO, boxes: list[Box]) -> Box:
    name = Path(file.name).name
    if any(box.kind == b"moof" for box in boxes):
        raise InputError(f"{name} is a fragmented MP4, made for streaming; convert it to a plain one to stamp it.")
    for box in boxes:
        if box.kind == b"moov" and box.end - box.start < LARGEST_INDEX:
            return box
    raise UnreadableFile(f"{name} has no index: it is truncated, or its recording broke off. Make or copy it again.")


def _with_comment(index: bytes, comment: bytes) -> bytes:
    """The moov box with the comment in its user data, unless the clip has a comment of somebody else."""
    file = io.BytesIO(index)
    children = list(_boxes(file, 0, len(index)))
    user = next((box for box in children if box.kind == b"udta"), Box(b"udta", len(index), len(index), len(index)))
    kept = index[user.inside : user.end]
    for box in _boxes(file, user.inside, user.end):
        if box.kind == COMMENT and index[box.inside + 4 : box.end].startswith(OURS):
            kept = index[user.inside : box.start] + index[box.end : user.end]
    before, after = index[: user.start], index[user.end :]
    if not any(theirs in before + kept + after for theirs in (COMMENT, b"mdtacomment")):
        kept = _box(COMMENT, struct.pack(">HH", len(comment), UNDETERMINED) + comment) + kept
    return _box(b"moov", before + _box(b"udta", kept) + after)


def _moved(index: bytes, moves: list[Move]) -> bytes:
    """The moov box with every packet's place corrected for what moved."""
    new = bytearray(index)
    starts = [move.start for move in moves]
    for table in _tables(io.BytesIO(index), 8, len(index)):
        (count,) = struct.unpack_from(">I", index, table.inside + 4)
        if count > table.end - table.inside:
            raise UnreadableFile("the clip's index contradicts itself: it is damaged. Make or copy it again.")
        places = struct.Struct(f">{count}{OFFSETS[table.kind]}")
        old = places.unpack_from(index, table.inside + 8)
        try:
            places.pack_into(new, table.inside + 8, *(at + moves[bisect_right(starts, at) - 1].by for at in old))
        except struct.error:
            raise InputError("the clip is too long for the 32-bit index it has; remux it to stamp it.") from None
    return bytes(new)


def _tables(index: BinaryIO, start: int, end: int, way: tuple[bytes, ...] = TO_TABLES) -> Iterator[Box]:
    for box in _boxes(index, start, end):
        if not way and box.kind in OFFSETS:
            yield box
        elif way and box.kind == way[0]:
            yield from _tables(index, box.inside, box.end, way[1:])


def _closed(file: BinaryIO, box: Box) -> list[Part]:
    """A box as it is; the last one may leave its length open, which it cannot with one after it."""
    if read(file, box.start, 4) != bytes(4):
        return [(box.start, box.end)]
    if box.end - box.start > 0xFFFFFFFF:
        raise InputError(f"{Path(file.name).name} leaves the length of its last part open; remux it to stamp it.")
    return [struct.pack(">I", box.end - box.start), (box.start + 4, box.end)]


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content
