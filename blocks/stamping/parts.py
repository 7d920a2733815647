"""A file as a list of stretches, some copied from another file and some new; written whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from blocks.errors import DiskFull, UnreadableFile

__all__ = ["LARGEST_PACKET", "Part", "read", "whole", "write"]

Part = bytes | tuple[int, int]
"""New bytes, or a stretch (start, end) of the old file."""

LARGEST_PACKET = 8 << 20
"""Bytes; larger packets are not metadata that anybody wrote."""

BUFFER = 1 << 20


def read(file: BinaryIO, start: int, length: int) -> bytes:
    """Exactly these bytes.

    Raises:
        UnreadableFile: the file ends before.
    """
    file.seek(start)
    found = file.read(length)
    if len(found) < length:
        name = Path(getattr(file, "name", "the file")).name
        raise UnreadableFile(f"{name} ends in the middle: it is truncated or damaged. Make or copy it again.")
    return found


def write(source: BinaryIO, target: BinaryIO, parts: Iterable[Part]) -> None:
    """The parts, one after another."""
    for part in parts:
        if isinstance(part, bytes):
            target.write(part)
            continue
        start, end = part
        while start < end:
            piece = read(source, start, min(BUFFER, end - start))
            target.write(piece)
            start += len(piece)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A neighbour of the path to write to; it takes the path's place when all went well, or is gone."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"No space is left to write {path.name}. Free some and run it again.") from None
        raise
    finally:
        part.unlink(missing_ok=True)
