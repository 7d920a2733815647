"""Pixels keep their colours, depth, size and alpha on the way through."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from enhance.clips import probe_clip
from tests.enhance._clips import (
    decoded,
    enhanced,
    packets_of,
    pan,
    psnr,
    write_clip,
)

SIZE = (96, 64)
LOSSLESS = {"crf": 0, "preset": "ultrafast"}

BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0))


def bars() -> np.ndarray:
    picture = np.zeros((96, 256, 3), np.uint8)
    for i, colour in enumerate(BARS):
        picture[:, i * 32 : i * 32 + 32] = colour
    return picture


@pytest.mark.parametrize(
    "coded",
    (
        {"matrix": 1},
        {"matrix": 6},
        {"matrix": None},
        {"matrix": 1, "pixel_format": "yuv444p"},
        {"matrix": 9, "pixel_format": "yuv420p10le", "color_trc": 14},
    ),
    ids=("BT.709", "BT.601", "untagged", "4:4:4", "BT.2020"),
)
def test_colour_bars_keep_their_colours_when_read_by_their_tags(tmp_path, coded):
    clip = write_clip(tmp_path / "clip.mp4", [bars()] * 3, **coded)
    made = enhanced(clip, tmp_path / "out", crf=10)
    facts = probe_clip(made.clip)
    assert facts.colour == probe_clip(clip).colour
    swscale = {1: 1, 6: 5, 9: 9}[facts.colour.matrix]
    for frame in read_by_tags(made.clip, swscale):
        for i, colour in enumerate(BARS):
            assert np.abs(frame[20:76, i * 32 + 12 : i * 32 + 20].astype(int) - colour).max() <= 2


def read_by_tags(path: Path, matrix: int) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [
            frame.reformat(
                format="rgb24", src_colorspace=matrix, src_color_range=frame.color_range, dst_color_range=2
            ).to_ndarray()
            for frame in file.decode(video=0)
        ]


def test_full_range_and_422_stay(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, SIZE), pixel_format="yuv422p", color_range=2)
    facts = probe_clip(enhanced(clip, tmp_path / "out").clip)
    assert (facts.pixel_format, facts.colour.range) == ("yuvj422p", 2)


def test_ten_bits_and_high_dynamic_range_stay(tmp_path):
    deep = [frame.astype(np.uint16) * 257 for frame in pan(4, SIZE)]
    clip = write_clip(tmp_path / "clip.mp4", deep, matrix=9, pixel_format="yuv420p10le", color_trc=16)
    made = enhanced(clip, tmp_path / "out", crf=4)
    facts = probe_clip(made.clip)
    assert (facts.depth, facts.colour.transfer, facts.colour.primaries) == (10, 16, 9)
    luma = decoded(made.clip, "gray10le")[1]
    assert len(np.unique(luma)) > 256


@pytest.mark.parametrize("size", ((97, 64), (96, 65), (33, 17), (2, 2), (1, 1)))
def test_odd_sizes_keep_their_size(tmp_path, size):
    clip = write_clip(tmp_path / "clip.webm", pan(4, size), codec="libvpx-vp9", options={"cpu-used": "8"})
    made = enhanced(clip, tmp_path / "out")
    assert (made.facts["width"], made.facts["height"]) == size
    assert made.facts["frames"] == 8


def test_grey_clips_stay_grey(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, SIZE), pixel_format="gray")
    for frame in decoded(enhanced(clip, tmp_path / "out").clip):
        assert np.ptp(frame, axis=2).max() <= 2


def see_through() -> list[np.ndarray]:
    cover = np.zeros(SIZE[::-1], np.uint8)
    cover[16:48, 20:70] = 255
    return [np.dstack((frame, cover)) for frame in pan(3, SIZE)]


ALPHA = {
    "ProRes": lambda path: write_clip(
        path / "a.mov", see_through(), codec="prores_ks", pixel_format="yuva444p10le", options={"profile": "4444"}
    ),
    "VP9": lambda path: write_clip(
        path / "b.webm", see_through(), codec="libvpx-vp9", pixel_format="yuva420p", options={"auto-alt-ref": "0"}
    ),
    "PNG": lambda path: write_clip(path / "c.mov", see_through(), codec="png", pixel_format="rgba"),
}


@pytest.mark.parametrize("kind", ALPHA)
def test_alpha_is_kept(tmp_path, kind):
    made = enhanced(ALPHA[kind](tmp_path), tmp_path / "out")
    assert probe_clip(made.clip).alpha
    assert any("ProRes" in note for note in made.notes)
    for frame in decoded(made.clip, "rgba"):
        assert frame[30, 40, 3] > 250
        assert frame[5, 5, 3] < 5


def test_enlarging_and_smoothing_go_together(tmp_path):
    """Every frame is twice as large, new ones look like the others, and pieces change nothing."""
    clip = write_clip(tmp_path / "clip.mp4", pan(5, (48, 32), 2.0), sounds=1)
    whole = enhanced(clip, tmp_path / "whole", scale=2, seconds=9, **LOSSLESS)
    pieces = enhanced(clip, tmp_path / "pieces", scale=2, seconds=0.07, **LOSSLESS)
    assert (whole.facts["width"], whole.facts["height"], whole.facts["frames"]) == (96, 64, 10)
    frames = decoded(whole.clip)
    assert all(np.array_equal(a, b) for a, b in zip(frames, decoded(pieces.clip), strict=True))
    small = decoded(clip)
    assert all(psnr(cv2.resize(frames[2 * i], (48, 32), interpolation=cv2.INTER_AREA), small[i]) > 24 for i in range(5))
    assert packets_of(whole.clip, "audio") == packets_of(clip, "audio")


def test_a_change_of_size_on_the_way_is_evened_out(tmp_path):
    first = write_clip(tmp_path / "1.ts", pan(10, SIZE))
    second = write_clip(tmp_path / "2.ts", pan(10, (128, 96)), pts=range(10, 20))
    clip = tmp_path / "clip.ts"
    clip.write_bytes(first.read_bytes() + second.read_bytes())
    made = enhanced(clip, tmp_path / "out")
    assert {frame.shape for frame in decoded(made.clip)} == {(SIZE[1], SIZE[0], 3)}
    assert made.facts["frames"] > 20


def test_interlaced_clips_are_made_whole_and_it_is_said(tmp_path):
    """Fields of two moments in one frame show as combs; none are left."""
    fields = pan(12, (160, 96), 5.0)
    woven = [a.copy() for a in fields[::2]]
    for frame, later in zip(woven, fields[1::2], strict=True):
        frame[1::2] = later[1::2]
    clip = write_clip(tmp_path / "clip.mp4", woven, options={"x264-params": "tff=1", "crf": "4"})
    made = enhanced(clip, tmp_path / "out")
    assert any("interlaced" in note for note in made.notes)
    assert made.facts["frames"] == 12
    assert not probe_clip(made.clip).interlaced

    def combs(frame: np.ndarray) -> float:
        grey = frame.astype(float).mean(axis=2)
        return float(np.abs(grey[1:-1:2] - (grey[:-2:2] + grey[2::2]) / 2).mean())

    assert max(combs(frame) for frame in decoded(made.clip)) < combs(woven[0]) * 0.6
