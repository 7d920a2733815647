"""Paint: shapes in head units on an oversampled picture, and a map of which curved surface lies where.

A unit is half a head. x grows to the right, y down, and the origin is the middle of the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Canvas", "Floats", "Pixels", "RGB", "Surface", "darker", "lighter", "mix"]

Floats = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]
RGB = tuple[float, float, float]

_FINE = 4  # bits after the point in cv2's coordinates


@dataclass(frozen=True)
class Surface:
    """A curved thing that light falls on: an ellipsoid around a centre, in pixels of the finished picture.

    A flat radius (very large) makes it a tube.
    """

    x: float
    y: float
    rx: float
    ry: float


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """From ``one`` (share 0) to ``other`` (share 1)."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def darker(colour: RGB, by: float = 0.2) -> RGB:
    """Towards a warm near-black; shadows painted with pure black look dirty."""
    return mix(colour, (40, 14, 36), by)


def lighter(colour: RGB, by: float = 0.2) -> RGB:
    return mix(colour, (255, 250, 240), by)


class Canvas:
    """A picture being painted.

    Args:
        backdrop: HxWx3 8-bit picture behind everything.
        scale: pixels of the finished picture in one unit.
        origin: where the middle of the head is, in pixels of the finished picture.
        oversample: how much larger the painting is than the picture.
    """

    def __init__(self, backdrop: Pixels, scale: float, origin: tuple[float, float], oversample: int = 2) -> None:
        self.height, self.width = backdrop.shape[:2]
        self.move(scale, origin)
        self.oversample = oversample
        size = (self.width * oversample, self.height * oversample)
        self.paint: Pixels = cv2.resize(backdrop, size, interpolation=cv2.INTER_LINEAR)
        self.which: Pixels = np.zeros((self.height, self.width), np.uint8)
        self.surfaces: list[Surface] = []
        self.glow = np.zeros((self.height, self.width), np.uint8)

    def move(self, scale: float, origin: tuple[float, float]) -> None:
        """Paint from now on around another middle and at another scale, as for a second person."""
        self.scale = scale
        self.origin = np.array(origin, dtype=np.float64)

    def pixels(self, points: Floats) -> Floats:
        """Units to pixels of the finished picture, Nx2."""
        return np.asarray(points, dtype=np.float64) * self.scale + self.origin

    def surface(self, centre: tuple[float, float], rx: float, ry: float) -> int:
        """Announce a surface (in units) and get its number, to be given to ``fill``."""
        x, y = self.pixels(np.array([centre]))[0]
        self.surfaces.append(Surface(float(x), float(y), rx * self.scale, ry * self.scale))
        return len(self.surfaces)

    def fill(self, points: Floats, colour: RGB, alpha: float = 1.0, surface: int = 0) -> None:
        """Fill a polygon of units. With ``surface`` the light treats it as part of that surface."""
        if len(points) < 3:
            return
        fine = self._fine(points)
        if surface:
            cv2.fillPoly(self.which, [fine // self.oversample], surface, shift=_FINE)
        if alpha >= 1.0:
            cv2.fillPoly(self.paint, [fine], colour, lineType=cv2.LINE_AA, shift=_FINE)
            return
        window = self._window(fine, 1)
        if window is not None:
            patch = self.paint[window]
            top = patch.copy()
            offset = (-(window[1].start << _FINE), -(window[0].start << _FINE))
            cv2.fillPoly(top, [fine + np.array(offset, np.int32)], colour, lineType=cv2.LINE_AA, shift=_FINE)
            cv2.addWeighted(top, alpha, patch, 1 - alpha, 0, dst=patch)

    def line(self, points: Floats, width: float, colour: RGB, alpha: float = 1.0, closed: bool = False) -> None:
        """A line of even width (units) with round ends."""
        fine = self._fine(points)
        thick = max(1, round(width * self.scale * self.oversample))
        if alpha >= 1.0:
            cv2.polylines(self.paint, [fine], closed, colour, thick, cv2.LINE_AA, _FINE)
            return
        window = self._window(fine, thick)
        if window is not None:
            patch = self.paint[window]
            top = patch.copy()
            offset = (-(window[1].start << _FINE), -(window[0].start << _FINE))
            cv2.polylines(top, [fine + np.array(offset, np.int32)], closed, colour, thick, cv2.LINE_AA, _FINE)
            cv2.addWeighted(top, alpha, patch, 1 - alpha, 0, dst=patch)

    def stroke(self, points: Floats, width: float, colour: RGB, alpha: float = 1.0) -> None:
        """A brush stroke: thick in the middle, thin at both ends."""
        points = np.asarray(points, dtype=np.float64)
        along = np.gradient(points, axis=0)
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
        half = width / 2 * np.sqrt(np.clip(1 - np.linspace(-1, 1, len(points)) ** 2, 0.06, 1))
        side = np.stack([-along[:, 1], along[:, 0]], 1) * half[:, None]
        self.fill(np.concatenate([points + side, (points - side)[::-1]]), colour, alpha)

    def dot(self, centre: Floats, radius: float, colour: RGB, alpha: float = 1.0) -> None:
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        self.fill(np.asarray(centre) + radius * np.stack([np.cos(angle), np.sin(angle)], 1), colour, alpha)

    def lit(self, points: Floats) -> None:
        """Mark a patch (units) that the key light reaches although its surface turns away."""
        cv2.fillPoly(self.glow, [self._fine(points) // self.oversample], 255, lineType=cv2.LINE_AA, shift=_FINE)

    def picture(self) -> Pixels:
        """The painting at the picture's size, before any light."""
        small: Pixels = cv2.resize(self.paint, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return small

    def _fine(self, points: Floats) -> NDArray[np.int32]:
        pixels = self.pixels(points) * self.oversample - 0.5
        fine: NDArray[np.int32] = np.rint(np.clip(pixels, -9999, 9999) * (1 << _FINE)).astype(np.int32)
        return fine

    def _window(self, fine: NDArray[np.int32], margin: int) -> tuple[slice, slice] | None:
        low = (fine.min(0) >> _FINE) - margin - 2
        high = (fine.max(0) >> _FINE) + margin + 3
        left, top = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(self.paint.shape[1], int(high[0])), min(self.paint.shape[0], int(high[1]))
        if left >= right or top >= bottom:
            return None
        return slice(top, bottom), slice(left, right)
