"""WebP (RFC 9649): XMP is a chunk after the picture, announced in the extended header."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blocks.errors import UnreadableFile
from blocks.stamping.parts import LARGEST_PACKET, Part, read

__all__ = ["find", "place"]

HAS_XMP, HAS_ALPHA = 0x04, 0x10
RIFF = 12
"""Bytes before the first chunk."""


def find(file: BinaryIO, size: int) -> bytes | None:
    for kind, start, length, _ in _chunks(file):
        if kind == b"XMP " and length < LARGEST_PACKET:
            return read(file, start + 8, length)
    return None


def place(file: BinaryIO, size: int, packet: bytes) -> list[Part]:
    chunks = list(_chunks(file))
    if not chunks:
        raise _damaged(file)
    body: list[Part] = [_extended_header(file, *chunks[0][:3])]
    body += [(start, end) for kind, start, _, end in chunks if kind not in (b"VP8X", b"XMP ")]
    body.append(struct.pack("<4sI", b"XMP ", len(packet)) + packet + b"\0" * (len(packet) % 2))
    length = sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in body)
    return [struct.pack("<4sI4s", b"RIFF", length + 4, b"WEBP"), *body]


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, start, length of the content, and end with its padding."""
    (length,) = struct.unpack("<I", read(file, 4, 4))
    start, last = RIFF, 8 + length
    while start < last:
        kind, length = struct.unpack("<4sI", read(file, start, 8))
        end = start + 8 + length + length % 2
        read(file, end - 1, 1)
        yield kind, start, length, end
        start = end


def _extended_header(file: BinaryIO, kind: bytes, start: int, length: int) -> bytes:
    """The VP8X chunk with XMP announced; a plain file has none, so its size is read from the picture."""
    if kind == b"VP8X":
        flags, rest = struct.unpack("<B9s", read(file, start + 8, 10))
        return struct.pack("<4sIB9s", b"VP8X", 10, flags | HAS_XMP, rest)
    if kind == b"VP8L":
        mark, bits = struct.unpack("<BI", read(file, start + 8, 5))
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
        intact = mark == 0x2F
    else:
        code, width, height = struct.unpack("<3sHH", read(file, start + 11, 7))
        width, height, alpha = (width & 0x3FFF) - 1, (height & 0x3FFF) - 1, 0
        intact = kind == b"VP8 " and code == b"\x9d\x01\x2a" and min(width, height) >= 0
    if not intact:
        raise _damaged(file)
    sides = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return struct.pack("<4sIB3x6s", b"VP8X", 10, HAS_XMP | HAS_ALPHA * alpha, sides)


def _damaged(file: BinaryIO) -> UnreadableFile:
    return UnreadableFile(f"{Path(file.name).name} is no whole WebP. Make or copy it again.")
