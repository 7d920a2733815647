"""A clip in pieces: planned, then each enhanced on its own, so that work can be resumed, shared and kept small.

A piece is enhanced in one pass: its frames are decoded, made larger, new ones are drawn between them, and all are
encoded, with two frames in memory at a time. The frame after the piece is read along, so that the gap between two
pieces is filled as any other and the result does not depend on where a clip was cut into pieces.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from blocks.block import block
from blocks.errors import InputError, UnreadableFile
from blocks.progress import Progress, silent
from enhance.clips import Clip, probe_clip
from enhance.colour import Colour, layout_of
from enhance.drawing import Drawing, Still, Upscaler, planned
from enhance.encoding import Encoder, SegmentFacts, SegmentWriter, saving
from enhance.interpolate import Schedule, Target, open_interpolator, schedule
from enhance.reading import decode_between
from enhance.stretch import Segment

__all__ = ["enhance_segment", "plan_segments"]

MOST_FRAMES = 100_000
"""New frames above which a segment is refused: a wrong duration in a file would fill the disk."""


def _clip_size(clip: Path, **_: Any) -> float:
    return clip.stat().st_size / 1e6


@block(version="1", units=_clip_size)
def plan_segments(
    clip: Path,
    seconds: float = 2.0,
    preview: float = 0.0,
    *,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Divide a clip into segments that can be enhanced one by one.

    Args:
        clip: a video file.
        seconds: length of a segment; the last may be shorter.
        preview: if above 0, plan only the clip's first so many seconds.

    Returns:
        One dict of plain JSON values a segment, in order; see `Segment`. The same clip gives the same plan.

    Raises:
        UnreadableFile, UnsafeFile: see `enhance.clips.probe_clip`.
        InputError: a length that is not above zero.
    """
    if not seconds > 0 or preview < 0:
        raise InputError(
            f"Segments of {seconds} s and a preview of {preview} s are not possible; give seconds above 0."
        )
    facts = probe_clip(clip, progress=progress)
    frames = facts.frames
    if preview:
        frames = max(1, bisect_left(facts.pts, facts.pts[0] + preview / float(facts.time_base)))
    starts = _starts(facts, frames, seconds)
    edges = [*starts, frames]
    return [
        _segment(facts, i, len(starts), first, last, frames)
        for i, (first, last) in enumerate(zip(edges, edges[1:], strict=False))
    ]


