"""Transparency, enlarged without rims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from enhance.upscalers import Upscaler

__all__ = ["alpha_bands", "bleed"]

Floats = NDArray[np.float32]


def bleed(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Give fully transparent pixels the colour of what is visible around them.

    Editors leave black there, and a network would draw it into the rim. Colours spread over a pyramid of halves:
    near the rim they come from close by, far away from all over.

    Args:
        colour: height x width x channels.
        alpha: height x width of the same type.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colour
    weight: Floats = (alpha / np.float32(np.iinfo(alpha.dtype).max)).astype(np.float32)
    spread = _spread((colour * weight[..., None]).astype(np.float32), weight)
    result = colour.copy()
    result[hidden] = np.rint(spread[hidden]).astype(colour.dtype)
    return result


def alpha_bands(
    alpha: NDArray[Any], upscaler: Upscaler, on_progress: Callable[[float], None] | None = None
) -> Iterator[Floats]:
    """Alpha enlarged like a grey picture, in the bands of `Upscaler.bands`, each rows x width x 1.

    Where a pixel and its neighbours are all opaque, or all clear, the result is exactly that.
    """
    three = np.broadcast_to(alpha[..., None], (*alpha.shape, 3))
    around = np.ones((3, 3), np.uint8)
    opaque = cv2.erode(alpha, around) == np.iinfo(alpha.dtype).max
    clear = cv2.dilate(alpha, around) == 0
    top, scale = 0, upscaler.scale
    for band in replace(upscaler, network=_FlatSkipped(upscaler.network)).bands(three, on_progress):
        rows = slice(top, top + len(band) // scale)
        grey = band.mean(axis=2)
        grey[_enlarged(opaque[rows], scale)] = 1.0
        grey[_enlarged(clear[rows], scale)] = 0.0
        top = rows.stop
        yield grey[..., None]


class _FlatSkipped:
    """A network that need not run where its view is all one value."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.scale: int = network.scale

    @property
    def on_step(self) -> Any:
        return self._network.on_step

    @on_step.setter
    def on_step(self, listener: Any) -> None:
        self._network.on_step = listener

    def __call__(self, view: Floats) -> Floats:
        value = view.flat[0]
        if (view == value).all():
            height, width = view.shape[:2]
            return np.full((height * self.scale, width * self.scale, 3), value, np.float32)
        return np.asarray(self._network(view), np.float32)


def _spread(colour: Floats, weight: Floats) -> Floats:
    """Weighted colours divided by their weights; where there is no weight, those of the level below."""
    known = weight > 0
    height, width = weight.shape
    result = colour / np.where(known, weight, 1.0)[..., None]
    if known.all() or (height == 1 and width == 1):
        return np.asarray(result, np.float32)
    half = (max(1, width // 2), max(1, height // 2))
    smaller = cv2.resize(colour, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    below = _spread(smaller, cv2.resize(weight, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0]))
    larger = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, -1)
    return np.where(known[..., None], result, larger).astype(np.float32)


def _enlarged(mask: NDArray[np.bool_], scale: int) -> NDArray[np.bool_]:
    return mask.repeat(scale, axis=0).repeat(scale, axis=1)
