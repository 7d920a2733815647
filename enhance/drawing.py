"""The frames of a smoother, larger clip, drawn one after the other from the frames of the old one.

At most two source frames are held at a time, each with its enlarged copy. Flow is found on the source's size and
drawn on the enlarged frames: as good, and far cheaper than finding it there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import av
import cv2
import numpy as np

from enhance.colour import Colour, PixelLayout, as_written, from_array, to_array
from enhance.cuts import is_cut
from enhance.flow import FlowInterpolator
from enhance.interpolate import Interpolator
from enhance.timing import Moment, Schedule

__all__ = ["Drawing", "Still", "Upscaler"]

Array = np.ndarray[Any, np.dtype[Any]]
Upscaler = Callable[[Array], Array]

LONGEST_GAP = 0.5
"""Seconds: a frame that stays longer is meant to stand still (slides, screen recordings) and is held, not morphed."""


class Still:
    """A source frame and, once asked for, its pixels as an array and its enlarged copy."""

    def __init__(self, frame: av.VideoFrame, layout: PixelLayout, colour: Colour, upscale: Upscaler | None) -> None:
        self._frame, self._layout, self._colour, self._upscale = frame, layout, colour, upscale

    @cached_property
    def array(self) -> Array:
        return to_array(self._frame, self._layout, self._colour)

    @cached_property
    def large(self) -> Array:
        return enlarge(self.array, self._upscale) if self._upscale else self.array

    def written(self) -> av.VideoFrame:
        """The frame to encode: untouched where nothing is enlarged."""
        if self._upscale is None:
            return as_written(self._frame, self._layout, self._colour)
        return from_array(self.large, self._layout, self._colour)


def enlarge(array: Array, upscale: Upscaler) -> Array:
    """Enlarge colours with the upscaler, which knows RGB, and alpha by a cubic curve."""
    large = upscale(np.ascontiguousarray(array[..., :3]))
    if array.shape[2] == 3:
        return large
    size = (large.shape[1], large.shape[0])
    alpha = cv2.resize(np.ascontiguousarray(array[..., 3]), size, interpolation=cv2.INTER_CUBIC)
    return np.dstack((large, alpha))


@dataclass(slots=True)
class Drawing:
    """Draws the frames of one schedule.

    Attributes:
        plan: which frames, and when.
        layout, colour: how frames are kept and written.
        interpolator: draws between two frames.
        upscale: enlarges one; None leaves the size alone.
        cuts, held: gaps bridged by repeating the earlier frame, because a cut lies in them or they are long.
    """

    plan: Schedule
    layout: PixelLayout
    colour: Colour
    interpolator: Interpolator
    upscale: Upscaler | None = None
    cuts: int = field(default=0, init=False)
    held: int = field(default=0, init=False)

    def frames(self, pairs: Iterator[tuple[Still, Still | None, float]]) -> Iterator[av.VideoFrame]:
        """One frame to encode for each moment.

        Args:
            pairs: each source frame with the one after it, None if there is none to draw towards, and the seconds
                between the two.
        """
        moments = iter(self.plan.moments)
        moment = next(moments, None)
        for number, (still, after, gap) in enumerate(pairs):
            blocked: bool | None = None
            while moment is not None and moment.frame == number:
                if moment.t and blocked is None:
                    blocked = self._blocked(still, after, gap)
                yield self._draw(moment, still, None if blocked else after)
                moment = next(moments, None)

    def _blocked(self, still: Still, after: Still | None, gap: float) -> bool:
        if after is None:
            return True
        if gap > LONGEST_GAP:
            self.held += 1
            return True
        cut = is_cut(still.array, after.array)
        self.cuts += cut
        return cut

    def _draw(self, moment: Moment, still: Still, after: Still | None) -> av.VideoFrame:
        if not moment.t or after is None:
            return still.written()
        t = float(moment.t)
        if self.upscale is None:
            drawn = self.interpolator.between(still.array, after.array, t)
        elif isinstance(self.interpolator, FlowInterpolator):
            drawn = self.interpolator.motion(still.array, after.array).draw(still.large, after.large, t)
        else:
            drawn = enlarge(self.interpolator.between(still.array, after.array, t), self.upscale)
        return from_array(drawn, self.layout, self.colour)
