"""Interpolation by optical flow against FFmpeg's minterpolate in its best mode: likeness and time of new frames.

Every second frame of a clip made from a photograph is dropped and drawn again by both; the dropped frame is the truth.
Both get the same frames in the same process, turn by turn, on one thread. `python -m tests.bench.bench_interpolate`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

import av
import numpy as np

from enhance.flow import FlowInterpolator
from tests.enhance._clips import fast_pan, limbs, occlusion, pan, psnr, rotate

__all__ = ["measure"]

Array = np.ndarray[Any, np.dtype[Any]]

SIZE = (640, 360)
FRAMES = 9
ROUNDS = 3
RIVAL = "ffmpeg minterpolate (mci, aobmc, bidir, vsbmc)"
BEST = "fps=60:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none"

CLIPS: dict[str, Callable[[], list[Array]]] = {
    "pan": lambda: pan(FRAMES, SIZE, 2.7),
    "rotation": lambda: rotate(FRAMES, SIZE, 0.6),
    "fast pan": lambda: fast_pan(FRAMES, SIZE),
    "occlusion": lambda: occlusion(FRAMES, SIZE),
    "crossing limbs": lambda: limbs(FRAMES, SIZE),
}


def measure() -> list[dict[str, Any]]:
    """Likeness (PSNR, dB) for each kind of movement and CPU seconds for a new 640x360 frame."""
    rows: list[dict[str, Any]] = []
    times: tuple[list[float], list[float]] = ([], [])
    for kind, make in CLIPS.items():
        frames = make()
        for turn in range(ROUNDS):
            ours, seconds = _timed(_flow, frames[::2])
            times[0].append(seconds)
            theirs, seconds = _timed(_minterpolate, frames[::2])
            times[1].append(seconds)
            if turn == 0:
                truth = frames[1::2]
                rows.append(
                    _row(f"PSNR of a dropped frame, {kind}", _likeness(ours, truth), _likeness(theirs, truth), "dB")
                )
    rows.append(_row("CPU seconds a new 640x360 frame", median(times[0]), median(times[1]), "s"))
    return rows


def _row(name: str, ours: float, rival: float, unit: str) -> dict[str, Any]:
    return {
        "name": f"Interpolation: {name}",
        "ours": round(ours, 4),
        "rival": round(rival, 4),
        "rival_name": RIVAL,
        "ratio": round(ours / rival, 3),
        "unit": unit,
        "better": "higher" if unit == "dB" else "lower",
    }


def _timed(draw: Any, frames: list[Array]) -> tuple[list[Array], float]:
    """The drawn frames, and the CPU seconds for each gap between two frames."""
    start = time.process_time()
    drawn = draw(frames)
    return drawn, (time.process_time() - start) / (len(frames) - 1)


def _likeness(drawn: list[Array], truth: list[Array]) -> float:
    return float(np.mean([psnr(a, b) for a, b in zip(drawn, truth, strict=False)]))


def _flow(frames: list[Array]) -> list[Array]:
    flow = FlowInterpolator(threads=1)
    return [flow.between(a, b, 0.5) for a, b in pairwise(frames)]


def _minterpolate(frames: list[Array]) -> list[Array]:
    """The new frames alone. The filter works on YCbCr; 4:4:4 spares it the loss of chroma."""
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add(
        "buffer",
        f"video_size={SIZE[0]}x{SIZE[1]}:pix_fmt=yuv444p:time_base=1/30:frame_rate=30/1:colorspace=bt709:range=tv",
    )
    graph.link_nodes(source, graph.add("minterpolate", BEST), graph.add("buffersink")).configure()
    drawn = {}
    for number, picture in enumerate([*frames, None]):
        if picture is not None:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
                format="yuv444p", dst_colorspace=1, dst_color_range=1
            )
            frame.pts, frame.time_base, frame.colorspace, frame.color_range = number, Fraction(1, 30), 1, 1
            graph.vpush(frame)
        else:
            graph.vpush(None)
        while True:
            try:
                made = graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                break
            place = round(made.pts * made.time_base * 60)
            if place % 2:
                drawn[place] = made.reformat(
                    format="rgb24", src_colorspace=1, src_color_range=1, dst_color_range=2
                ).to_ndarray()
    return [drawn[place] for place in sorted(drawn)]


if __name__ == "__main__":
    for row in measure():
        print(f"{row['name']:50} {row['ours']:>9} {row['rival']:>9} {row['unit']:3} x{row['ratio']}")
