"""Eleven hairstyles as a shell over the head, cut along a hairline, plus tails, buns, braids and crests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blocks.pocket.canvas import RGB, Canvas, Floats, darker, lighter, mix
from blocks.pocket.head import Head
from blocks.pocket.look import HAIR_COLOURS

__all__ = ["draw_hair", "draw_hair_behind"]

_SHELL = 0.1  # below this height the shell hangs straight down instead of following the jaw


@dataclass(frozen=True)
class _Cut:
    """Thickness over the skull, extra height of the crown, hairline (front, temple, side, behind), length behind."""

    grow: float
    rise: float
    front: float
    temple: float
    side: float
    nape: float
    length: float = 0.0
    part: float = 0.0
    zigzag: float = 0.0
    bumps: float = 0.0
    wave: float = 0.0
    opening: float = 0.85


_CUTS: dict[str, _Cut] = {
    "buzz": _Cut(0.025, 0.02, -0.50, -0.40, 0.02, 0.50),
    "short": _Cut(0.09, 0.14, -0.46, -0.40, 0.10, 0.58, part=0.22),
    "spiky": _Cut(0.06, 0.10, -0.44, -0.32, 0.02, 0.52, zigzag=0.20),
    "curly": _Cut(0.32, 0.30, -0.44, -0.30, 0.50, 0.80, length=0.72, bumps=0.10, opening=1.15),
    "bob": _Cut(0.14, 0.12, -0.32, -0.30, 0.84, 0.86, length=0.90, opening=1.12),
    "long": _Cut(0.12, 0.10, -0.62, -0.20, 1.75, 1.9, length=2.1, opening=1.16),
    "wavy": _Cut(0.18, 0.16, -0.44, -0.34, 1.40, 1.6, length=1.70, part=0.26, wave=0.09, opening=1.14),
    "ponytail": _Cut(0.05, 0.06, -0.54, -0.44, -0.02, 0.42),
    "bun": _Cut(0.05, 0.05, -0.50, -0.40, 0.02, 0.42, part=-0.10),
    "braids": _Cut(0.08, 0.06, -0.62, -0.26, 0.24, 0.44, opening=0.95),
    "mohawk": _Cut(0.015, 0.01, -0.50, -0.44, -0.02, 0.42),
}


def draw_hair_behind(canvas: Canvas, head: Head, style: str, colour_name: str) -> None:
    """What hangs behind the neck and shoulders; in a back view, what hangs over them."""
    cut, colour = _CUTS[style], _colour(colour_name)
    if cut.length:
        sides = [_silhouette(head, cut, np.linspace(-0.9, cut.length, 24), side, True) for side in (-1, 1)]
        lower = np.concatenate([sides[0], sides[1][::-1]])
        facing_away = math.cos(math.radians(head.yaw)) < 0
        canvas.fill(lower, colour if facing_away else darker(colour, 0.28), surface=_surface(canvas, head, cut))
    if style == "ponytail":
        _tail(canvas, head, colour)


def draw_hair(canvas: Canvas, head: Head, style: str, colour_name: str) -> None:
    """What lies on the head, over skin and ears."""
    cut, colour = _CUTS[style], _colour(colour_name)
    surface = _surface(canvas, head, cut)
    angle, line = _hairline(head, cut)
    if style == "mohawk":
        canvas.fill(_cap(head, cut, angle, line), mix(head.who.skin, darker(colour, 0.3), 0.30), surface=surface)
        _crest(canvas, head, colour, surface)
        return
    shadow = head.project(_shell(head, angle, np.maximum(line + 0.07, -0.9), 0.0))
    if head.yaw < 170:
        inside = np.abs(angle) < 1.2
        band = np.concatenate([shadow[inside], head.project(_shell(head, angle, line - 0.1, 0.0))[inside][::-1]])
        canvas.fill(band, darker(head.who.skin, 0.45), 0.30)
    canvas.fill(_cap(head, cut, angle, line), colour, surface=surface)
    if style == "curly":
        _curls(canvas, head, cut, colour)
    else:
        _strands(canvas, head, cut, colour, angle, line)
    if style == "bun":
        _bun(canvas, head, colour)
    if style == "braids":
        _braids(canvas, head, colour)


def _colour(name: str) -> RGB:
    red, green, blue = HAIR_COLOURS[name]
    return float(red), float(green), float(blue)


def _surface(canvas: Canvas, head: Head, cut: _Cut) -> int:
    outline = head.outline(cut.grow)
    middle, reach = (outline.min(0) + outline.max(0)) / 2, (outline.max(0) - outline.min(0)) / 2
    return canvas.surface(
        (float(middle[0]), float(middle[1])), float(reach[0]) * 1.15, (float(reach[1]) + cut.length * 0.4) * 1.15
    )


def _shell(head: Head, angle: Floats, y: Floats, grow: float, rise: float = 0.0, hangs: bool = False) -> Floats:
    """Points of the hair's outer skin: over the skull, and where it ``hangs`` straight down from there."""
    angle, y = np.broadcast_arrays(angle, np.asarray(y, dtype=np.float64))
    on = np.minimum(y, _SHELL) if hangs else y
    points = head.around(angle, on, grow)
    lifted = rise * np.clip(0.25 - on, 0, 1.25) / 1.25
    points[..., 1] = y - lifted
    return points


