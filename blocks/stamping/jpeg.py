"""JPEG (ISO/IEC 10918): XMP is an APP1 segment, after the ones that must come first."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blocks.errors import InputError, UnreadableFile
from blocks.stamping.parts import Part, read

__all__ = ["LIMIT", "find", "place"]

APP0, APP1, SCAN, END = 0xE0, 0xE1, 0xDA, 0xD9
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXIF = b"Exif\0"
LIMIT = 0xFFFF - 2 - len(XMP)
"""Bytes of a packet; a segment gives its length in 16 bits."""


def find(file: BinaryIO, size: int) -> bytes | None:
    for marker, start, end in _segments(file):
        if _is_packet(file, marker, start, end):
            return read(file, start + 4 + len(XMP), end - start - 4 - len(XMP))
    return None


def place(file: BinaryIO, size: int, packet: bytes) -> list[Part]:
    if len(packet) > LIMIT:
        raise InputError(
            f"the recipe makes {len(packet):,} bytes of XMP and a JPEG holds {LIMIT:,}; shorten it or write PNG."
        )
    segments = list(_segments(file))
    leading = 2
    for marker, start, end in segments:
        if start != leading or not _comes_first(file, marker, start, end):
            break
        leading = end
    parts: list[Part] = [(0, leading), struct.pack(">BBH", 0xFF, APP1, len(XMP) + len(packet) + 2) + XMP + packet]
    for marker, start, end in segments:
        if start >= leading and not _is_packet(file, marker, start, end):
            parts.append((start, end))
    return [*parts, (segments[-1][2] if segments else 2, size)]


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of every segment before the picture itself."""
    start = 2
    while True:
        mark, marker, length = struct.unpack(">BBH", read(file, start, 4))
        if mark != 0xFF or marker == END or (marker != 0xFF and marker != SCAN and length < 2):
            raise UnreadableFile(f"{Path(file.name).name} is no whole JPEG. Make or copy it again.")
        if marker == SCAN:
            return
        end = start + (1 if marker == 0xFF else 2 + length)  # a lone FF only fills space
        yield marker, start, end
        start = end


def _comes_first(file: BinaryIO, marker: int, start: int, end: int) -> bool:
    return marker == APP0 or (marker == APP1 and _begins(file, start, end, EXIF))


def _is_packet(file: BinaryIO, marker: int, start: int, end: int) -> bool:
    return marker == APP1 and _begins(file, start, end, XMP)


def _begins(file: BinaryIO, start: int, end: int, name: bytes) -> bool:
    return end - start >= 4 + len(name) and read(file, start + 4, len(name)) == name
