"""A clip of any length, looked through frame by frame and never held: of each stretch of a scene its sharpest frame.

Stretches are a fifth of a second at first. When more frames are kept than there is room for, stretches become twice as
long and of two that join the better frame stays; so a clip of an hour needs no more memory or disk than one of a
minute, and is looked at evenly from end to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from blocks.errors import UnreadableFile, UnsafeFile
from blocks.frames.measure import Floats, frame_sharpness, is_cut, thumb
from blocks.progress import Progress, silent

__all__ = ["Glance", "Keeper", "glances", "sharpest"]

Pixels = NDArray[np.uint8]
Kept = TypeVar("Kept")

_CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif"
_MOST_PIXELS = 8192 * 8192
_MOST_FRAMES = 4_000_000
_SMALL = 320  # pixels of the side that frames are measured at
_STRETCH = 0.2
_ANYWHERE = 16.0  # seconds of a stretch from which on cuts count no more


@dataclass(frozen=True, slots=True)
class Glance:
    """One frame of a clip, decoded and measured.

    Attributes:
        at: seconds from the clip's first frame.
        scene: number of the shot it is in, from 0.
        sharpness: see `blocks.frames.measure.frame_sharpness`.
        share: of the clip that has been decoded, 0 to 1.
        pixels: gives the frame, HxWx3 8-bit RGB and upright.
    """

    at: float
    scene: int
    sharpness: float
    share: float
    pixels: Callable[[], Pixels]


def glances(path: Path, threads: int = 0) -> Iterator[Glance]:
    """Every frame that can be decoded, in order; a damaged stretch is passed over.

    Raises:
        UnreadableFile: not a clip, or nothing in it can be decoded.
        UnsafeFile: its frames are too large, or too many.
    """
    with _opened(path) as (container, track):
        if threads:
            track.codec_context.thread_count = threads
        length = float(container.duration or 0) / 1e6
        first: float | None = None
        before: Floats | None = None
        scene = 0
        for number, frame in enumerate(_decoded(container, track)):
            if number >= _MOST_FRAMES:
                raise UnsafeFile(f"{path.name} has more than {_MOST_FRAMES:,} frames; cut it into pieces.")
            time = number / 25 if frame.time is None else float(frame.time)
            first = time if first is None else first
            grey = _grey(frame)
            now = thumb(grey)
            scene += before is not None and is_cut(before, now)
            before, at = now, max(0.0, time - first)
            yield Glance(at, scene, frame_sharpness(grey), min(1.0, at / length) if length else 0.0, _pixels_of(frame))
        if first is None:
            raise UnreadableFile(f"Nothing in {path.name} can be decoded; it is damaged. Copy or export it again.")


class Keeper(Generic[Kept]):
    """Keeps what is best of each stretch of a clip, with room for so many.

    Args:
        room: how many are kept.
        drop: told of each one that is given up for a better one.
    """

    def __init__(self, room: int, drop: Callable[[Kept], None]) -> None:
        self._room, self._drop = max(2, room), drop
        self._stretch = _STRETCH
        self._kept: list[tuple[float, int, float, Kept]] = []

    @property
    def kept(self) -> list[Kept]:
        """In the order they came."""
        return [one for *_, one in self._kept]

    def stretch(self, at: float, scene: int) -> tuple[int, int]:
        """Which stretch a moment is in."""
        return (scene if self._stretch < _ANYWHERE else 0, int(at / self._stretch))

    def keep(self, at: float, scene: int, worth: float, one: Kept) -> None:
        """Keep one; it may be given up at once, or later, for others of its stretch that are worth more."""
        self._kept.append((at, scene, worth, one))
        while len(self._kept) > self._room:
            self._stretch *= 2
            self._join()

    def _join(self) -> None:
        best: dict[tuple[int, int], tuple[float, int, float, Kept]] = {}
        for entry in self._kept:
            at, scene, worth, _ = entry
            key = self.stretch(at, scene)
            other = best.get(key)
            if other is None or worth > other[2]:
                best[key] = entry
        stay = {id(entry) for entry in best.values()}
        for entry in self._kept:
            if id(entry) not in stay:
                self._drop(entry[3])
        self._kept = [entry for entry in self._kept if id(entry) in stay]


def sharpest(frames: Iterator[Glance], keeper: Keeper[Any], progress: Progress = silent) -> Iterator[Glance | None]:
    """Of each stretch the sharpest frame, when the stretch is over; None for each frame that is not it."""
    best: Glance | None = None
    place: tuple[int, int] | None = None
    for number, frame in enumerate(frames):
        if number % 50 == 0:
            progress(frame.share, f"{frame.at:.0f} s")
        now = keeper.stretch(frame.at, frame.scene)
        if best is not None and now == place:
            best = max(best, frame, key=lambda one: one.sharpness)
            yield None
            continue
        if best is not None:
            yield best
        best, place = frame, now
    if best is not None:
        yield best


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The file and its moving track. FFmpeg knows formats that open other files; only plain containers are let in."""
    import av

    try:
        container = av.open(
            str(path.absolute()),
            options={"format_whitelist": _CONTAINERS, "protocol_whitelist": "file", "max_pixels": str(_MOST_PIXELS)},
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnreadableFile(
            f"{path.name} cannot be read as a clip: it is cut short, damaged or of another kind. Copy or export it "
            "again."
        ) from error
    with container:
        moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not moving or moving[0].codec_context is None:
            raise UnreadableFile(f"{path.name} holds no moving picture; hand in a video.")
        width, height = moving[0].codec_context.width, moving[0].codec_context.height
        if width * height > _MOST_PIXELS:
            raise UnsafeFile(f"{path.name} has frames of {width}x{height}; scale it down first.")
        yield container, moving[0]


def _decoded(container: Any, track: Any) -> Iterator[Any]:
    """Frames in order of showing; what cannot be decoded is left out."""
    import av

    track.thread_type = "AUTO"
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            yield from packet.decode()
        except av.FFmpegError:  # the next key frame heals it
            continue


def _grey(frame: Any) -> Pixels:
    """The frame in grey, reduced."""
    scale = min(1.0, _SMALL / max(frame.width, frame.height))
    width, height = (max(2, round(side * scale)) for side in (frame.width, frame.height))
    pixels: Pixels = frame.reformat(width=width, height=height, format="gray", interpolation="AREA").to_ndarray()
    return pixels


def _pixels_of(frame: Any) -> Callable[[], Pixels]:
    def pixels() -> Pixels:
        upright: Pixels = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90) % 4)
        return np.ascontiguousarray(upright)

    return pixels
