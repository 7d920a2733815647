"""One face in a picture, and which way it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Face", "view_of", "yaw_of"]

_HALF, _SIDE = 19.0, 57.0  # degrees: midway between the views 0, 38 and 76


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found.

    Attributes:
        box: left, top, right, bottom in pixels of the picture.
        landmarks: five points in pixels: the eye on the picture's left, the other, nose, both corners of the mouth.
        confidence: of the detector, 0 to 1.
        embedding: 512 numbers of length one, or () where the recogniser gave nothing that can be compared.
        yaw: degrees that the head is turned, positive to the picture's right; told from the landmarks.
        view: "front", "half_left", "half_right", "side_left" or "side_right".
        size: pixels of the shorter side of the box.
    """

    box: tuple[float, float, float, float]
    landmarks: tuple[tuple[float, float], ...]
    confidence: float
    embedding: tuple[float, ...]
    yaw: float
    view: str
    size: float


def yaw_of(landmarks: NDArray[np.floating], reach: float) -> float:
    """How far a head is turned, in degrees from -90 to 90.

    The nose stands before the plane of eyes and mouth: turning moves it sideways by the sine and narrows the plane by
    the cosine. Sideways means square to the line from mouth to eyes, which a turn leaves as it is.

    Args:
        landmarks: 5x2, as in `Face`.
        reach: how far the tip of the nose stands out, in shares of the mean width of eyes and mouth.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    up = eyes - mouth
    length = float(np.linalg.norm(up))
    if not length > 0:
        return 0.0
    across = np.array([-up[1], up[0]]) / length  # to the right in an upright face: y grows downwards
    places = landmarks @ across
    width = float(places[1] - places[0] + places[4] - places[3]) / 2
    aside = float(places[2] - (eyes + mouth) @ across / 2)
    return float(np.clip(math.degrees(math.atan2(aside / reach, width)), -90, 90))


def view_of(yaw: float) -> str:
    """The view that a turn is nearest to."""
    if abs(yaw) < _HALF:
        return "front"
    return f"{'half' if abs(yaw) < _SIDE else 'side'}_{'right' if yaw > 0 else 'left'}"
