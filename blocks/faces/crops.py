"""Faces cut out upright, as recognisers were trained to see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cut"]

Pixels = NDArray[np.uint8]

_SIDE = 112
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where ArcFace's crop of 112 pixels has eyes, nose and corners of the mouth (Deng et al. 2019)."""


def cut(picture: Pixels, landmarks: NDArray[np.floating], side: int = _SIDE) -> Pixels | None:
    """The face as a side x side picture, or None where the landmarks are no face.

    The similarity that brings the landmarks nearest the template (Umeyama 1991). It gives insightface's crops at a
    tenth of its time: in the plane the best turn and scale are one complex number.

    Args:
        picture: HxWx3.
        landmarks: 5x2 in pixels.
        side: 112 or 128, or a multiple of one; at 128 the template stands in the middle, as insightface has it.
    """
    import cv2

    if not np.isfinite(landmarks).all():
        return None
    target = _template(side)
    source_mean, target_mean = landmarks.mean(axis=0), target.mean(axis=0)
    source, wanted = (landmarks - source_mean) @ [1, 1j], (target - target_mean) @ [1, 1j]
    spread = float(np.vdot(source, source).real)
    if spread < 1e-6:
        return None
    turn = complex(np.vdot(source, wanted)) / spread
    matrix = np.array([[turn.real, -turn.imag, 0.0], [turn.imag, turn.real, 0.0]])
    matrix[:, 2] = target_mean - matrix[:, :2] @ source_mean
    crop: Pixels = cv2.warpAffine(picture, matrix, (side, side))
    return crop


def _template(side: int) -> NDArray[np.floating]:
    if side % 112 == 0:
        return _TEMPLATE * (side / 112)
    return (_TEMPLATE + [8.0, 0.0]) * (side / 128)