def _starts(facts: Clip, frames: int, seconds: float) -> list[int]:
    """Numbers of the frames that segments begin with: the first frame in each stretch of `seconds`."""
    starts = [0]
    step = Fraction(seconds).limit_denominator(1000) / facts.time_base
    reached = step
    for number in range(1, frames):
        passed = facts.pts[number] - facts.pts[0]
        if passed >= reached:
            starts.append(number)
            reached = (passed // step + 1) * step
    return starts


def _segment(facts: Clip, index: int, total: int, first: int, last: int, frames: int) -> dict[str, Any]:
    follows = facts.pts[last] if last < facts.frames else None
    colour = facts.colour
    segment = Segment(
        index=index,
        total=total,
        first=first,
        last=last,
        pts=tuple(facts.pts[first:last]),
        next_pts=follows,
        end=facts.end if follows is None else follows,
        origin=facts.pts[0],
        time_base=str(facts.time_base),
        rate=str(facts.rate or ""),
        width=facts.width,
        height=facts.height,
        pixel_format=facts.pixel_format,
        interlaced=facts.interlaced,
        alpha=facts.alpha,
        sample_aspect=str(facts.sample_aspect),
        colour=(colour.matrix, colour.range, colour.primaries, colour.transfer),
        notes=facts.notes,
    )
    plain: dict[str, Any] = json.loads(json.dumps(asdict(segment)))
    return plain


def _segment_work(segment: dict[str, Any], scale: int = 1, **_: Any) -> float:
    """Megapixels that come out for each source frame: new frames differ in cost, but by a constant factor."""
    stretch = Segment.read(segment)
    return len(stretch.pts) * stretch.width * stretch.height * scale * scale / 1e6


@block(version="1", exact="close", units=_segment_work)
def enhance_segment(
    clip: Path,
    segment: dict[str, Any],
    scale: int = 1,
    model: str = "realesr-animevideov3",
    fps: str = "",
    factor: str = "2",
    interpolator: str = "dis",
    models: str = "",
    digest: str = "",
    tile: int = 0,
    threads: int = 1,
    crf: int = 17,
    preset: str = "veryfast",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Path:
    """Make one segment larger and smoother in a single pass.

    Args:
        clip: the file that the plan was made from.
        segment: one item of the plan.
        scale: times its width and height, 1 to 4; 1 leaves the pixels alone.
        model: name of the upscaler, used where `scale` is above 1.
        fps: frames a second to reach ("120", "60000/1001"); wins over `factor`.
        factor: frames for each one ("2", "5/2"); "1" keeps the frames as they are.
        interpolator: "dis" or "rife".
        models: folder or file with the person's own weights.
        digest: SHA-256 that the upscaler's weights must have, or "".
        tile: edge of the upscaler's tiles in pixels; 0 chooses.
        threads: of each part of the work.
        crf: quality of H.264, 0 (lossless) to 51; 17 cannot be told from the original.
        preset: speed of H.264.

    Returns:
        A file for `enhance.mux.join_segments`: encoded frames and, in its metadata, when they are shown.

    Raises:
        UnreadableFile: none of the segment's frames can be decoded.
        NotAvailable: the upscaler or the weights are not here.
        InputError: a setting out of range.
    """
    stretch = Segment.read(segment)
    target = Target.read(fps, factor)
    plan = schedule(stretch.source, target)
    if len(plan.moments) > MOST_FRAMES:
        raise InputError(
            f"Segment {stretch.index + 1} of {clip.name} would become {len(plan.moments)} frames: a duration in the file "
            "is wrong, or the frame rate too high. Choose a lower rate or shorter segments."
        )
    size = stretch.width * scale, stretch.height * scale
    colour = Colour(*stretch.colour)
    layout = layout_of(stretch.pixel_format, *size, see_through=stretch.alpha)
    upscale = _upscaler(model, scale, tile, threads, models, digest)
    drawing = Drawing(plan, layout, colour, open_interpolator(interpolator, models, threads), upscale)
    stills = _Stills(clip, stretch, lambda frame: Still(frame, layout, colour, upscale), threads)
    preview = _Preview(scratch, progress, len(plan.moments))
    out = scratch / f"segment-{stretch.index:05d}.mov"
    encoder = Encoder(crf, preset, threads)
    with (
        saving(out),
        SegmentWriter(out, plan, layout, colour, size, Fraction(stretch.sample_aspect), encoder) as writer,
    ):
        for frame in drawing.frames(stills.pairs()):
            writer.write(frame)
            preview.tell(frame)
        if not plan.moments:  # the target's frames all fall into other segments; a file needs one nevertheless
            writer.write(next(stills.pairs())[0].written())
        writer.finish(_facts(stretch, target, plan, stills.missing, drawing.cuts))
    return out


def _upscaler(model: str, scale: int, tile: int, threads: int, models: str, digest: str) -> Upscaler | None:
    if scale not in (1, 2, 3, 4):
        raise InputError(f"A scale of {scale} is not possible; choose 1, 2, 3 or 4.")
    if scale == 1:
        return None
    from enhance.upscalers import load_upscaler

    folder = Path(models) if models else None
    return load_upscaler(model, scale=scale, models=folder, tile=tile, threads=threads, digest=digest)


def _facts(stretch: Segment, target: Target, plan: Schedule, missing: int, cuts: int) -> SegmentFacts:
    return SegmentFacts(
        index=stretch.index,
        total=stretch.total,
        start=plan.moments[0].pts if plan.moments else plan.end,
        end=plan.end,
        time_base=str(plan.time_base),
        frames=len(plan.moments),
        fps=str(target.reached(stretch.source.rate) or ""),
        to_end=stretch.next_pts is None or stretch.index + 1 < stretch.total,
        missing=missing,
        cuts=cuts,
        notes=stretch.notes,
    )


class _Stills:
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
            still = self._wrap(frame)
            if before is not None:
                yield before, still, float((times[number] - times[number - 1]) * tick)
            before = still
            self.missing += not right and number < len(stretch.pts)
        if before is None:
            raise UnreadableFile(
                f"No frame of segment {stretch.index + 1} of {self._clip.name} can be decoded; the file is damaged there."
            )
        if stretch.next_pts is None:
            yield before, None, 0.0


class _Preview:
    """Tells how far a segment is, and about every second shows the frame that was just made."""

    def __init__(self, scratch: Path, progress: Progress, total: int) -> None:
        self._scratch, self._progress, self._total = scratch, progress, total
        self._done, self._shown = 0, time.monotonic()

    def tell(self, frame: av.VideoFrame) -> None:
        self._done += 1
        picture = None
        if time.monotonic() - self._shown >= 1.0:
            self._shown = time.monotonic()
            picture = self._scratch / f"preview-{self._done:05d}.jpg"
            _shrunk(frame).save(picture, quality=80)
        self._progress(self._done / max(1, self._total), f"frame {self._done} of {self._total}", picture)


def _shrunk(frame: av.VideoFrame) -> Any:
    scale = min(1.0, 480 / max(frame.width, frame.height))
    size = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    return frame.to_image(width=size[0], height=size[1])
