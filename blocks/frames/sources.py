"""What was handed in, file by file: folders are looked through, and bytes say whether a file is a picture or a clip."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError, UnreadableFile

__all__ = ["files_of", "kind_of", "read_still"]

Kind = Literal["picture", "clip"]
Pixels = NDArray[np.uint8]

_LONGEST = 4096  # pixels of a still's longer side; a face needs no more
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")
_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
_MOST = 100_000  # files of one folder


def files_of(sources: Sequence[Path]) -> Iterator[Path]:
    """The files, and of a folder every picture and clip in it by name; hidden files and others are passed over.

    Raises:
        InputError: there is no such file, or nothing of use in a folder.
    """
    for source in sources:
        if not source.is_dir():
            if not source.exists():
                raise InputError(f"There is no file or folder {source.name}; check the path.")
            yield source
            continue
        inside = (path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
        found = sorted(path for path in inside if kind_of(path) is not None)
        if not found:
            raise InputError(f"There are no pictures or clips in the folder {source.name}.")
        if len(found) > _MOST:
            raise InputError(f"The folder {source.name} holds {len(found):,} files; hand in at most {_MOST:,}.")
        yield from found


def kind_of(path: Path) -> Kind | None:
    """Picture or clip, by the first bytes; None for anything else.

    A GIF is a clip, for it may move.
    """
    head = _head(path)
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    if head[4:8] == b"ftyp":
        return "picture" if head[8:12] in _BRANDS else "clip"
    moving = (
        head.startswith((b"GIF8", b"\x1aE\xdf\xa3", b"FLV", b"OggS", b"\0\0\x01\xba", b"\0\0\x01\xb3", b"0&\xb2u"))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip")
        or (head[:1] == b"G" and head[188:189] == b"G")
    )
    return "clip" if moving else None


def read_still(path: Path) -> Pixels:
    """A picture as HxWx3 8-bit RGB, upright, with at most 4096 pixels a side.

    Raises:
        UnreadableFile, UnsafeFile: see `blocks.models.pictures.open_pictures`.
    """
    from blocks.models.pictures import open_pictures

    [picture] = open_pictures([path])
    if max(picture.size) > _LONGEST:
        picture.thumbnail((_LONGEST, _LONGEST))
    return np.asarray(picture)


def _head(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableFile(f"{path.name} is no file; hand in a picture, a clip or a folder of them.")
        with path.open("rb") as file:
            return file.read(256)
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read ({error.strerror}); check the path.") from error
