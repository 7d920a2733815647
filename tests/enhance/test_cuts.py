"""A cut is told from everything that only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from enhance.cuts import CUT, cut_score, is_cut
from tests.enhance._clips import fast_pan, limbs, occlusion, photo, rotate, view

SIZE = (320, 180)
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")


def middle(name, x=0.0, y=0.0, zoom=1.0):
    picture = photo(name)
    return view(picture, picture.shape[1] / 2 + x, picture.shape[0] / 2 + y, SIZE, 0, zoom)


@pytest.mark.parametrize("before", PHOTOS)
@pytest.mark.parametrize("after", PHOTOS)
def test_another_picture_is_a_cut(before, after):
    assert is_cut(middle(before), middle(after)) == (before != after)


@pytest.mark.parametrize("name", ("astronaut", "chelsea", "coffee"))
def test_a_jump_to_another_part_or_size_of_the_same_scene_is_a_cut(name):
    assert is_cut(middle(name, -80, -90), middle(name, 90, 80, 1.8))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("light", ((1.5, 50), (0.3, 170), (0.35, 0)), ids=("flash", "fade to white", "fade to black"))
def test_a_change_of_light_is_no_cut(name, light):
    after = middle(name, 3, 1).astype(np.float64) * light[0] + light[1]
    assert not is_cut(middle(name), after.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("make", (rotate, fast_pan, occlusion, limbs))
def test_movement_is_no_cut(make):
    frames = make(7, SIZE)
    assert max(cut_score(a, b) for a, b in zip(frames, frames[2:], strict=False)) < CUT - 0.1


def test_noise_is_no_cut():
    noise = np.random.default_rng(1).normal(0, 10, (2, SIZE[1], SIZE[0], 3))
    a, b = ((middle("coffee", x) + noise[i]).clip(0, 255).astype(np.uint8) for i, x in enumerate((0, 4)))
    assert not is_cut(a, b)


def test_depth_and_alpha_do_not_matter():
    a, b = middle("coffee"), middle("chelsea")
    deep = [frame.astype(np.uint16) * 257 for frame in (a, b)]
    clear = [np.dstack((frame, np.full(frame.shape[:2], 255, np.uint8))) for frame in (a, b)]
    assert is_cut(*deep) and is_cut(*clear)


@pytest.mark.parametrize("shape", ((1, 1, 3), (2, 300, 3), (40, 3, 3)))
def test_tiny_frames_are_compared_too(shape):
    assert not is_cut(np.full(shape, 90, np.uint8), np.full(shape, 92, np.uint8))
