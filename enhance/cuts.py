"""Where one shot ends and the next begins: no frame may be drawn between them.

Within a shot a point that is followed from one frame to the next and back comes home; across a cut it does not.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from enhance.flow import dense_flow, inconsistency, luma

__all__ = ["CUT", "cut_score", "is_cut"]

Array = np.ndarray[Any, np.dtype[Any]]

AREA = 320 * 180
"""Pixels that frames are reduced to: 4 ms a pair."""

CUT = 0.5
"""Score from which a pair is a cut."""


def cut_score(a: Array, b: Array) -> float:
    """Share of points, 0 to 1, that do not come home from a trip to the other frame and back.

    Args:
        a, b: two frames that follow each other, HxWx3 or 4, uint8 or uint16.
    """
    before, after = _small(a), _small(b)
    preset = cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST
    there, back = dense_flow(before, after, preset), dense_flow(after, before, preset)
    return float((inconsistency(there, back) > 1.5).mean())


def is_cut(a: Array, b: Array) -> bool:
    """Whether another shot begins with `b`."""
    return cut_score(a, b) >= CUT


def _small(frame: Array) -> Array:
    grey = luma(frame)
    scale = (AREA / grey.size) ** 0.5
    if scale >= 1:
        return grey
    size = (max(16, round(grey.shape[1] * scale)), max(16, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))
