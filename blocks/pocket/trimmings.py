"""Beards and glasses: worn on the face, part of who somebody is."""

from __future__ import annotations

import math

import numpy as np

from blocks.pocket.canvas import Canvas, Floats, darker, lighter
from blocks.pocket.head import Head

__all__ = ["draw_beard", "draw_glasses", "draw_moustache", "draw_stubble"]

_BRIDGE = 0.93  # depth of the plane of the glasses


def draw_stubble(canvas: Canvas, head: Head) -> None:
    """A shadow of beard on the skin, under everything else."""
    if head.who.beard == "stubble":
        canvas.fill(_bearded(head, 0.0, 0.30), head.who.beard_colour, 0.34)
        canvas.fill(_moustache(head, 0.07, 0.0), head.who.beard_colour, 0.34)


def draw_beard(canvas: Canvas, head: Head) -> None:
    """Goatee or full beard, under the mouth that is painted onto it."""
    who = head.who
    dark = darker(who.beard_colour, 0.25)
    if who.beard == "goatee":
        canvas.fill(_goatee(head), who.beard_colour)
    if who.beard != "full":
        return
    canvas.fill(_bearded(head, 0.05, 0.24), who.beard_colour)
    for x in np.linspace(-0.30, 0.30, 5):
        canvas.stroke(head.paint(x * np.array([1.0, 0.92, 0.8]), np.array([0.84, 0.93, 1.0]), 0.05), 0.03, dark, 0.7)


def draw_moustache(canvas: Canvas, head: Head) -> None:
    """A moustache, alone or with a full beard, over the mouth."""
    who = head.who
    if who.beard in ("moustache", "full"):
        canvas.fill(_moustache(head, 0.11 if who.beard == "moustache" else 0.09, 0.02), who.beard_colour)
        canvas.stroke(_moustache_part(head), 0.03, darker(who.beard_colour, 0.25), 0.7)


def _bearded(head: Head, grow: float, cheek: float) -> Floats:
    """The lower face: below a curve from the sideburns under the cheeks to the chin."""
    angle = head.visible(30)
    angle = angle[np.abs(angle) < 1.6]
    top = np.interp(np.abs(angle), (0.0, 0.35, 0.9, 1.35), (cheek + 0.44, cheek + 0.38, cheek + 0.22, 0.08))
    curve = head.project(head.around(angle, top, grow * 0.4))
    edges = []
    for side, end in ((-1, 0), (1, -1)):
        start = top[end] if abs(angle[end]) < 1.5 else 0.42
        edges.append(head.edge(np.linspace(start, 1.0, 14), side, grow))
    chin = (edges[0][-1:] + edges[1][-1:]) / 2 + [[0.0, grow * 1.6]]
    return np.concatenate([curve, edges[1], chin, edges[0][::-1]])


def _goatee(head: Head) -> Floats:
    share = np.linspace(0, 2 * math.pi, 26, endpoint=False)
    width = head.who.mouth_width * 0.95
    x = width * np.cos(share) * np.where(np.sin(share) < 0, 1.0, 0.86)
    y = np.clip(0.76 + 0.30 * np.sin(share), 0.0, 1.0)
    points = head.paint(x, y, 0.04)
    points[:, 1] += np.where(np.sin(share) > 0.75, 0.06, 0.0)
    return points


def _moustache(head: Head, tall: float, lift: float) -> Floats:
    who = head.who
    share = np.linspace(-1, 1, 15)
    x = share * who.mouth_width * 1.12
    base = who.mouth_y - who.lip * 0.8 - 0.035
    sag = 0.07 * np.abs(share) ** 1.6
    upper = base - tall * (1 - np.abs(share) ** 2.2) + sag
    lower = base + sag + 0.03 * np.abs(share) - 0.02 * (1 - np.abs(share))
    return np.concatenate([head.paint(x, upper, lift + 0.04), head.paint(x, lower, lift + 0.04)[::-1]])


def _moustache_part(head: Head) -> Floats:
    y = head.who.mouth_y - head.who.lip - np.array([0.11, 0.07, 0.03])
    return head.paint(np.zeros(3), y, 0.06)


def draw_glasses(canvas: Canvas, head: Head) -> None:
    """Frames in a flat plane before the eyes, with arms back to the ears."""
    who = head.who
    if who.glasses == "none":
        return
    angle = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    power = 1.0 if who.glasses == "round" else 0.42
    reach = max(who.eye_width + 0.07, 0.27)
    shape_x = reach * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    shape_y = (reach * 0.96 if power == 1.0 else reach * 0.74) * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    turn = math.sin(math.radians(head.yaw))
    apart = max(who.eye_apart, reach + 0.04)
    for side in (-1, 1):
        lens = np.stack([side * apart + shape_x, who.eye_y + 0.02 + shape_y, np.full(28, _BRIDGE)], 1)
        # The outer end follows the face back a little.
        lens[:, 2] -= 0.32 * np.clip(np.abs(lens[:, 0]) - 0.15, 0, None) ** 1.5
        if side * turn > 0.75:
            continue
        points = head.project(lens)
        canvas.fill(points, (214, 236, 246), 0.20)
        canvas.line(points, 0.058, who.glasses_colour, closed=True)
        if side * turn < 0.2:
            temple = np.array([[side * (apart + reach), who.eye_y - 0.04, lens[0, 2] - 0.05]])
            ear = head.around(np.array([side * 1.62]), np.array([who.eye_y]), 0.03)
            canvas.line(head.project(np.concatenate([temple, ear])), 0.055, lighter(who.glasses_colour, 0.08))
    inner = apart - reach
    bridge = np.array([[-inner, -0.02, 0.0], [0.0, -0.05, 0.02], [inner, -0.02, 0.0]])
    canvas.line(head.project(bridge + [0.0, who.eye_y, _BRIDGE]), 0.055, who.glasses_colour)
