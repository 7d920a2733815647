"""New frames by dense optical flow, found with OpenCV's DIS.

DIS: Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.

Flow is found both ways and each way's vectors are carried to the new frame's moment (forward splatting, as in Niklaus
and Liu, "Softmax Splatting", CVPR 2020, weighted by how well the two ways agree). There both frames are sampled. A
point that only one of them shows, because something hides it or it lies outside the other's edge, is taken from that
one alone. Where neither can be trusted the two frames are faded into each other: soft is better than torn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np

__all__ = ["FlowInterpolator", "Motion", "dense_flow", "follow", "inconsistency", "luma"]

Array = np.ndarray[Any, np.dtype[Any]]
Flow = np.ndarray[Any, np.dtype[np.float32]]

LARGEST = 1920 * 1080
"""Pixels above which flow is sought on a reduced frame: DIS takes 15 ms for 640x360 and grows with the area."""

SMALLEST = 48
"""Pixels of an edge below which DIS finds no room for its patches; smaller frames are continued at their edges."""

TRUST = 0.3
"""How fast trust falls with a pixel of disagreement between there and back: exp(-TRUST * pixels)."""

EDGE = 12
"""Pixels from the edge within which a patch of DIS may have looked beyond it."""


def luma(frame: Array) -> Array:
    """HxWx3 or HxWx4, uint8 or uint16, to HxW uint8."""
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY if frame.shape[2] == 3 else cv2.COLOR_RGBA2GRAY))


def dense_flow(a: Array, b: Array, preset: int = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM) -> Flow:
    """How far each pixel of `a` has moved in `b`: HxWx2, in pixels (x, y). Both HxW uint8."""
    height, width = a.shape
    down, right = max(0, SMALLEST - height), max(0, SMALLEST - width)
    if down or right:
        a, b = (cv2.copyMakeBorder(part, 0, down, 0, right, cv2.BORDER_REPLICATE) for part in (a, b))
    search = cv2.DISOpticalFlow.create(preset)
    search.setVariationalRefinementIterations(3)  # of 5: the same quality in four fifths of the time
    return np.ascontiguousarray(search.calc(a, b, None)[:height, :width], np.float32)


def inconsistency(there: Flow, back: Flow) -> Array:
    """Distance in pixels from where a point ends after going there and back: HxW."""
    rest = there + follow(back, there)
    return np.asarray(cv2.magnitude(rest[..., 0], rest[..., 1]))


def follow(picture: Array, flow: Flow) -> Array:
    """What each point sees where the flow leads it: the second frame drawn back onto the first."""
    return _sample(picture, _grid(flow.shape[:2]) + flow)


class Motion:
    """What moves between two frames; found once, used for every frame in between.

    Kept at half the size that flow was sought on, which is as fine as DIS looks.
    """

    def __init__(self, a: Array, b: Array) -> None:
        before, after = _reduced(luma(a)), _reduced(luma(b))
        there, back = _halved(dense_flow(before, after)), _halved(dense_flow(after, before))
        there, back = (
            _mended(there, inconsistency(there, back)),
            _mended(back, inconsistency(back, there)),
        )
        self._there, self._back = there, back
        self._lost_after = inconsistency(there, back) * _within(there)
        self._lost_before = inconsistency(back, there) * _within(back)

    def draw(self, a: Array, b: Array, t: float) -> Array:
        """The frame at `t` (0 to 1), from the two frames or from enlarged copies of them.

        Args:
            a, b: HxWx3 or 4, uint8 or uint16, of the shape that the motion was found on or a multiple of it.
        """
        size = (a.shape[1], a.shape[0])
        move = self._at(t)
        grid = _grid(move.shape[:2])
        lost_a = _sample(self._lost_before, grid + (1 - t) * move)
        lost_b = _sample(self._lost_after, grid - t * move)
        ratio = np.array([size[0] / move.shape[1], size[1] / move.shape[0]], np.float32)
        move = cv2.resize(move, size, interpolation=cv2.INTER_LINEAR) * ratio
        grid = _grid(a.shape[:2])
        place_a, place_b = grid - np.float32(t) * move, grid + np.float32(1 - t) * move
        share_a = np.float32(1 - t) * _trust(lost_a, 2 * TRUST, size) * _inside(place_a)
        share_b = np.float32(t) * _trust(lost_b, 2 * TRUST, size) * _inside(place_b)
        moved = _mixed(_sample(a, place_a, cv2.INTER_CUBIC), _sample(b, place_b, cv2.INTER_CUBIC), share_a, share_b)
        sure = _trust(cv2.GaussianBlur(np.minimum(lost_a, lost_b), (0, 0), 1.5), TRUST / 10, size)
        if sure.min() > 0.99:
            return moved
        return _mixed(moved, cv2.addWeighted(a, 1 - t, b, t, 0), sure, 1 - sure)

    def _at(self, t: float) -> Flow:
        """For each point of the frame at `t` the way that it moves from the first to the second frame."""
        from_a = _splat(self._there, np.exp(-TRUST * self._lost_after), t)
        from_b = _splat(self._back, np.exp(-TRUST * self._lost_before), 1 - t)
        way = (1 - t) * from_a[:2] - t * from_b[:2]
        weight = (1 - t) * from_a[2] + t * from_b[2]
        still = np.moveaxis((1 - t) * self._there - t * self._back, 2, 0)  # where nothing arrives
        move = np.where(weight > 5e-4, way / np.maximum(weight, 1e-9), still)
        return np.ascontiguousarray(np.moveaxis(move, 0, 2), np.float32)


class FlowInterpolator:
    """Draws in-between frames; remembers the motion of the last pair, so that several frames of one gap cost one flow.

    Args:
        threads: OpenCV's threads, a setting of the whole process; 1 leaves the machine to others.
    """

    def __init__(self, threads: int = 1) -> None:
        cv2.setNumThreads(threads)
        self._pair: tuple[Array, Array] | None = None
        self._motion: Motion | None = None

    def between(self, a: Array, b: Array, t: float) -> Array:
        """The frame at `t` of the way from `a` to `b`; HxWx3 or 4, uint8 or uint16."""
        return self.motion(a, b).draw(a, b, t)

    def motion(self, a: Array, b: Array) -> Motion:
        """The motion from `a` to `b`, which may then be drawn at a larger size."""
        if self._motion is None or self._pair is None or self._pair[0] is not a or self._pair[1] is not b:
            self._pair, self._motion = (a, b), Motion(a, b)
        return self._motion


@lru_cache(maxsize=8)
def _grid(shape: tuple[int, int]) -> Flow:
    """Where each pixel is: HxWx2 (x, y). Shared: never written to."""
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    grid = np.dstack((x, y))
    grid.setflags(write=False)
    return grid


def _sample(picture: Array, places: Flow, how: int = cv2.INTER_LINEAR) -> Array:
    return np.asarray(cv2.remap(picture, places, None, how, borderMode=cv2.BORDER_REPLICATE))


def _reduced(grey: Array) -> Array:
    scale = (LARGEST / grey.size) ** 0.5
    if scale >= 1:
        return grey
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))


def _halved(flow: Flow) -> Flow:
    height, width = flow.shape[:2]
    size = (max(1, width // 2), max(1, height // 2))
    ratio = np.array([size[0] / width, size[1] / height], np.float32)
    return np.asarray(cv2.resize(flow, size, interpolation=cv2.INTER_AREA) * ratio, np.float32)


def _margin(places: Flow) -> Array:
    """How far inside the picture each place is, in pixels; below zero outside."""
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return np.asarray(np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)))


def _inside(places: Flow) -> Array:
    """1 inside the picture, falling to nearly 0 a pixel beyond its edge."""
    return np.asarray((1 + _margin(places)).clip(0, 1) + 1e-4, np.float32)


def _within(flow: Flow) -> Array:
    """Whether the points that move so are still in the picture afterwards."""
    return _margin(_grid(flow.shape[:2]) + flow) > -0.5


def _mended(flow: Flow, lost: Array) -> Flow:
    """Where points leave the picture nothing was there to be found: continue the motion of their surroundings."""
    height, width = flow.shape[:2]
    good = (_margin(_grid((height, width)) + flow) >= EDGE / 2) | (lost < TRUST / 2)
    if good.mean() < 0.25 or min(height, width) < 16:
        return flow
    known = np.dstack((flow * good[..., None], good)).astype(np.float32)
    coarse = cv2.resize(known, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(coarse, (0, 0), 3) + 1e-4 * cv2.GaussianBlur(coarse, (0, 0), 15)
    around = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(good[..., None], flow, around[..., :2] / (around[..., 2:] + 1e-9)).astype(np.float32)


def _splat(flow: Flow, weight: Array, t: float) -> Array:
    """Carry vectors along themselves to `t`: 3xHxW, the weighted sums of x and y and the sum of weights."""
    height, width = flow.shape[:2]
    places = _grid((height, width)) + np.float32(t) * flow
    corner = np.floor(places)
    part = places - corner
    column, row = corner[..., 0].astype(np.int64), corner[..., 1].astype(np.int64)
    wide = width + 2  # a frame of one pixel around catches what leaves the picture
    cells = wide * (height + 2)
    total = np.zeros((3, cells))
    for right in (0, 1):
        for down in (0, 1):
            near = weight * np.abs(1 - right - part[..., 0]) * np.abs(1 - down - part[..., 1])
            cell = (row + down).clip(-1, height) * wide + (column + right).clip(-1, width) + wide + 1
            for sums, value in zip(total, (near * flow[..., 0], near * flow[..., 1], near), strict=True):
                sums += np.bincount(cell.ravel(), value.ravel(), cells)
    return np.asarray(total.reshape(3, height + 2, wide)[:, 1:-1, 1:-1], np.float32)


def _trust(lost: Array, fall: float, size: tuple[int, int]) -> Array:
    """1 where there and back agree, falling with every pixel that they do not."""
    return np.asarray(cv2.resize(np.exp(-fall * lost), size, interpolation=cv2.INTER_LINEAR), np.float32)


def _mixed(a: Array, b: Array, share_a: Array, share_b: Array) -> Array:
    share = share_a / (share_a + share_b + 1e-9)
    if a.dtype == np.uint8:
        return np.asarray(cv2.blendLinear(a, b, share, 1 - share))
    mixed = b + (a.astype(np.float32) - b) * share[..., None]
    return np.asarray(np.rint(mixed).clip(0, 65535), np.uint16)
