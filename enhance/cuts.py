"""Where one shot ends and the next begins: no frame may be drawn between them.

Within a shot, a point that is followed to the next frame and back comes home, and its surroundings look the same there
but for their brightness. Across a cut neither holds. A flash changes brightness only, and a pan moves what it shows.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from enhance.flow import dense_flow, follow, inconsistency, luma

__all__ = ["CUT", "cut_score", "is_cut"]

Array = np.ndarray[Any, np.dtype[Any]]

AREA = 320 * 180
"""Pixels that frames are reduced to."""

FAR = 1.5
"""Pixels of the reduced frame from which a point has not come home."""

CUT = 0.57
"""Score from which a pair is a cut."""


def cut_score(a: Array, b: Array) -> float:
    """How little `b` continues `a`, 0 to 1: mean of the share of points that do not come home and of unlikeness.

    Args:
        a, b: two frames that follow each other, HxWx3 or 4, uint8 or uint16.
    """
    before, after = _reduced(luma(a)), _reduced(luma(b))
    there, back = dense_flow(before, after), dense_flow(after, before)
    astray = [float((inconsistency(*pair) > FAR).mean()) for pair in ((there, back), (back, there))]
    return (min(astray) + 1 - _likeness(before, follow(after, there))) / 2


def is_cut(a: Array, b: Array) -> bool:
    """Whether another shot begins with `b`."""
    return cut_score(a, b) >= CUT


def _likeness(a: Array, b: Array, window: int = 9) -> float:
    """Mean over the picture of the correlation in a window, 0 to 1: blind to brightness and contrast."""
    first, second = a.astype(np.float32), b.astype(np.float32)

    def mean(values: Array) -> Array:
        return np.asarray(cv2.blur(values, (window, window)))

    mean_a, mean_b = mean(first), mean(second)
    spread_a = (mean(first * first) - mean_a * mean_a).clip(0, None)
    spread_b = (mean(second * second) - mean_b * mean_b).clip(0, None)
    common = mean(first * second) - mean_a * mean_b
    flat = 4.0  # grey levels squared: so much is noise, and two flat patches are alike
    return float(((common + flat) / (np.sqrt(spread_a * spread_b) + flat)).clip(0, 1).mean())


def _reduced(grey: Array) -> Array:
    scale = (AREA / grey.size) ** 0.5
    if scale >= 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
