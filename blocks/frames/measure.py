"""How sharp a frame or a face is, and how alike two frames are: cheap enough to ask of every frame of a clip."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["brightness", "face_sharpness", "frame_sharpness", "is_cut", "thumb"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]

_THUMB = (32, 18)
_CUT, _CHANGE = 0.6, 10.0
_FACE = 64
_FLOOR = 4.0  # grey levels: below it there is nothing but noise


def frame_sharpness(grey: Pixels) -> float:
    """Spread of the Laplacian (Pech-Pacheco et al. 2000), in grey levels; a dark frame has little, as it should."""
    return float(cv2.Laplacian(grey, cv2.CV_32F).std())


def face_sharpness(picture: Pixels, box: tuple[float, float, float, float]) -> float:
    """How sharp a face is, whatever its size and contrast: energy of fine structure over that of all, 0 to about 3.

    Args:
        picture: HxWx3.
        box: left, top, right, bottom in pixels.
    """
    grey = _cut_out(picture, box)
    if min(grey.shape) < 4:
        return 0.0
    small = cv2.resize(grey, (_FACE, _FACE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return float(cv2.Laplacian(small, cv2.CV_32F).std() / (small.std() + _FLOOR))


def brightness(picture: Pixels, box: tuple[float, float, float, float]) -> float:
    """Mean grey level of a face, 0 to 255."""
    grey = _cut_out(picture, box)
    return float(grey.mean()) if grey.size else 0.0


def _cut_out(picture: Pixels, box: tuple[float, float, float, float]) -> Pixels:
    """What is in the box, in grey."""
    height, width = picture.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if right <= left or bottom <= top:
        return np.zeros((0, 0), np.uint8)
    grey: Pixels = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    return grey


def thumb(grey: Pixels) -> Floats:
    """A frame as 32x18 grey levels, to see whether the next one continues it."""
    small: Floats = cv2.resize(grey, _THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small


def is_cut(before: Floats, after: Floats) -> bool:
    """Whether another shot begins: the thumbs differ by more than a change of brightness."""
    if float(np.abs(before - after).mean()) < _CHANGE:
        return False
    a, b = before - before.mean(), after - after.mean()
    spread = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return spread < 1e-6 or float((a * b).sum()) / spread < _CUT
