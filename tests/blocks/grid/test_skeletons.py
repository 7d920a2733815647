"""Stick figures of the standard poses, and of joints that were moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from blocks.errors import InputError, UnknownName
from blocks.grid.skeletons import draw_pose, pose_points
from blocks.grid.standard import POSES


@pytest.mark.parametrize("pose", POSES)
def test_every_pose_of_the_standard_set_can_be_drawn(pose: str, tmp_path: Path) -> None:
    picture = cv2.imread(str(draw_pose(pose, width=128, height=256, scratch=tmp_path)))
    assert picture.shape == (256, 128, 3)
    assert 0.005 < (picture.max(axis=2) > 40).mean() < 0.5


def test_joints_lie_where_a_body_has_them() -> None:
    points = {point["name"]: point for point in pose_points("standing")}
    assert len(points) == 18
    assert points["nose"]["y"] < points["neck"]["y"] < points["right_hip"]["y"] < points["right_ankle"]["y"] < 1
    assert points["right_shoulder"]["x"] < points["left_shoulder"]["x"]
    assert not {p["name"]: p["seen"] for p in pose_points("standing", "back")}["nose"]


def test_a_joint_that_is_moved_is_drawn_there(tmp_path: Path) -> None:
    points = pose_points("standing")
    before = cv2.imread(str(draw_pose(points=points, width=128, height=256, scratch=tmp_path)))
    plain = cv2.imread(str(draw_pose("standing", width=128, height=256, scratch=tmp_path)))
    assert np.array_equal(before, plain)
    for point in points:
        if point["name"] == "left_wrist":
            point["x"], point["y"] = 0.95, 0.05
    after = cv2.imread(str(draw_pose(points=points, width=128, height=256, scratch=tmp_path)))
    corner = np.s_[:30, 110:]
    assert before[corner].max() == 0 and after[corner].max() > 40


def test_a_joint_that_is_left_out_is_not_drawn(tmp_path: Path) -> None:
    only = [point for point in pose_points("standing") if point["name"] in ("left_knee", "left_ankle")]
    picture = cv2.imread(str(draw_pose(points=only, width=128, height=256, scratch=tmp_path)))
    assert picture[:120].max() == 0 < picture[120:].max()


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([{"name": "tail", "x": 0.5, "y": 0.5}], "no joint 'tail'"),
        ([{"name": "nose", "x": "left", "y": 0.5}], "nose lies at"),
        ([{"name": "nose", "x": float("nan"), "y": 0.5}], "nose lies at"),
        ([{"name": "nose", "x": 0.5, "y": 0.5, "seen": False}], "No joint"),
    ],
)
def test_points_that_are_none(points: list[dict[str, Any]], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        draw_pose(points=points, scratch=tmp_path)


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="poses are bust"):
        draw_pose("flying", scratch=tmp_path)
    with pytest.raises(InputError, match="cannot be drawn"):
        draw_pose("bust", width=1, scratch=tmp_path)
