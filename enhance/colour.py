"""Video frames to arrays and back without moving a colour: every conversion names its matrix and range.

An RGB encode with a library's defaults is untagged BT.601, and green 255 comes back as 215. Here the tags of the
source decide both directions and go on to the result; what the source left out is filled in as players guess it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from blocks.errors import UnreadableFile

__all__ = ["Colour", "PixelLayout", "as_written", "colour_of", "from_array", "layout_of", "to_array"]

Array = np.ndarray[Any, np.dtype[Any]]

BT709, UNSPECIFIED, SMPTE170M, BT2020 = 1, 2, 6, 9  # numbers of ITU-T H.273, the same for matrix and primaries
LIMITED, FULL = 1, 2
HD_LINES = 577
"""From this height on players take an untagged picture for BT.709, below for BT.601."""

EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP

# H.273 matrix number -> the number that swscale calls it by
SWSCALE_MATRIX = {BT709: 1, 4: 4, 5: 5, SMPTE170M: 5, 7: 7, BT2020: 9}


@dataclass(frozen=True, slots=True)
class Colour:
    """How numbers in a frame mean colours, as ITU-T H.273 numbers.

    Attributes:
        matrix: YCbCr coefficients. 1 BT.709, 5 and 6 BT.601, 9 BT.2020.
        range: 1 limited (16 to 235 of 255), 2 full.
        primaries: 1 BT.709, 6 SMPTE 170M, 9 BT.2020, 2 unknown.
        transfer: 1 BT.709, 16 PQ, 18 HLG, 2 unknown.
    """

    matrix: int
    range: int
    primaries: int
    transfer: int


@dataclass(frozen=True, slots=True)
class PixelLayout:
    """How frames are kept while they are worked on and written.

    Attributes:
        source: pixel format of the decoded frames.
        written: pixel format of the encoded result.
        deep: more than 8 bits a channel, so arrays are uint16.
        alpha: a fourth channel is carried along.
    """

    source: str
    written: str
    deep: bool
    alpha: bool

    @property
    def array(self) -> str:
        """Pixel format of the arrays in between."""
        return {
            (False, False): "rgb24",
            (False, True): "rgba",
            (True, False): "rgb48le",
            (True, True): "rgba64le",
        }[self.deep, self.alpha]


def colour_of(frame: av.VideoFrame, context: Any) -> Colour:
    """Tags of a decoded frame, then of its stream, then guessed by size.

    Raises:
        UnreadableFile: the colours are coded in a way that cannot be converted (YCgCo, ICtCp, constant luminance).
    """
    rgb = frame.format.is_rgb
    matrix = BT709 if rgb else _first(frame.colorspace, context.colorspace)
    if matrix not in (*SWSCALE_MATRIX, UNSPECIFIED, 3):
        raise UnreadableFile(
            f"The clip's colours are coded with matrix {matrix} of ITU-T H.273, which cannot be converted exactly; "
            "convert it to BT.709 or BT.2020 first."
        )
    primaries = _first(frame.color_primaries, context.color_primaries)
    transfer = _first(frame.color_trc, context.color_trc)
    if matrix not in SWSCALE_MATRIX:
        hd = primaries == BT709 or (primaries != SMPTE170M and frame.height >= HD_LINES)
        matrix = BT2020 if primaries == BT2020 else BT709 if hd else SMPTE170M
    family = SMPTE170M if matrix in (5, SMPTE170M) else matrix
    if primaries == UNSPECIFIED and family in (BT709, SMPTE170M, BT2020):
        primaries = BT709 if rgb else family
    if transfer == UNSPECIFIED and family in (BT709, SMPTE170M):
        transfer = family
    full = frame.format.name.startswith("yuvj") or FULL in (frame.color_range, context.color_range)
    return Colour(matrix, FULL if full and not rgb else LIMITED, primaries, transfer)


def layout_of(pixel_format: str, width: int, height: int, see_through: bool) -> PixelLayout:
    """Choose how to keep the frames of a clip whose result is `width` x `height`.

    The result keeps chroma sampling and 8 or 10 bits. RGB becomes 4:2:0, which plays everywhere; an odd size becomes
    4:4:4, because 4:2:0 holds pairs of pixels only; alpha becomes ProRes 4444's layout.
    """
    pixel = av.VideoFormat(pixel_format)
    deep = max(component.bits for component in pixel.components) > 8
    if see_through:
        return PixelLayout(pixel_format, "yuva444p10le", deep, True)
    chroma = "420" if pixel.is_rgb or len(pixel.components) < 3 else _sampling(pixel)
    if (chroma == "420" and (width % 2 or height % 2)) or (chroma == "422" and width % 2):
        chroma = "444"
    return PixelLayout(pixel_format, f"yuv{chroma}p{'10le' if deep else ''}", deep, False)


def to_array(frame: av.VideoFrame, layout: PixelLayout, colour: Colour) -> Array:
    """The frame as HxWx3 (or 4, with alpha) of uint8, or uint16 when the source has more than 8 bits."""
    options: dict[str, Any] = {} if frame.format.is_rgb else _from(colour)
    converted = VideoReformatter().reformat(
        frame, format=layout.array, dst_color_range=FULL, interpolation=EXACT, **options
    )
    return converted.to_ndarray()


def from_array(array: Array, layout: PixelLayout, colour: Colour) -> av.VideoFrame:
    """The frame to encode, in the layout's written format, coded as `colour` says."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), layout.array)
    return VideoReformatter().reformat(
        frame,
        format=layout.written,
        src_color_range=FULL,
        dst_colorspace=SWSCALE_MATRIX[colour.matrix],
        dst_color_range=colour.range,
        interpolation=EXACT,
    )


def as_written(frame: av.VideoFrame, layout: PixelLayout, colour: Colour) -> av.VideoFrame:
    """A decoded frame for encoding, left as it is where its format already fits."""
    if frame.format.name.replace("yuvj", "yuv") == layout.written:
        return frame
    if frame.format.is_rgb or layout.alpha:
        return from_array(to_array(frame, layout, colour), layout, colour)
    options = _from(colour)
    return VideoReformatter().reformat(
        frame,
        format=layout.written,
        dst_colorspace=options["src_colorspace"],
        dst_color_range=colour.range,
        interpolation=EXACT,
        **options,
    )


def _from(colour: Colour) -> dict[str, Any]:
    return {"src_colorspace": SWSCALE_MATRIX[colour.matrix], "src_color_range": colour.range}


def _sampling(pixel: Any) -> str:
    """4:2:0, 4:2:2 or 4:4:4, whichever loses nothing of this format's chroma."""
    across, down = 64 / pixel.chroma_width(64), 64 / pixel.chroma_height(64)
    if across < 1.5:
        return "444"
    return "420" if down > 1.5 else "422"


def _first(*values: int | None) -> int:
    return next((int(value) for value in values if value not in (UNSPECIFIED, 0, None)), UNSPECIFIED)
