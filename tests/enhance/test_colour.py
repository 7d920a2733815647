"""Conversions name their matrix and range, and lose nothing that can be kept."""

from __future__ import annotations

import av
import numpy as np
import pytest

from blocks.errors import UnreadableFile
from enhance.colour import Colour, colour_of, from_array, layout_of, to_array
from tests.enhance._clips import pan, psnr

CODED = [Colour(matrix, span, matrix, matrix) for matrix in (1, 6, 9) for span in (1, 2)]


@pytest.mark.parametrize("colour", CODED, ids=str)
@pytest.mark.parametrize("written", ("yuv444p", "yuv420p", "yuv444p10le"))
def test_colours_come_back_as_they_went(colour, written):
    picture = pan(1, (96, 64))[0]
    deep = written.endswith("10le")
    layout = layout_of(written, 96, 64, see_through=False)
    frame = from_array(picture.astype(np.uint16) * 257 if deep else picture, layout, colour)
    back = to_array(frame, layout, colour)
    assert psnr((back >> 8).astype(np.uint8) if deep else back, picture) > (33 if written == "yuv420p" else 45)


@pytest.mark.parametrize(
    ("source", "size", "written"),
    (
        ("yuv420p", (64, 64), "yuv420p"),
        ("yuvj420p", (64, 64), "yuv420p"),
        ("nv12", (64, 64), "yuv420p"),
        ("yuv411p", (64, 64), "yuv422p"),
        ("yuv422p10le", (64, 64), "yuv422p10le"),
        ("yuv444p12le", (64, 64), "yuv444p10le"),
        ("p010le", (64, 64), "yuv420p10le"),
        ("gray", (64, 64), "yuv420p"),
        ("bgra", (64, 64), "yuv420p"),
        ("yuv420p", (65, 64), "yuv444p"),
        ("yuv422p", (64, 65), "yuv422p"),
        ("bgra", (64, 63), "yuv444p"),
    ),
)
def test_sampling_and_depth_are_kept_where_a_player_can_follow(source, size, written):
    assert layout_of(source, *size, see_through=False).written == written


def test_codings_that_cannot_be_converted_are_refused():
    frame = av.VideoFrame.from_ndarray(np.zeros((48, 32), np.uint8), "yuv420p")
    frame.colorspace = 8  # YCgCo
    with pytest.raises(UnreadableFile, match="matrix 8"):
        colour_of(frame, av.CodecContext.create("h264", "r"))
