"""A clip in pieces: planned, then each enhanced on its own, so that work can be resumed, shared and kept small.

A piece is enhanced in one pass: its frames are decoded, made larger, new ones are drawn between them, and all are
encoded, with two frames in memory at a time. The frame after the piece is read along, so that the gap between two
pieces is filled as any other and the result does not depend on where a clip was cut into pieces.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from blocks.block import block
from blocks.errors import InputError
from blocks.progress import Progress, silent
from enhance.clips import Clip, probe_clip
from enhance.colour import Colour, PixelLayout, layout_of
from enhance.drawing import Drawing, Still, Upscaler
from enhance.encoding import Encoder, SegmentFacts, SegmentWriter, saving
from enhance.interpolate import open_interpolator, rife_weights
from enhance.report import Reporter
from enhance.source import SourceFrames
from enhance.stretch import Segment
from enhance.timing import Schedule, Target, schedule

__all__ = ["enhance_segment", "plan_segments"]

Array = np.ndarray[Any, np.dtype[Any]]

SHORTEST = 0.05
"""Seconds of a segment below which more is spent on starting than on work."""


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
        InputError: a length that is too short.
    """
    if not (SHORTEST <= seconds < inf and 0 <= preview < inf):
        raise InputError(
            f"Segments of {seconds} s and a preview of {preview} s are not possible; give at least {SHORTEST} s for a "
            "segment, and 0 for no preview."
        )
    facts = probe_clip(clip, progress=progress)
    frames = facts.frames
    if preview:
        frames = max(1, bisect_left(facts.pts, facts.pts[0] + Fraction(preview) / facts.time_base))
    starts = _starts(facts, frames, seconds)
    edges = [*starts, frames]
    return [_segment(facts, i, len(starts), *span) for i, span in enumerate(pairwise(edges))]


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


def _segment(facts: Clip, index: int, total: int, first: int, last: int) -> dict[str, Any]:
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
        late=facts.late,
        origin=facts.pts[0],
        time_base=str(facts.time_base),
        rate=str(facts.rate or ""),
        width=facts.width,
        height=facts.height,
        rotation=facts.rotation,
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


def _opened(
    scale: int = 1, model: str = "realesr-animevideov3", interpolator: str = "dis", models: str = ""
) -> list[Path]:
    from enhance.upscalers import upscaler_files

    found = upscaler_files(model, Path(models) if models else None) if scale > 1 else []
    return found + ([rife_weights(models)] if interpolator == "rife" else [])


@block(version="1", exact="close", units=_segment_work, models=_opened)
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
    interpolator_digest: str = "",
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
        digest, interpolator_digest: SHA-256 that the weights of the upscaler and of RIFE must have, or "".
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
    encoder = Encoder(crf, preset, threads)
    target = Target.read(fps, factor)
    plan = schedule(stretch.source, target)
    size = stretch.width * scale, stretch.height * scale
    colour = Colour(*stretch.colour)
    layout = layout_of(stretch.pixel_format, *size, see_through=stretch.alpha)
    reporter = Reporter(scratch, progress, len(plan.moments), stretch.rotation)
    upscale = _upscaler(model, scale, tile, threads, models, digest, reporter)
    drawing = Drawing(
        plan, layout, colour, open_interpolator(interpolator, models, threads, interpolator_digest), upscale
    )
    stills = SourceFrames(clip, stretch, lambda frame: Still(frame, layout, colour, upscale), threads)
    out = scratch / f"segment-{stretch.index:05d}.mov"
    with (
        saving(out),
        SegmentWriter(out, plan, layout, colour, size, Fraction(stretch.sample_aspect), encoder) as writer,
    ):
        for frame in drawing.frames(stills.pairs()):
            writer.write(frame)
            reporter.tell(frame)
        if not plan.moments:  # the target's frames all fall into other segments; a file needs one nevertheless
            writer.write(next(stills.pairs())[0].written())
        writer.finish(_facts(stretch, target, plan, stills, drawing, _notes(stretch, layout, size)))
    return out


def _upscaler(
    model: str, scale: int, tile: int, threads: int, models: str, digest: str, reporter: Reporter
) -> Upscaler | None:
    if scale not in (1, 2, 3, 4):
        raise InputError(f"A scale of {scale} is not possible; choose 1, 2, 3 or 4.")
    if scale == 1:
        return None
    from enhance.upscalers import load_upscaler

    folder = Path(models) if models else None
    upscaler = load_upscaler(model, scale=scale, models=folder, tile=tile, threads=threads, digest=digest)

    def enlarge(frame: Array) -> Array:
        """A large frame takes seconds: the reporter hears of each step, so that it can be stopped in between."""
        white = np.iinfo(frame.dtype).max
        bands = upscaler.bands(frame, lambda _share: reporter.alive())
        return np.concatenate([np.rint(band * white).astype(frame.dtype) for band in bands])

    return enlarge


def _facts(
    stretch: Segment, target: Target, plan: Schedule, stills: SourceFrames, drawing: Drawing, notes: list[str]
) -> SegmentFacts:
    late = round(stretch.late * stretch.source.time_base / plan.time_base)
    return SegmentFacts(
        index=stretch.index,
        total=stretch.total,
        start=(plan.moments[0].pts if plan.moments else plan.end) - late,
        end=plan.end - late,
        time_base=str(plan.time_base),
        frames=len(plan.moments),
        fps=str(target.reached(stretch.source.rate) or ""),
        to_end=stretch.next_pts is None or stretch.index + 1 < stretch.total,
        missing=stills.missing,
        cuts=drawing.cuts,
        held=drawing.held,
        notes=(*stretch.notes, *notes),
    )


def _notes(stretch: Segment, layout: PixelLayout, size: tuple[int, int]) -> list[str]:
    """What these settings do to this clip that a person might not expect."""
    notes = []
    if stretch.interlaced:
        notes.append("The clip is interlaced; its fields were woven into whole frames (bwdif), one for each frame.")
    if layout.alpha:
        notes.append("Parts of the clip are see-through; to keep them it is written as ProRes 4444, not H.264.")
    elif size[0] % 2 or size[1] % 2:
        notes.append(
            f"{size[0]}x{size[1]} is an odd size; to keep it the clip is written with full chroma (4:4:4), which "
            "browsers play but QuickTime and many phones do not."
        )
    if stretch.colour[3] == 16:
        notes.append("The clip is HDR (PQ); its tags are kept, its mastering display and light level data are not.")
    return notes
