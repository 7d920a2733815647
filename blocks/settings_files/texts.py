"""The words that other programs leave in a picture: text chunks of a PNG, Exif of a JPEG or WebP."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blocks.errors import InputError
from blocks.stamping.parts import read

__all__ = ["LARGEST_TEXT", "texts_of"]

LARGEST_TEXT = 4 << 20
"""Bytes of one text; ComfyUI's largest graphs take a tenth of it."""

MOST_TEXTS = 64
MOST_SEGMENTS = 10_000

_MAKE, _MODEL, _DESCRIPTION = 0x010F, 0x0110, 0x010E
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286


def texts_of(path: Path) -> dict[str, str]:
    """Texts by keyword: "parameters" of A1111, "prompt" and "workflow" of ComfyUI, whichever are there.

    Raises:
        InputError: not a PNG, JPEG or WebP.
        UnreadableFile: it ends before its metadata does.
    """
    with path.open("rb") as file:
        start = file.read(16)
        if start.startswith(b"\x89PNG\r\n\x1a\n"):
            return _of_png(file)
        if start.startswith(b"\xff\xd8\xff"):
            return _of_exif(_jpeg_exif(file))
        if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            return _of_exif(_webp_exif(file))
    raise InputError(f"{path.name} is no PNG, JPEG or WebP; settings are read from these.")


def _of_png(file: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    start, kind = 8, b""
    for _ in range(MOST_SEGMENTS):
        if kind == b"IEND" or len(found) >= MOST_TEXTS:
            break
        length, kind = struct.unpack(">I4s", read(file, start, 8))
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= LARGEST_TEXT:
            keyword, _, rest = read(file, start + 8, length).partition(b"\0")
            text = _text(kind, rest)
            if text is not None:
                found.setdefault(keyword[:79].decode("latin-1").lower(), text)
        start += length + 12
    return found


def _text(kind: bytes, rest: bytes) -> str | None:
    """What follows the keyword; a program that writes UTF-8 where the format says Latin-1 is understood."""
    if kind == b"iTXt":
        fields = rest[2:].split(b"\0", 2)
        if len(rest) < 2 or len(fields) < 3:
            return None
        rest = _inflated(fields[2]) if rest[0] else fields[2]
    elif kind == b"zTXt":
        rest = _inflated(rest[1:])
    try:
        return rest.decode("utf-8")
    except UnicodeDecodeError:
        return rest.decode("latin-1")


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, LARGEST_TEXT)
    except zlib.error:
        return b""


def _jpeg_exif(file: BinaryIO) -> bytes:
    for marker, start, length in _jpeg_segments(file):
        if marker == 0xE1 and read(file, start, min(6, length)) == b"Exif\0\0":
            return read(file, start, length)
    return b""


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Marker, and start and length of the content, up to the picture itself."""
    start = 2
    for _ in range(MOST_SEGMENTS):
        mark, marker = read(file, start, 2)
        if mark != 0xFF or marker in (0xDA, 0xD9):
            return
        if marker == 0xFF:  # only fills space
            start += 1
            continue
        (length,) = struct.unpack(">H", read(file, start + 2, 2))
        if length < 2:
            return
        yield marker, start + 4, length - 2
        start += 2 + length


def _webp_exif(file: BinaryIO) -> bytes:
    (whole,) = struct.unpack("<I", read(file, 4, 4))
    start = 12
    for _ in range(MOST_SEGMENTS):
        if start + 8 > whole + 8:
            break
        kind, length = struct.unpack("<4sI", read(file, start, 8))
        if kind == b"EXIF" and length <= LARGEST_TEXT:
            return read(file, start + 8, length)
        start += 8 + length + length % 2
    return b""


def _of_exif(data: bytes) -> dict[str, str]:
    """A1111's comment, and what ComfyUI puts into the camera's make and model as ``prompt:{...}``."""
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(data)
        tags = [exif.get(tag) for tag in (_MODEL, _MAKE, _DESCRIPTION)]
        comment = _comment(exif.get_ifd(_EXIF_IFD).get(_USER_COMMENT))
    except (ValueError, TypeError, SyntaxError, KeyError, IndexError, OSError, struct.error, RecursionError):
        return {}  # what cannot be read as Exif says nothing
    found = {"parameters": comment} if comment else {}
    for tag in tags:
        if isinstance(tag, str) and len(tag) <= LARGEST_TEXT:
            keyword, _, text = tag.partition(":")
            if keyword.lower() in ("prompt", "workflow") and text:
                found.setdefault(keyword.lower(), text)
    return found


def _comment(value: object) -> str:
    """Exif's user comment: eight bytes that name the encoding, then the text."""
    if isinstance(value, str):
        return value[:LARGEST_TEXT]
    if not isinstance(value, bytes) or len(value) > LARGEST_TEXT:
        return ""
    code, text = value[:8], value[8:]
    if code.startswith(b"UNICODE"):
        little = len(text) > 1 and text[1] == 0 and text[0] != 0
        return text.decode("utf-16-le" if little else "utf-16-be", "replace").strip("\0")
    return text.decode("utf-8", "replace").strip("\0") if code.startswith((b"ASCII", b"\0")) else ""
