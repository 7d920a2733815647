"""PNG (ISO/IEC 15948): XMP is an iTXt chunk; a tEXt chunk beside it shows the recipe to simpler readers."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blocks.errors import UnreadableFile
from blocks.stamping.parts import LARGEST_PACKET, Part, read
from blocks.stamping.xmp import recipe_text

__all__ = ["find", "place"]

SIGNATURE = 8
XMP = b"XML:com.adobe.xmp\0"
PLAIN = b"recipe\0"


def find(file: BinaryIO, size: int) -> bytes | None:
    for kind, start, end in _chunks(file, size):
        if _is_packet(file, kind, start, end):
            return _text(read(file, start + 8, end - start - 12)[len(XMP) :])
    return None


def place(file: BinaryIO, size: int, packet: bytes) -> list[Part]:
    chunks = list(_chunks(file, size))
    (kind, _, after_header), *others = chunks
    if kind != b"IHDR":
        raise UnreadableFile(f"{Path(file.name).name} is no PNG: its header is missing. Make or copy it again.")
    plain = PLAIN + (recipe_text(packet) or "").encode()
    parts: list[Part] = [(0, after_header), _chunk(b"iTXt", XMP + b"\0\0\0\0" + packet), _chunk(b"tEXt", plain)]
    for kind, start, end in others:
        if not _is_packet(file, kind, start, end) and not _is_plain(file, kind, start):
            parts.append((start, end))
    return [*parts, (chunks[-1][2], size)]


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of every chunk up to the last one."""
    start, kind = SIGNATURE, b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", read(file, start, 8))
        end = start + length + 12
        if end > size:
            read(file, size, 1)
        yield kind, start, end
        start = end


def _is_packet(file: BinaryIO, kind: bytes, start: int, end: int) -> bool:
    fits = len(XMP) + 12 < end - start < LARGEST_PACKET
    return kind == b"iTXt" and fits and read(file, start + 8, len(XMP)) == XMP


def _is_plain(file: BinaryIO, kind: bytes, start: int) -> bool:
    return kind == b"tEXt" and read(file, start + 8, len(PLAIN)) == PLAIN


def _text(data: bytes) -> bytes | None:
    """What follows the keyword: compressed or not, language, translated keyword, the text."""
    try:
        _, _, text = data[2:].split(b"\0", 2)
        return zlib.decompressobj().decompress(text, LARGEST_PACKET) if data[0] else text
    except (ValueError, zlib.error):
        return None


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))