def _silhouette(head: Head, cut: _Cut, y: Floats, side: int, behind: bool = False) -> Floats:
    """The shell's edge on the canvas at heights ``y``; ``behind`` leaves out what would hang before the face."""
    width, _, depth = head.rings(np.minimum(y, _SHELL) if cut.length else y)
    yaw = math.radians(head.yaw)
    angle = np.arctan2(side * (width + cut.grow) * math.cos(yaw), side * (depth + cut.grow) * math.sin(yaw))
    if behind:
        angle = np.where((np.abs(angle) < cut.opening + 0.1) & (y > -0.4), np.copysign(cut.opening + 0.1, angle), angle)
    points = head.project(_shell(head, angle, y, cut.grow, cut.rise, cut.length > 0))
    below = np.clip(y, 0, None)
    if cut.wave:
        points[:, 0] += side * cut.wave * (0.5 + np.sin(y * 7.5 + side)) * np.clip(below * 1.6, 0, 1)
    if cut.length > 1:
        points[:, 0] += side * 0.10 * below
    if cut.bumps:
        middle = head.project(np.zeros((1, 3)))[0]
        away = points - middle
        turn = np.arctan2(away[:, 1], away[:, 0])
        points = middle + away * (1 + cut.bumps * np.abs(np.sin(turn * 7))[:, None])
    if cut.zigzag:
        middle = head.project(np.array([[0.0, -0.1, 0.0]]))[0]
        above = np.clip((-y - 0.1) * 2.2, 0, 1)
        spike = np.abs((y * 6.5) % 1.0 - 0.5) * 2
        points = middle + (points - middle) * (1 + (cut.zigzag * 1.5 * spike * above)[:, None])
    return points


def _hairline(head: Head, cut: _Cut) -> tuple[Floats, Floats]:
    """Visible angles from left to right, and the height at which the hair ends there."""
    yaw = math.radians(head.yaw)
    width, _, depth = (float(v) for v in head.rings(np.array(0.0)))
    right = math.atan2((width + cut.grow) * math.cos(yaw), (depth + cut.grow) * math.sin(yaw))
    angle = np.linspace(right - math.pi, right, 61)
    wrapped = (angle + math.pi) % (2 * math.pi) - math.pi
    away = np.abs(wrapped)
    edge = cut.opening
    line = np.interp(
        away, (0.0, edge * 0.72, edge, edge + 0.28, 1.75, 1.95, math.pi),
        (cut.front, (cut.front + cut.temple) / 2, cut.temple, cut.side, cut.side, cut.nape, cut.nape),
    )  # fmt: skip
    inner = np.clip(1 - away / 1.0, 0, 1)
    line = line - cut.part * inner * np.sin(wrapped * 2.2 + 0.8)
    if cut.front < -0.55:  # parted in the middle: the hairline runs up to the parting
        line = np.where(away < edge, cut.front - 0.16 + (cut.temple - cut.front + 0.16) * (away / edge) ** 1.1, line)
    if cut.zigzag:
        line = line + np.abs((wrapped * 2.6) % 1.0 - 0.5) * 0.3 * inner
    if cut.bumps:
        line = line + 0.07 * np.abs(np.sin(wrapped * 6))
    return angle, line


