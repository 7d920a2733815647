"""Which way a head is turned is told from five points, whatever its tilt; crops are insightface's own."""

from __future__ import annotations

import numpy as np
import pytest

from blocks.faces.crops import cut
from blocks.faces.face import view_of, yaw_of
from blocks.faces.packs import _NOSE
from blocks.pocket.canvas import Canvas
from blocks.pocket.head import Head
from blocks.pocket.identity import identity
from blocks.pocket.look import YAW
from blocks.pocket.portrait import face_truth


def landmarks(seed: int, yaw: float, roll: float = 0.0) -> np.ndarray:
    canvas = Canvas(np.zeros((128, 128, 3), np.uint8), 36, (64, 60))
    face = face_truth(canvas, Head(identity(seed), yaw, roll, 0.0))
    assert face is not None
    return np.asarray(face.landmarks)


@pytest.mark.parametrize("view", [view for view in YAW if view != "back"])
@pytest.mark.parametrize("roll", [-25.0, 0.0, 25.0])
def test_every_view_of_most_heads_is_told(view: str, roll: float) -> None:
    told = [view_of(yaw_of(landmarks(seed, YAW[view], roll), _NOSE["pocket"])) for seed in range(40)]
    assert told.count(view) >= 34


def test_the_turn_is_right_to_a_few_degrees() -> None:
    off = [
        abs(yaw_of(landmarks(seed, yaw), _NOSE["pocket"]) - yaw)
        for seed in range(40)
        for yaw in (-76, -38, -10, 0, 10, 38, 76)
    ]
    assert np.mean(off) < 5


def test_points_on_one_spot_are_no_face() -> None:
    spot = np.full((5, 2), 7.0)
    assert yaw_of(spot, 0.5) == 0
    picture = np.zeros((64, 64, 3), np.uint8)
    assert cut(picture, spot) is None
    assert cut(picture, np.full((5, 2), np.nan)) is None


@pytest.mark.parametrize("side", [112, 128, 224])
def test_crops_are_insightfaces_own(side: int) -> None:
    from insightface.utils.face_align import norm_crop

    random = np.random.default_rng(3)
    picture = random.integers(0, 255, (160, 160, 3), dtype=np.uint8)
    points = landmarks(4, 20, 12) + 10
    ours = cut(picture, points, side)
    assert ours is not None
    assert np.abs(ours.astype(int) - norm_crop(picture, points.astype(np.float32), side)).mean() < 1
