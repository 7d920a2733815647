"""One stretch of a clip, with all that is needed to enhance it alone."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from blocks.errors import InputError
from enhance.timing import Source

__all__ = ["Segment"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a clip. Times are in ticks of `time_base`.

    Attributes:
        index, total: which of how many segments.
        first, last: numbers of its first frame and of the one after its last.
        pts: when its frames are shown.
        next_pts: when frame `last` is shown; None if the planned stretch or the clip ends here.
        end: when its last frame goes.
        late: ticks by which all these times are too late.
        origin: when the clip's first frame is shown.
        time_base, rate: seconds a tick and frames a second ("" if varying), as ratios in text.
        width, height: of a frame as stored.
        rotation, pixel_format, interlaced, alpha: see `enhance.clips.Clip`.
        sample_aspect: width of a pixel over its height, as a ratio in text.
        colour: matrix, range, primaries, transfer.
        notes: what a person should know about the clip.
    """

    index: int
    total: int
    first: int
    last: int
    pts: tuple[int, ...]
    next_pts: int | None
    end: int
    late: int
    origin: int
    time_base: str
    rate: str
    width: int
    height: int
    rotation: int
    pixel_format: str
    interlaced: bool
    alpha: bool
    sample_aspect: str
    colour: tuple[int, int, int, int]
    notes: tuple[str, ...]

    @classmethod
    def read(cls, values: dict[str, Any]) -> Segment:
        """From a dict as `plan_segments` makes it.

        Raises:
            InputError: something is missing or unknown in it.
        """
        try:
            lists = {name: tuple(values[name]) for name in ("pts", "colour", "notes")}
            return cls(**{**values, **lists})
        except (KeyError, TypeError) as error:
            raise InputError(f"This is no segment of a clip ({error}); take one from plan_segments.") from error

    @property
    def source(self) -> Source:
        rate = Fraction(self.rate) if self.rate else None
        return Source(self.first, self.pts, self.end, self.origin, Fraction(self.time_base), rate)