def _cap(head: Head, cut: _Cut, angle: Floats, line: Floats) -> Floats:
    bottom = head.project(_shell(head, angle, line, cut.grow * 0.75, cut.rise, cut.length > 0))
    if cut.wave:
        bottom[:, 0] += cut.wave * np.sin(bottom[:, 1] * 7.5) * np.clip(line * 1.5, 0, 1)
    rows = 30
    up = _silhouette(head, cut, line[-1] + (-1.0 - line[-1]) * np.sin(np.linspace(0, math.pi / 2, rows)), 1)
    down = _silhouette(head, cut, line[0] + (-1.0 - line[0]) * np.sin(np.linspace(math.pi / 2, 0, rows)), -1)
    return np.concatenate([bottom, up, down])


def _strands(canvas: Canvas, head: Head, cut: _Cut, colour: RGB, angle: Floats, line: Floats) -> None:
    """A few darker strands from the crown to the hairline, and a sheen across them."""
    dark = darker(colour, 0.30)
    for place in range(6, 58, 9):
        y = np.linspace(-0.86, line[place] - 0.06, 9)
        points = head.project(_shell(head, np.full(9, angle[place]), y, cut.grow, cut.rise, cut.length > 0))
        if cut.wave:
            points[:, 0] += cut.wave * np.sin(points[:, 1] * 7.5) * np.clip(y * 1.5, 0, 1)
        canvas.stroke(points, 0.04, dark, 0.55)
    for first, last, height, alpha in ((10, 29, -0.60, 0.55), (33, 40, -0.64, 0.45)):
        span = angle[first:last]
        y = np.minimum(height + 0.05 * np.linspace(-1, 1, len(span)) ** 2, line[first:last] - 0.08)
        canvas.stroke(head.project(_shell(head, span, y, cut.grow, cut.rise)), 0.11, lighter(colour, 0.32), alpha)


def _curls(canvas: Canvas, head: Head, cut: _Cut, colour: RGB) -> None:
    middle = -math.radians(head.yaw)
    for number in range(26):
        # The golden ratio spreads the curls without a pattern.
        across, along = (number * 0.618) % 1.0, number / 25
        y = np.array([-0.95 + 0.60 * along])
        spot = np.array([middle + (across - 0.5) * 2.7])
        at = head.project(_shell(head, spot, y, cut.grow, cut.rise))[0]
        turn = np.linspace(0, 4.2, 8) + number * 2.4
        curl = at + (0.07 + 0.03 * across) * np.stack([np.cos(turn), np.sin(turn)], 1)
        tone = lighter(colour, 0.24) if number % 3 == 0 else darker(colour, 0.26)
        canvas.stroke(curl, 0.055, tone, 0.65)


def _tail(canvas: Canvas, head: Head, colour: RGB) -> None:
    path = np.array(
        [[0.30, -0.80, -0.55], [0.60, -1.14, -0.80], [0.86, -0.95, -0.92], [0.98, -0.35, -0.94], [0.92, 0.30, -0.88],
         [1.02, 0.95, -0.82]]
    )  # fmt: skip
    steps = np.linspace(0, 5, 26)
    curve = np.stack([np.interp(steps, np.arange(6), path[:, axis]) for axis in range(3)], 1)
    kernel = np.ones(5) / 5
    smooth = np.stack([np.convolve(np.pad(curve[:, a], 2, mode="edge"), kernel, "valid") for a in range(3)], 1)
    points = head.project(smooth)
    middle = points.mean(0)
    number = canvas.surface((float(middle[0]), float(middle[1])), 0.5, 1.4)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    half = 0.06 + 0.24 * np.sin(np.linspace(0.15, math.pi * 0.97, 26)) ** 0.8
    side = np.stack([-along[:, 1], along[:, 0]], 1) * half[:, None]
    canvas.fill(np.concatenate([points + side, (points - side)[::-1]]), colour, surface=number)
    for share in (-0.4, 0.3):
        canvas.stroke(points[3:-2] + side[3:-2] * share, 0.045, darker(colour, 0.3), 0.7)
    canvas.stroke(points[4:14] + side[4:14] * 0.1, 0.07, lighter(colour, 0.35), 0.5)
    canvas.dot(points[1], 0.13, (230, 74, 92))


