"""Matroska and WebM (RFC 9559): the recipe is a tag called RECIPE at the end, and the table of contents points to it.

Nothing else moves: positions in these files count from the start of the segment.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from blocks.errors import UnreadableFile
from blocks.stamping.parts import Part, read

__all__ = ["find", "place"]

SEGMENT, CONTENTS, VOID, CLUSTER = b"\x18\x53\x80\x67", b"\x11\x4d\x9b\x74", b"\xec", b"\x1f\x43\xb6\x75"
TAGS, TAG, TARGETS, SIMPLE = b"\x12\x54\xc3\x67", b"\x73\x73", b"\x63\xc0", b"\x67\xc8"
NAME, STRING = b"\x45\xa3", b"\x44\x87"
SEEK, SEEK_NAME, SEEK_PLACE = b"\x4d\xbb", b"\x53\xab", b"\x53\xac"
CHECKSUM = b"\xbf\x84"

OPEN = (1 << 56) - 1
"""Length of an element that goes on to the end of the file: nothing but ones, however wide."""

LARGEST_TAGS = 64 << 10
"""Bytes from the end in which a recipe of ours is looked for."""

LARGEST_CONTENTS = 1 << 20


class Element(NamedTuple):
    """An element: its name, where it and its content begin, and the content's length."""

    name: bytes
    start: int
    inside: int
    length: int

    @property
    def end(self) -> int:
        return self.inside + self.length


def find(file: BinaryIO, size: int) -> str | None:
    """The recipe's JSON text, or None."""
    end = min(_segment(file, size).end, size)
    start = _without_ours(file, end)
    return read(file, start, end - start)[len(_tags("")) :].decode("latin-1") if start < end else None


def place(file: BinaryIO, size: int, recipe: str) -> list[Part]:
    """The clip as parts, with this recipe (ASCII JSON) in it."""
    segment = _segment(file, size)
    end = min(segment.end, size)
    kept = _without_ours(file, end)
    tags = _tags(recipe)
    length = segment.length if segment.length == OPEN else kept - segment.inside + len(tags)
    return [
        (0, segment.start),
        SEGMENT + _length(length, 8),
        *_pointing_to(file, segment, kept),
        tags,
        (end, size),
    ]


def _segment(file: BinaryIO, size: int) -> Element:
    for element in _elements(file, 0, size):
        if element.name == SEGMENT:
            return element
    raise UnreadableFile(f"{Path(file.name).name} holds no clip: it is truncated or damaged. Make or copy it again.")


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[Element]:
    while start < end:
        head = read(file, start, min(12, end - start))
        name = _width(head)
        length = _width(head[name:])
        if name > 4 or name + length > len(head):
            raise UnreadableFile("the clip is truncated or damaged: its parts do not fit. Make or copy it again.")
        value = int.from_bytes(head[name : name + length], "big") - (1 << 7 * length)
        if value == (1 << 7 * length) - 1:
            value = OPEN
        yield Element(head[:name], start, start + name + length, value)
        start += name + length + value


def _width(head: bytes) -> int:
    """Bytes that a number takes: one more than its leading zero bits; 99 if it is none."""
    return 9 - head[0].bit_length() if head and head[0] else 99


def _without_ours(file: BinaryIO, end: int) -> int:
    """Where the segment ends if a recipe that was added to it earlier is not counted."""
    start = max(end - LARGEST_TAGS, 0)
    tail = read(file, start, end - start)
    mark = _tags("")
    place = tail.rfind(TAGS)
    ours = place >= 0 and _tags(tail[place + len(mark) :].decode("latin-1")) == tail[place:]
    return start + place if ours else end


def _pointing_to(file: BinaryIO, segment: Element, end: int) -> list[Part]:
    """The segment's content up to here; its table of contents says that tags follow, if there is room to say so."""
    line = _element(SEEK, _element(SEEK_NAME, TAGS, 1) + _element(SEEK_PLACE, _number(end - segment.inside), 1), 1)
    found = _contents(file, segment, end)
    if found is None:
        return [(segment.inside, end)]
    table, gap = found
    lines = read(file, table.inside, table.length)
    if line in lines:
        return [(segment.inside, end)]
    checked = lines.startswith(CHECKSUM)
    lines = (lines[6:] if checked else lines) + line
    if checked:
        lines = CHECKSUM + struct.pack("<I", zlib.crc32(lines)) + lines
    written = CONTENTS + _length(len(lines), 8) + lines
    rest = gap.end - table.start - len(written)
    if rest < 9:
        return [(segment.inside, end)]
    return [(segment.inside, table.start), written, VOID + _length(rest - 9, 8), (gap.end - rest + 9, end)]


def _contents(file: BinaryIO, segment: Element, end: int) -> tuple[Element, Element] | None:
    """The table of contents and the gap that was left after it, if the file has both."""
    before = None
    for element in _elements(file, segment.inside, end):
        if element.name == CLUSTER:
            return None
        if before and before.name == CONTENTS and element.name == VOID and before.length < LARGEST_CONTENTS:
            return before, element
        before = element
    return None


def _tags(recipe: str) -> bytes:
    simple = _element(SIMPLE, _element(NAME, b"RECIPE") + _element(STRING, recipe.encode("latin-1", "replace")))
    return _element(TAGS, _element(TAG, _element(TARGETS, b"") + simple))


def _element(name: bytes, content: bytes, width: int = 4) -> bytes:
    return name + _length(len(content), width) + content


def _length(value: int, width: int) -> bytes:
    return (value | 1 << 7 * width).to_bytes(width, "big")


def _number(value: int) -> bytes:
    return struct.pack(">Q", value)
