"""Make the bundled picture and clip again, from the free pictures that scikit-image carries.

    python workbench/samples/make.py [FOLDER]

README.md beside this file says whose pictures they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

__all__ = ["make_clip", "make_picture"]

HERE = Path(__file__).parent
FACE = (132, 0, 324, 192)
"""Left, top, right, bottom in the astronaut's picture."""

SIZE = (320, 180)
FPS = 60
SAMPLE_RATE = 48_000
CHORD = (220.0, 277.18, 329.63, 440.0)
"""Hz: A major."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A camera move over a still picture: it begins at one view and ends at another.

    Attributes:
        picture: name in skimage.data.
        start, end: left, top and width of the view, in pixels; 16:9.
        frames: how long it lasts.
    """

    picture: str
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    frames: int


SHOTS = (
    Shot("astronaut", (6, 8, 300), (176, 60, 330), 60),
    Shot("coffee", (10, 28, 560), (120, 75, 340), 48),
)


def make_picture(path: Path) -> None:
    """The astronaut's face, 192 x 192, as PNG."""
    Image.fromarray(skimage.data.astronaut()).crop(FACE).save(path, optimize=True)


def make_clip(path: Path) -> None:
    """Both shots with a hard cut between them and a soft chord, as MP4: 320 x 180, 60 fps, 1.8 s."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = _video_stream(container)
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        audio.bit_rate = 96_000
        for index, picture in enumerate(_pictures()):
            container.mux(video.encode(_frame(picture, index)))
        container.mux(video.encode())
        for sound in _sound(Fraction(sum(shot.frames for shot in SHOTS), FPS)):
            container.mux(audio.encode(sound))
        container.mux(audio.encode())


def _video_stream(container: Any) -> Any:
    stream = container.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
    stream.options = {"crf": "17", "preset": "slower"}
    context = stream.codec_context
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
    return stream


def _pictures() -> Iterator[Image.Image]:
    width, height = SIZE
    for shot in SHOTS:
        still = Image.fromarray(getattr(skimage.data, shot.picture)())
        for step in np.linspace(0, 1, shot.frames):
            eased = (1 - np.cos(np.pi * step)) / 2
            left, top, wide = (a + (b - a) * eased for a, b in zip(shot.start, shot.end, strict=True))
            box = (left, top, left + wide, top + wide * height / width)
            yield still.resize(SIZE, Image.Resampling.LANCZOS, box=box)


def _frame(picture: Image.Image, index: int) -> Any:
    frame = av.VideoFrame.from_image(picture).reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def _sound(seconds: Fraction) -> Iterator[Any]:
    """A chord that swells and fades, a little wider than one ear."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    swell = 0.08 * np.sin(np.pi * time / float(seconds)) ** 2
    ears = [sum(np.sin(2 * np.pi * pitch * time + ear * n) for n, pitch in enumerate(CHORD)) for ear in (0, 1)]
    samples = (np.stack(ears) * swell).astype(np.float32)
    for start in range(0, samples.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + 1024]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield frame


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    make_picture(folder / "astronaut.png")
    make_clip(folder / "camera-move.mp4")
