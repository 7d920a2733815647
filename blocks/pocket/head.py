"""A head in three dimensions, as a stack of elliptic rings that turns about its upright axis.

Every feature is a curve on the surface of the rings, so the front, half and side views are one drawing. Depth z grows
towards the viewer of a front view; x, y and the unit are the canvas's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from blocks.pocket.canvas import Floats
from blocks.pocket.identity import Identity

__all__ = ["Head"]

# Reach of the profile to the front and to the back at these heights.
_HEIGHT = (-0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 0.93, 1.0)
_FRONT = (0.86, 0.84, 0.83, 0.82, 0.81, 0.79, 0.74, 0.60)
_BACK = (0.93, 0.88, 0.74, 0.48, 0.16, -0.14, -0.34, -0.42)
_NECK = 0.95  # about here the head tilts
_ROWS = 512  # the rings are worked out once for a face shape, this many above and below the middle


@dataclass(frozen=True)
class Head:
    """One person's head, posed.

    Attributes:
        yaw: degrees; positive turns the nose to the right of the picture.
        roll: degrees; positive tilts the head to the right of the picture.
        nod: degrees; positive looks down.
        at: where the middle of the head is, in units.
        size: 1 for an upright head at the canvas's scale.
    """

    who: Identity
    yaw: float = 0.0
    roll: float = 0.0
    nod: float = 0.0
    at: tuple[float, float] = (0.0, 0.0)
    size: float = 1.0

    @cached_property
    def _sin(self) -> float:
        return math.sin(math.radians(self.yaw))

    @cached_property
    def _cos(self) -> float:
        return math.cos(math.radians(self.yaw))

    def rings(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Half width, depth of the middle and half depth of the rings at heights ``y`` (-1 skull to 1 chin)."""
        place = np.clip(np.asarray(y) * _ROWS + (_ROWS + 0.5), 0, 2 * _ROWS).astype(np.intp)
        width, middle, depth = self._table
        return width[place], middle[place], depth[place]

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats]:
        return _ring_table(self.who.face_width, self.who.jaw, self.who.chin)

    def surface(self, x: Floats, y: Floats, lift: float = 0.0) -> Floats:
        """Nx3 points of the front of the head at the given x and y, raised by ``lift``."""
        width, middle, depth = self.rings(y)
        share = np.minimum(np.abs(x) / np.maximum(width, 0.05), 0.995)
        # Faces are flatter in front than an ellipse.
        z = middle + depth * (1 - share**2.3) ** (1 / 2.3)
        return _points(x, y, z + lift)

    def around(self, angle: Floats, y: Floats, grow: float = 0.0, rise: float = 0.0) -> Floats:
        """Nx3 points at ``angle`` radians about the axis (0 is the front, positive the right) and height ``y``."""
        width, middle, depth = self.rings(y)
        return _points((width + grow) * np.sin(angle), y - rise, middle + (depth + grow) * np.cos(angle))

    def project(self, points: Floats) -> Floats:
        """Nx3 points of the head to Nx2 units of the canvas."""
        x, y, z = points[..., 0], points[..., 1], points[..., 2]
        nod, roll = math.radians(self.nod), math.radians(self.roll)
        flat = x * self._cos + z * self._sin
        tall = y - _NECK
        if nod:
            tall = y * math.cos(nod) + (z * self._cos - x * self._sin) * math.sin(nod) - _NECK
        placed: Floats = np.empty((*np.shape(x), 2))
        placed[..., 0] = (flat * math.cos(roll) - tall * math.sin(roll)) * self.size + self.at[0]
        placed[..., 1] = (flat * math.sin(roll) + tall * math.cos(roll) + _NECK) * self.size + self.at[1]
        return placed

    def paint(self, x: Floats, y: Floats, lift: float = 0.0) -> Floats:
        """Points on the face, straight to the canvas."""
        return self.project(self.surface(x, y, lift))

    def facing(self, x: float, y: float) -> float:
        """Cosine between the surface there and the viewer: 1 towards, 0 edge on, negative turned away."""
        width, _, depth = (float(v) for v in self.rings(np.array(y)))
        across = min(max(x / max(width, 0.05), -1.0), 1.0)
        normal_x, normal_z = across / max(width, 0.05), math.sqrt(1 - across**2) / max(depth, 0.05)
        length = math.hypot(normal_x, normal_z)
        return (normal_z * self._cos - normal_x * self._sin) / length

    def visible(self, count: int = 40) -> Floats:
        """Angles about the axis, from the left edge of what the viewer sees to the right edge."""
        middle = -math.radians(self.yaw)
        return np.linspace(middle - math.pi / 2, middle + math.pi / 2, count)

    def edge(self, y: Floats, side: int, grow: float = 0.0, rise: float = 0.0) -> Floats:
        """The silhouette at heights ``y``: side -1 left, 1 right, in units of the canvas."""
        width, middle, depth = self.rings(y)
        width, depth = width + grow, depth + grow
        x = middle * self._sin + side * np.sqrt((width * self._cos) ** 2 + (depth * self._sin) ** 2)
        # Already turned: hand it to the projection as a point whose x is where it must end up.
        return self.project(_points(x * self._cos, y - rise, x * self._sin))

    def outline(self, grow: float = 0.0, top: float = -1.0, bottom: float = 1.0) -> Floats:
        """The silhouette as one polygon, up the left side and down the right."""
        share = np.linspace(0, math.pi, 34)
        y = (top + bottom) / 2 - np.cos(share) * (bottom - top) / 2
        return np.concatenate([self.edge(y[::-1], -1, grow), self.edge(y, 1, grow)])


def _points(x: Floats, y: Floats, z: Floats) -> Floats:
    shape = np.broadcast_shapes(np.shape(x), np.shape(y), np.shape(z))
    points: Floats = np.empty((*shape, 3))
    points[..., 0], points[..., 1], points[..., 2] = x, y, z
    return points


@lru_cache(maxsize=64)
def _ring_table(face_width: float, squareness: float, chin_width: float) -> tuple[Floats, Floats, Floats]:
    y = np.linspace(-1.0, 1.0, 2 * _ROWS + 1)
    dome = np.clip(1 - np.abs(y) ** 2.35, 0, 1) ** (1 / 2.35)
    below = np.clip(y, 0, 1)
    jaw = np.clip(1 - below ** (0.7 + 0.75 * squareness), 0, 1) ** (1 / (0.55 + 0.6 * squareness))
    chin = chin_width * np.clip(1 - below**9, 0, 1) ** 0.5
    width = face_width * np.where(y < 0, dome, np.maximum(jaw, chin))
    front = np.where(y < -0.2, 0.88 * dome, np.interp(y, _HEIGHT, _FRONT))
    back = np.where(y < -0.2, 0.96 * dome, np.interp(y, _HEIGHT, _BACK))
    return width, (front - back) / 2, (front + back) / 2
