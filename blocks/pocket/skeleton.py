"""Where the joints of a posed body are, and the stick figure that a pose ControlNet reads.

Joints are in the body's own space: units of half a head from the middle of the head, x to the right of a front view, y
down, z towards the viewer. Names and colours are those of OpenPose's 18 points (Cao et al. 2017).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import cv2
import numpy as np

from blocks.pocket.canvas import Floats, Pixels

__all__ = ["BONES", "JOINTS", "draw_skeleton", "joints", "place"]

JOINTS = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye", "left_eye",
    "right_ear", "left_ear",
)  # fmt: skip
BONES = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255),
    (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
_TILT = 0.16  # the camera looks down a little: what is nearer lies lower

# The person's right is the picture's left in a front view.
_STANDING: dict[str, tuple[float, float, float]] = {
    "right_shoulder": (-1.02, 1.66, 0.0),
    "right_elbow": (-1.36, 2.86, -0.08),
    "right_wrist": (-1.34, 3.98, 0.18),
    "left_shoulder": (1.02, 1.66, 0.0),
    "left_elbow": (1.36, 2.86, -0.08),
    "left_wrist": (1.34, 3.98, 0.18),
    "right_hip": (-0.50, 4.02, 0.0),
    "right_knee": (-0.54, 5.66, 0.04),
    "right_ankle": (-0.58, 7.14, 0.0),
    "left_hip": (0.50, 4.02, 0.0),
    "left_knee": (0.54, 5.66, 0.04),
    "left_ankle": (0.58, 7.14, 0.0),
}
_POSES: dict[str, dict[str, tuple[float, float, float]]] = {
    "standing": {},
    "bust": {},
    "upper_body": {"left_elbow": (1.50, 2.80, -0.10), "left_wrist": (1.02, 3.66, 0.42)},
    "walking": {
        "right_knee": (-0.46, 5.46, 0.62),
        "right_ankle": (-0.46, 6.98, 1.05),
        "left_knee": (0.46, 5.62, -0.30),
        "left_ankle": (0.46, 6.78, -1.25),
        "right_elbow": (-1.34, 2.78, -0.62),
        "right_wrist": (-1.30, 3.70, -0.95),
        "left_elbow": (1.34, 2.82, 0.40),
        "left_wrist": (1.22, 3.52, 1.15),
    },
    "sitting": {
        "right_knee": (-0.70, 4.22, 1.55),
        "right_ankle": (-0.66, 5.82, 1.40),
        "left_knee": (0.70, 4.22, 1.55),
        "left_ankle": (0.66, 5.82, 1.40),
        "right_elbow": (-1.32, 2.84, 0.10),
        "right_wrist": (-0.86, 3.78, 1.00),
        "left_elbow": (1.32, 2.84, 0.10),
        "left_wrist": (0.86, 3.78, 1.00),
    },
}


def joints(pose: str) -> dict[str, Floats]:
    """Joints of neck and limbs in the body's space."""
    placed = _STANDING | _POSES[pose] | {"neck": (0.0, 1.42, 0.0)}
    return {name: np.array(at) for name, at in placed.items()}


def place(points: Mapping[str, Floats], yaw: float) -> dict[str, Floats]:
    """Turn joints by ``yaw`` degrees: each becomes x and y on the canvas and a depth towards the viewer."""
    sine, cosine = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    turned = {}
    for name, (x, y, z) in points.items():
        deep = z * cosine - x * sine
        turned[name] = np.array([x * cosine + z * sine, y + _TILT * deep, deep])
    return turned


def draw_skeleton(points: Floats, seen: np.ndarray[tuple[int], np.dtype[np.bool_]], width: int, height: int) -> Pixels:
    """The stick figure on black. ``points`` is 18x2 in pixels, ``seen`` says which of them to draw."""
    picture = np.zeros((height, width, 3), np.uint8)
    thick = max(1, round(height / 90))
    for (start, end), colour in zip(BONES, _COLOURS, strict=False):
        if not (seen[start] and seen[end]):
            continue
        middle = (points[start] + points[end]) / 2
        along = points[end] - points[start]
        axes = (round(float(np.linalg.norm(along)) / 2), thick)
        angle = math.degrees(math.atan2(along[1], along[0]))
        centre = (round(float(middle[0])), round(float(middle[1])))
        cv2.ellipse(picture, centre, axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
    picture = (picture * 0.6).astype(np.uint8)
    for point, colour, drawn in zip(points, _COLOURS, seen, strict=True):
        if drawn:
            centre = (round(float(point[0])), round(float(point[1])))
            cv2.circle(picture, centre, thick, colour, -1, cv2.LINE_AA)
    return picture
