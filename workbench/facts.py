"""What a file is, told from its header: enough to list it, to choose its options and to refuse what is no media."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

__all__ = ["Facts", "describe"]

CLIP_SUFFIXES = frozenset(
    {".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mxf", ".ts", ".webm", ".wmv"}
)
CLIP_STARTS = (b"\x1aE\xdf\xa3", b"FLV", b"OggS", b"0&\xb2u", b"\x00\x00\x01\xba", b"\x06\x0e+4")
PICTURE_BRANDS = frozenset({b"avif", b"avis"})


@dataclass(frozen=True, slots=True)
class Facts:
    """Figures of one file.

    Attributes:
        kind: what it is enhanced as.
        width, height: pixels as shown.
        fps: frames a second, None for a picture.
        frames: of a clip what its container says, None if it does not.
        seconds: None for a picture.
    """

    kind: Literal["picture", "clip"]
    width: int
    height: int
    fps: Fraction | None = None
    frames: int | None = 1
    seconds: float | None = None


def describe(path: Path, name: str) -> Facts:
    """Read a file's header; `name` is what the person calls it.

    Raises:
        UnreadableFile: no picture or clip, empty, or damaged at the start.
        UnsafeFile: more pixels than can be held in memory, or a list of other files.
    """
    return _clip(path) if _is_clip(path, name) else _picture(path)


def _is_clip(path: Path, name: str) -> bool:
    """By content where the content is plain, else by the name."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[4:8] == b"ftyp":
        return head[8:12] not in PICTURE_BRANDS
    if head[:4] == b"RIFF":
        return head[8:12] == b"AVI "
    return head.startswith(CLIP_STARTS) or Path(name).suffix.lower() in CLIP_SUFFIXES


def _picture(path: Path) -> Facts:
    from enhance.pictures import probe_picture

    found = probe_picture(path)
    return Facts("picture", found.width, found.height, frames=found.frames)


def _clip(path: Path) -> Facts:
    from enhance.reading import open_clip, picture_track

    with open_clip(path) as container:
        track = picture_track(container)
        rate = track.average_rate or track.guessed_rate
        seconds = container.duration / 1_000_000 if container.duration else None
        frames = track.frames or (round(seconds * rate) if seconds and rate else None)
        context = track.codec_context
        return Facts("clip", context.width, context.height, Fraction(rate) if rate else None, frames, seconds)
