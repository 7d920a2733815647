"""GIF 89a: XMP is an application extension before the first frame, with a tail that old readers can skip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from blocks.stamping.parts import LARGEST_PACKET, Part, read

__all__ = ["find", "place"]

HEADER = 13
XMP = b"\x21\xff\x0bXMP DataXMP"
TAIL = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
"""Wherever a reader that takes the packet for blocks with lengths arrives, from here it finds the end."""


def find(file: BinaryIO, size: int) -> bytes | None:
    for start, end in _packets(file, size):
        return read(file, start + len(XMP), end - start - len(XMP) - len(TAIL))
    return None


def place(file: BinaryIO, size: int, packet: bytes) -> list[Part]:
    begin = _after_header(file)
    parts: list[Part] = [b"GIF89a", (6, begin), XMP + packet + TAIL]
    for start, end in _packets(file, size):
        parts.append((begin, start))
        begin = end
    return [*parts, (begin, size)]


def _packets(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of the XMP extensions before the first frame."""
    start = _after_header(file)
    while read(file, start, 1) == b"\x21":
        end = _packet_end(file, start, size)
        if end is not None:
            yield start, end
        start = end or _extension_end(file, start)


def _after_header(file: BinaryIO) -> int:
    flags = read(file, 10, 1)[0]
    return HEADER + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _packet_end(file: BinaryIO, start: int, size: int) -> int | None:
    if read(file, start, min(len(XMP), size - start)) != XMP:
        return None
    place = read(file, start, min(LARGEST_PACKET, size - start)).find(TAIL)
    return start + place + len(TAIL) if place >= 0 else None


def _extension_end(file: BinaryIO, start: int) -> int:
    start += 2
    while length := read(file, start, 1)[0]:
        start += 1 + length
    return start + 1
