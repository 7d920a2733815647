"""Frames drawn between two others look like what was really there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from enhance.flow import FlowInterpolator, Motion
from tests.enhance._clips import fast_pan, limbs, occlusion, pan, psnr, rotate

SIZE = (320, 180)

LEAST = {pan: 45, rotate: 40, fast_pan: 36, occlusion: 34, limbs: 24}
"""dB of a dropped frame that is drawn again; mixing the two frames gives 18 to 30."""


def mixed(a, b):
    return ((a.astype(np.uint16) + b) // 2).astype(np.uint8)


@pytest.mark.parametrize("make", LEAST)
def test_a_dropped_frame_is_drawn_again(make):
    frames = make(5, SIZE)
    flow = FlowInterpolator()
    for i in (0, 2):
        likeness = psnr(flow.between(frames[i], frames[i + 2], 0.5), frames[i + 1])
        assert likeness > LEAST[make]
        assert likeness > psnr(mixed(frames[i], frames[i + 2]), frames[i + 1]) + 2


def test_every_moment_between_is_as_good():
    frames = pan(5, SIZE, 4.0)
    flow = FlowInterpolator()
    for i in (1, 2, 3):
        assert psnr(flow.between(frames[0], frames[4], i / 4), frames[i]) > 38


def test_the_ends_are_the_frames_themselves():
    a, b = occlusion(2, SIZE)
    flow = FlowInterpolator()
    assert psnr(flow.between(a, b, 0.0), a) > 50
    assert psnr(flow.between(a, b, 1.0), b) > 50


def test_what_stands_still_stays_untouched():
    frame = pan(1, SIZE)[0]
    assert np.abs(FlowInterpolator().between(frame, frame.copy(), 0.4).astype(int) - frame).max() <= 1


def test_nothing_outside_the_picture_is_smeared_in():
    """What enters at an edge is taken from the frame that shows it."""
    frames = fast_pan(3, SIZE)
    drawn = FlowInterpolator().between(frames[0], frames[2], 0.5)
    for edge in (np.s_[:, :12], np.s_[:, -12:]):
        assert psnr(drawn[edge], frames[1][edge]) > 28


def test_sixteen_bits_are_kept():
    a, b = pan(2, SIZE)
    deep = FlowInterpolator().between(a.astype(np.uint16) * 257, b.astype(np.uint16) * 257, 0.5)
    plain = FlowInterpolator().between(a, b, 0.5)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - plain).max() <= 2
    assert len(np.unique(deep)) > 256


def test_alpha_moves_along():
    disc = np.zeros((2, 96, 128, 4), np.uint8)
    texture = np.random.default_rng(0).integers(60, 255, (40, 40, 3), dtype=np.uint8)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    for frame, x in zip(disc, (20, 32), strict=True):
        frame[30:70, x : x + 40, :3], frame[30:70, x : x + 40, 3] = texture, 255
    alpha = FlowInterpolator().between(*disc, 0.5)[..., 3]
    assert alpha[50, 46] == 255
    assert alpha[50, 10] == alpha[50, 100] == 0


def test_motion_found_small_is_drawn_large():
    large = pan(3, (640, 360), 6.0)
    small = [cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in large]
    drawn = Motion(small[0], small[2]).draw(large[0], large[2], 0.5)
    assert drawn.shape == large[0].shape
    assert psnr(drawn, large[1]) > 38


@pytest.mark.parametrize("shape", ((1, 1), (2, 3), (20, 300), (300, 20), (47, 49), (181, 321)))
def test_any_size_works(shape):
    a, b = (np.ascontiguousarray(frame[: shape[0], : shape[1]]) for frame in pan(2, (400, 320)))
    assert FlowInterpolator().between(a, b, 0.5).shape == (*shape, 3)
