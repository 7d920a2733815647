"""One eye: white, iris, pupil, light in it, lids and lashes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from blocks.pocket.canvas import Canvas, Floats, darker, lighter, mix
from blocks.pocket.head import Head
from blocks.pocket.mood import Mood

__all__ = ["draw_eye"]


def draw_eye(canvas: Canvas, head: Head, mood: Mood, side: int) -> None:
    """The left (-1) or right (1) eye, where it can be seen."""
    who = head.who
    if head.facing(side * who.eye_apart, who.eye_y) < 0.02:
        return
    share = np.linspace(-1, 1, 15)
    across, upper, lower = _lids(head, mood, side, share)

    def at(dx: Floats, dy: Floats) -> Floats:
        return head.paint(side * who.eye_apart + dx, who.eye_y + dy, -0.01)

    socket = darker(mix(who.skin, who.blush, 0.35), 0.14)
    crease = at(across * 1.12, upper * 1.0 - 0.065)
    canvas.fill(np.concatenate([crease, at(across, lower)[::-1]]), socket, 0.35)
    if mood.bags:
        canvas.stroke(at(across * 0.8, lower + 0.07), 0.05, darker(mix(who.skin, (110, 70, 140), 0.5), 0.1), 0.8)
    if mood.lids > 0.1:
        canvas.fill(np.concatenate([at(across, upper), at(across, lower)[::-1]]), (252, 250, 248))
        _iris(canvas, head, mood, at, across, upper, lower)
    lash = darker(who.brow_colour, 0.65)
    canvas.stroke(at(across * 1.08, upper), 0.075 if mood.lids < 0.4 else 0.062, lash)
    canvas.stroke(at(across[2:-2], lower[2:-2]), 0.026, lash, 0.55)
    flick = np.array([side * who.eye_width * 0.9, side * who.eye_width * 1.22])
    end = 13 if side > 0 else 1
    canvas.line(at(flick, np.array([upper[end], upper[end] - 0.045])), 0.03, lash)
    canvas.stroke(crease, 0.03, darker(socket, 0.2), 0.7)


def _lids(head: Head, mood: Mood, side: int, share: Floats) -> tuple[Floats, Floats, Floats]:
    """Offsets from the eye's middle: sideways, and the heights of the upper and the lower lid."""
    who = head.who
    tilt = -share * side * who.eye_tilt * who.eye_width * 0.9
    bow = np.clip(1 - share**2, 0, 1)
    # The lids close around a line a little below the middle.
    open_share = max(mood.lids, 0.02)
    rest = 0.28 * who.eye_height
    upper = tilt - who.eye_height * bow**0.62 * open_share + rest * (1 - min(1.0, open_share))
    lower = tilt + who.eye_height * 0.86 * bow**0.75 * (1 - mood.lower)
    return share * who.eye_width, upper, np.maximum(lower, upper + 0.004)


def _iris(
    canvas: Canvas, head: Head, mood: Mood, at: Callable[..., Floats], across: Floats, upper: Floats, lower: Floats
) -> None:
    who = head.who
    angle = np.linspace(0, 2 * math.pi, 22, endpoint=False)
    radius = who.eye_height * 0.86 * (0.55 + 0.45 * mood.pupil) * (1.05 if who.eye_height < 0.13 else 0.94)
    middle_x = mood.gaze * who.eye_width * 0.42
    middle_y = who.eye_height * (0.06 if mood.lids < 0.9 else 0.0)

    def disc(size: float, dx: float = 0.0, dy: float = 0.0) -> Floats:
        x = middle_x + dx + size * np.cos(angle)
        y = middle_y + dy + size * np.sin(angle)
        shape: Floats = at(x, np.clip(y, np.interp(x, across, upper), np.interp(x, across, lower)))
        return shape

    canvas.fill(disc(radius), darker(who.eye_colour, 0.5))
    canvas.fill(disc(radius * 0.86), who.eye_colour)
    canvas.fill(disc(radius * 0.6, 0.0, radius * 0.2), lighter(who.eye_colour, 0.35), 0.75)
    canvas.fill(disc(radius * 0.46 * mood.pupil), (22, 16, 20))
    canvas.fill(disc(radius * 0.26, -radius * 0.34, -radius * 0.36), (255, 255, 255))
    canvas.fill(disc(radius * 0.13, radius * 0.36, radius * 0.34), (255, 255, 255), 0.9)
    if mood.sparkle:
        canvas.fill(disc(radius * 0.24, radius * 0.30, radius * 0.30), (255, 255, 255))
        canvas.fill(disc(radius * 0.14, radius * 0.36, -radius * 0.40), (255, 255, 255))
