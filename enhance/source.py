"""The source frames of a stretch, one for each planned time, whatever can be decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av

from blocks.errors import UnreadableFile
from enhance.drawing import Still
from enhance.reading import decode_between
from enhance.stretch import Segment

__all__ = ["SourceFrames", "planned"]


class SourceFrames:
    """The source frames of a stretch, each with the one after it.

    Attributes:
        missing: how many could not be decoded so far; another frame stands in for each.
    """

    def __init__(self, clip: Path, stretch: Segment, wrap: Callable[[av.VideoFrame], Still], threads: int) -> None:
        self._clip, self._stretch, self._wrap, self._threads = clip, stretch, wrap, threads
        self.missing = 0

    def pairs(self) -> Iterator[tuple[Still, Still | None, float]]:
        """Each frame, the next one (None after the clip's last) and the seconds between.

        Raises:
            UnreadableFile: none of the frames can be decoded.
        """
        stretch = self._stretch
        times = [*stretch.pts, *([] if stretch.next_pts is None else [stretch.next_pts])]
        decoded = decode_between(self._clip, times[0], times[-1], interlaced=stretch.interlaced, threads=self._threads)
        tick = Fraction(stretch.time_base)
        before: Still | None = None
        for number, (frame, right) in enumerate(planned(decoded, times)):
            still = self._wrap(self._sized(frame))
            if before is not None:
                yield before, still, float((times[number] - times[number - 1]) * tick)
            before = still
            self.missing += not right and number < len(stretch.pts)
        if before is None:
            raise UnreadableFile(
                f"No frame of segment {stretch.index + 1} of {self._clip.name} can be decoded; the file is "
                "damaged there."
            )
        if stretch.next_pts is None:
            yield before, None, 0.0

    def _sized(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Broadcasts may change their size on the way; the clip keeps that of its first frame."""
        size = self._stretch.width, self._stretch.height
        if (frame.width, frame.height) == size:
            return frame
        sized = frame.reformat(*size, interpolation="BICUBIC")
        sized.pts, sized.time_base = frame.pts, frame.time_base
        return sized


def planned(frames: Iterator[av.VideoFrame], times: list[int]) -> Iterator[tuple[av.VideoFrame, bool]]:
    """One frame for each planned time, and whether it is the right one.

    Where a frame could not be decoded, the one before stands in for it, or at the start the one after.
    """
    shown: av.VideoFrame | None = None
    coming = next(frames, None)
    for time in times:
        while coming is not None and coming.pts <= time:
            shown, coming = coming, next(frames, None)
        stand_in = shown or coming
        if stand_in is None:
            return
        yield stand_in, stand_in.pts == time