def _bun(canvas: Canvas, head: Head, colour: RGB) -> None:
    at = head.project(np.array([[0.0, -1.26, -0.22]]))[0]
    number = canvas.surface((float(at[0]), float(at[1])), 0.42, 0.42)
    angle = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    ring = np.stack([np.cos(angle) * 0.37, np.sin(angle) * 0.33], 1)
    canvas.fill(at + ring, colour, surface=number)
    for size, part in ((0.66, slice(2, 14)), (0.34, slice(8, 22))):
        canvas.line(at + ring[part] * size, 0.035, darker(colour, 0.3), 0.8)
    canvas.line(at + ring[14:20] * 0.78, 0.05, lighter(colour, 0.4), 0.6)
    knot = np.stack([np.linspace(-0.22, 0.22, 7), 0.28 + 0.03 * np.linspace(1, -1, 7) ** 2], 1)
    canvas.line(at + knot, 0.07, (230, 74, 92))


def _braids(canvas: Canvas, head: Head, colour: RGB) -> None:
    for side in (-1, 1):
        if -side * math.sin(math.radians(head.yaw)) < -0.8:
            continue
        start = head.project(head.around(np.array([side * 1.55]), np.array([0.34]), 0.10))[0]
        number = canvas.surface((float(start[0]), float(start[1]) + 0.7), 0.3, 2.0)
        for step in range(7):
            at = start + np.array([side * 0.05 * math.sin(step * 0.9) + side * 0.02 * step, 0.20 * step])
            size = 0.175 - 0.010 * step
            angle = np.linspace(0, 2 * math.pi, 16, endpoint=False)
            lobe = np.stack([np.cos(angle) * size, np.sin(angle) * 0.14 - np.cos(angle) * 0.05 * (-1) ** step], 1)
            canvas.fill(at + lobe, colour, surface=number)
            canvas.line(at + lobe[1:8], 0.03, darker(colour, 0.35), 0.8)
        end = start + np.array([side * 0.12, 1.38])
        canvas.dot(end, 0.09, (230, 74, 92))


def _crest(canvas: Canvas, head: Head, colour: RGB, surface: int) -> None:
    share = np.linspace(0, 1, 25)
    arc = math.pi * (0.16 + 0.74 * share)
    inner = np.stack([np.zeros(25), -np.sin(arc) * 0.98 + 0.02, np.cos(arc) * 0.86 - 0.02], 1)
    spike = 0.30 + 0.22 * np.abs((share * 6) % 1.0 - 0.5) * 2
    outer = np.stack([np.zeros(25), -np.sin(arc) * (1 + spike) - 0.04, np.cos(arc) * (0.9 + spike)], 1)
    ends = [head.project(rim + [offset, 0.0, 0.0]) for rim, offset in _rims(inner, outer)]
    nearest_last = np.argsort(inner[:, 2] * math.cos(math.radians(head.yaw)))
    for place in nearest_last:
        canvas.fill(np.stack([end[place] for end in ends]), colour, surface=surface)
    for low, high in ((0, 1), (3, 2)):
        canvas.fill(np.concatenate([ends[low], ends[high][::-1]]), colour, surface=surface)
    for offset in (-0.06, 0.07):
        for place in (3, 8, 13):
            strand = np.stack([inner[place], inner[place] + (outer[place] - inner[place]) * 0.8]) + [offset, 0.0, 0.0]
            canvas.line(head.project(strand), 0.03, darker(colour, 0.3), 0.6)


def _rims(inner: Floats, outer: Floats) -> tuple[tuple[Floats, float], ...]:
    """The crest's four long edges: foot and tip on the left, tip and foot on the right."""
    return (inner, -0.16), (outer, -0.07), (outer, 0.07), (inner, 0.16)
