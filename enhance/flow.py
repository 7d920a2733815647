"""New frames by dense optical flow: OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016).

Flow is found both ways. Where the two agree, both frames see the point and are mixed; where they do not, one frame
hides it and the other alone is used.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

__all__ = ["FlowInterpolator", "Motion", "dense_flow", "inconsistency", "luma"]

Array = np.ndarray[Any, np.dtype[Any]]
Flow = np.ndarray[Any, np.dtype[np.float32]]


def luma(frame: Array) -> Array:
    """HxWx3 or HxWx4, uint8 or uint16, to HxW uint8."""
    if frame.dtype == np.uint16:
        frame = (frame >> 8).astype(np.uint8)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY if frame.shape[2] == 3 else cv2.COLOR_RGBA2GRAY))


def dense_flow(a: Array, b: Array, preset: int = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM) -> Flow:
    """How far each pixel of `a` has moved in `b`: HxWx2, in pixels (x, y)."""
    return np.asarray(cv2.DISOpticalFlow_create(preset).calc(a, b, None), np.float32)


def inconsistency(there: Flow, back: Flow) -> Array:
    """Distance in pixels from where a point ends after going there and back: HxW."""
    returned = cv2.remap(back, _grid(there) + there, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    rest = there + returned
    return np.asarray(cv2.magnitude(rest[..., 0], rest[..., 1]))


def _grid(like: Array) -> Flow:
    height, width = like.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.dstack((x, y))


class Motion:
    """What moves between two frames; found once, used for every frame in between."""

    def __init__(self, a: Array, b: Array) -> None:
        before, after = luma(a), luma(b)
        self.there, self.back = dense_flow(before, after), dense_flow(after, before)
        self.hidden_after = inconsistency(self.there, self.back)
        self.hidden_before = inconsistency(self.back, self.there)

    def draw(self, a: Array, b: Array, t: float) -> Array:
        """The frame at `t`, from the two frames at any one size whose shape is theirs."""
        size = (a.shape[1], a.shape[0])
        scale = a.shape[1] / self.there.shape[1]
        to_a = -(1 - t) * t * self.there + t * t * self.back
        to_b = (1 - t) * (1 - t) * self.there - t * (1 - t) * self.back
        seen_a, seen_b = np.exp(-self.hidden_before * t), np.exp(-self.hidden_after * (1 - t))
        weight = (1 - t) * seen_a / ((1 - t) * seen_a + t * seen_b + 1e-6)
        if scale != 1:
            to_a, to_b, weight = (
                cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (to_a, to_b, weight)
            )
        grid = _grid(a)
        from_a = cv2.remap(a, grid + to_a * scale, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        from_b = cv2.remap(b, grid + to_b * scale, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        mixed = from_b + (from_a.astype(np.float32) - from_b) * weight[..., None]
        return np.asarray(np.rint(mixed).clip(0, np.iinfo(a.dtype).max).astype(a.dtype))


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
