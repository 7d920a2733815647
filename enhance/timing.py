"""When the frames of a smoother clip are shown: exact times, in whole ticks of a clock fine enough for all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, gcd

from blocks.errors import InputError

__all__ = ["Moment", "Schedule", "Source", "Target", "schedule"]

LARGEST_CLOCK = 2**31 - 1
"""Ticks a second that an MP4 file can count."""


MOST_FRAMES = 100_000
"""New frames of one stretch above which it is refused: a wrong duration in a file would fill the disk."""


@dataclass(frozen=True, slots=True)
class Target:
    """How smooth the result shall be: so many frames for each one, or so many a second; never both."""

    factor: Fraction | None = None
    fps: Fraction | None = None

    @classmethod
    def read(cls, fps: str = "", factor: str = "") -> Target:
        """From what a person wrote: "120", "59.94", "60000/1001", "2", "5/2"; a given fps wins over the factor.

        Raises:
            InputError: not a number, not above zero, or beyond 1,000 frames a second or 64 for each one.
        """
        if fps.strip():
            return cls(fps=_ratio(fps, "frames a second", Fraction(1000)))
        return cls(factor=_ratio(factor or "1", "frames for each one", Fraction(64)))

    def reached(self, rate: Fraction | None) -> Fraction | None:
        """Frames a second of the result of a clip of that rate; None if they vary."""
        if self.fps is not None:
            return self.fps
        return self.factor * rate if self.factor is not None and rate is not None else None


@dataclass(frozen=True, slots=True)
class Source:
    """Times of a stretch of frames in a clip.

    Attributes:
        first: number of the first frame in the clip, from 0.
        pts: when each frame of the stretch is shown, in ticks.
        end: when the last of them goes: the time of the frame after it, or the clip's end.
        origin: when the clip's frame 0 is shown.
        time_base: seconds a tick.
        rate: frames a second of the whole clip, None if it varies.
    """

    first: int
    pts: Sequence[int]
    end: int
    origin: int
    time_base: Fraction
    rate: Fraction | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the result.

    Attributes:
        pts: when it is shown, in ticks of the schedule.
        frame: the source frame shown then or last before, counted within the stretch.
        t: how far on the way to the next source frame, 0 up to but not 1.
    """

    pts: int
    frame: int
    t: Fraction


@dataclass(frozen=True, slots=True)
class Schedule:
    """The frames of the result for one stretch, in order, and when the last one goes."""

    time_base: Fraction
    moments: tuple[Moment, ...]
    end: int

    def lengths(self) -> list[int]:
        """How long each frame stays, in ticks."""
        times = [*(moment.pts for moment in self.moments), self.end]
        return [after - before for before, after in pairwise(times)]


def schedule(source: Source, target: Target) -> Schedule:
    """Exact times of the result's frames.

    A whole factor divides each gap between two frames evenly, whether the gaps are equal or not, so that N frames
    become k times N in the same time. Any other target lays an even grid over the clip from its first frame on; in a
    clip of constant rate positions are counted in frames, so that rounded timestamps move nothing.
    """
    factor = target.factor
    if factor is None and target.fps is not None and source.rate is not None:
        factor = target.fps / source.rate
    if factor is not None and factor.denominator == 1:
        return _divided(source, factor.numerator)
    fps = target.reached(source.rate)
    if fps is None:
        raise InputError(
            f"A clip of varying rate cannot have {factor} times its frames; give a whole factor or frames a second."
        )
    return _even(source, fps)


def _divided(source: Source, factor: int) -> Schedule:
    base, ticks, _ = _finer(source.time_base, source.time_base / factor)
    edges = [*source.pts, source.end]
    moments = tuple(
        Moment(_tick(ticks * (edges[i] + Fraction(j * (edges[i + 1] - edges[i]), factor))), i, Fraction(j, factor))
        for i in range(len(source.pts))
        for j in range(factor)
    )
    return Schedule(base, moments, _tick(ticks * source.end))


def _even(source: Source, fps: Fraction) -> Schedule:
    base, ticks, per_frame = _finer(source.time_base, 1 / fps)
    if (source.end - source.pts[0]) * source.time_base * fps > MOST_FRAMES:
        raise InputError(
            f"{len(source.pts)} frames would become more than {MOST_FRAMES:,}: a duration in the file is wrong, or the "
            "frame rate too high. Choose a lower rate or shorter segments."
        )
    start = ticks * source.origin
    places = _places_by_count(source, fps) if source.rate else _places_by_time(source, fps)
    moments = tuple(Moment(_tick(start + n * per_frame), i, t) for n, i, t in places)
    return Schedule(base, moments, _tick(ticks * source.end))


def _places_by_count(source: Source, fps: Fraction) -> list[tuple[int, int, Fraction]]:
    assert source.rate is not None
    step = source.rate / fps
    places = []
    n = ceil(source.first / step)
    while (place := n * step) < source.first + len(source.pts):
        whole = place.numerator // place.denominator
        places.append((n, whole - source.first, place - whole))
        n += 1
    return places


def _places_by_time(source: Source, fps: Fraction) -> list[tuple[int, int, Fraction]]:
    step = 1 / (fps * source.time_base)
    edges = [*source.pts, source.end]
    places = []
    n = ceil((source.pts[0] - source.origin) / step)
    while (time := source.origin + n * step) < source.end:
        i = bisect_right(source.pts, time) - 1
        places.append((n, i, (time - edges[i]) / (edges[i + 1] - edges[i])))
        n += 1
    return places


def _finer(old: Fraction, step: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """A time base that counts both in whole ticks, and how many ticks each is.

    Where no 31-bit clock can, the finest that can count the old one is taken and times are rounded to it: an error
    far below a microsecond.
    """
    common = Fraction(gcd(old.numerator * step.denominator, step.numerator * old.denominator), 1) / (
        old.denominator * step.denominator
    )
    clock = common.denominator
    if clock > LARGEST_CLOCK:
        clock = old.denominator * max(1, LARGEST_CLOCK // old.denominator)
        clock = min(clock, LARGEST_CLOCK)
    return Fraction(1, clock), old * clock, step * clock


def _tick(time: Fraction) -> int:
    return round(time)


def _ratio(text: str, what: str, most: Fraction) -> Fraction:
    try:
        value = Fraction(text.strip().replace(":", "/"))
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"{text!r} is not a number of {what}; write 120, 59.94 or 60000/1001.") from error
    if not Fraction(1, 100) <= value <= most:
        raise InputError(f"{text} {what} is out of range; choose from 0.01 to {most}.")
    broadcast = round(value * Fraction(1001, 1000))
    if value.denominator > 1 and abs(Fraction(broadcast * 1000, 1001) - value) < Fraction(1, 200):
        return Fraction(broadcast * 1000, 1001)  # 59.94 is short for 60000/1001
    return value.limit_denominator(1_000_000)
