"""Neck and torso, turned like the head, and the eight outfits that cover them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from blocks.pocket.canvas import RGB, Canvas, Floats, darker, lighter, mix
from blocks.pocket.identity import Identity
from blocks.pocket.look import OUTFIT_COLOURS

__all__ = ["Torso", "cloth", "draw_neck", "draw_torso"]

_HEIGHT = (1.18, 1.34, 1.48, 1.62, 1.80, 2.10, 2.70, 3.40, 4.10, 4.40)
_WIDTH = (0.34, 0.44, 0.78, 1.06, 1.20, 1.20, 1.06, 0.94, 1.02, 1.04)
_DEPTH = (0.30, 0.34, 0.46, 0.56, 0.64, 0.68, 0.62, 0.56, 0.62, 0.62)


@dataclass(frozen=True)
class Torso:
    """A turned torso. ``at`` is where the heights below are counted from, ``yaw`` degrees as for the head."""

    yaw: float = 0.0
    at: tuple[float, float] = (0.0, -0.14)

    @property
    def turn(self) -> float:
        """Radians by which the torso turns: a little less than the head."""
        return math.radians(self.yaw * (0.8 if abs(self.yaw) < 120 else 1.0))

    def paint(self, across: Floats, y: Floats, grow: float = 0.0) -> Floats:
        """Points on the cloth: ``across`` is -1 (left flank) to 1 (right flank), ``y`` units below the head."""
        across, y = np.broadcast_arrays(np.asarray(across, dtype=np.float64), np.asarray(y, dtype=np.float64))
        half = math.pi / 2
        angle = np.clip(across * half, -self.turn - half, -self.turn + half)
        width, depth = np.interp(y, _HEIGHT, _WIDTH) + grow, np.interp(y, _HEIGHT, _DEPTH) + grow
        x = width * np.sin(angle) * math.cos(self.turn) + depth * np.cos(angle) * math.sin(self.turn)
        return np.stack([x + self.at[0], y + self.at[1]], -1)

    def edge(self, y: Floats, side: int, grow: float = 0.0) -> Floats:
        """The silhouette on the left (-1) or right (1)."""
        y = np.asarray(y, dtype=np.float64)
        width, depth = np.interp(y, _HEIGHT, _WIDTH) + grow, np.interp(y, _HEIGHT, _DEPTH) + grow
        x = side * np.hypot(width * math.cos(self.turn), depth * math.sin(self.turn))
        return np.stack([x + self.at[0], y + self.at[1]], -1)

    def outline(self, top: float, bottom: float, grow: float = 0.0) -> Floats:
        y = np.linspace(top, bottom, 24)
        return np.concatenate([self.edge(y[::-1], -1, grow), self.edge(y, 1, grow)])


def cloth(colour_name: str) -> RGB:
    red, green, blue = OUTFIT_COLOURS[colour_name]
    return float(red), float(green), float(blue)


def draw_neck(canvas: Canvas, who: Identity, torso: Torso) -> None:
    """Neck and the skin of the chest, with the shadow that the chin throws."""
    shift = -0.16 * math.sin(torso.turn)
    x, y = torso.at
    neck = np.array([[-0.36, 0.40], [0.36, 0.40], [0.36, 1.30], [0.5, 1.5], [-0.5, 1.5], [-0.36, 1.30]])
    surface = canvas.surface((x + shift, y + 1.0), 0.62, 2.2)
    skin = mix(who.skin, who.blush, 0.10)
    canvas.fill(neck + [x + shift, y], skin, surface=surface)
    canvas.fill(torso.outline(1.30, 2.2), skin, surface=surface)
    if abs(torso.yaw) < 120:
        share = np.linspace(-1, 1, 15)
        lean = 0.10 * math.sin(torso.turn)
        rim = np.stack([share * 0.36, 1.24 + lean * share + 0.10 * (1 - share**2)], 1)
        chin = np.concatenate([[[-0.36, 0.74]], rim, [[0.36, 0.74]]])
        canvas.fill(chin + [x + shift, y], darker(who.skin, 0.45), 0.40)


def draw_torso(canvas: Canvas, torso: Torso, outfit: str, colour_name: str, bottom: float = 4.3) -> None:
    """The outfit's upper part, over neck and chest."""
    colour = cloth(colour_name)
    surface = canvas.surface((torso.at[0], torso.at[1] + 2.6), 1.45 * (0.6 + 0.4 * abs(math.cos(torso.turn))), 3.4)
    base = (240.0, 236.0, 226.0) if outfit == "overalls" else colour
    top = {"dress": 1.66, "overalls": 1.42, "sweater": 1.30}.get(outfit, 1.38)
    canvas.fill(torso.outline(top, bottom), base, surface=surface)
    front = abs(torso.yaw) < 120
    if not front and outfit not in ("dress", "overalls"):
        canvas.fill(torso.outline(1.26, 1.6), base, surface=surface)
    if not front:  # what is drawn on the back is laid out as if the back were the front
        torso = replace(torso, yaw=torso.yaw - math.copysign(180, torso.yaw))
    _DETAILS[outfit](canvas, torso, colour, surface, front)


def _line(canvas: Canvas, torso: Torso, points: list[tuple[float, float]], width: float, colour: RGB) -> None:
    across, y = np.array(points).T
    canvas.line(torso.paint(across, y, 0.01), width, colour)


def _patch(canvas: Canvas, torso: Torso, points: list[tuple[float, float]], colour: RGB, surface: int) -> None:
    across, y = np.array(points).T
    # Straight sides get points in between, so that they bend around the chest.
    steps = np.linspace(0, len(across), len(across) * 5, endpoint=False)
    wrap = np.arange(len(across) + 1)
    x = np.interp(steps, wrap, np.append(across, across[0]))
    canvas.fill(torso.paint(x, np.interp(steps, wrap, np.append(y, y[0])), 0.01), colour, surface=surface)


def _buttons(canvas: Canvas, torso: Torso, places: list[tuple[float, float]], size: float, colour: RGB) -> None:
    for across, y in places:
        if abs(across * math.pi / 2 + torso.turn) < 1.35:
            canvas.dot(torso.paint(np.array([across]), np.array([y]), 0.02)[0], size, colour)


def _collar_ring(canvas: Canvas, torso: Torso, y: float, dip: float, width: float, colour: RGB) -> None:
    share = np.linspace(-0.46, 0.46, 15)
    canvas.line(torso.paint(share, y + dip * np.cos(share / 0.46 * math.pi / 2)), width, colour)


def _t_shirt(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    if front:
        _collar_ring(canvas, torso, 1.40, 0.22, 0.12, darker(colour, 0.28))
        star = [(0.30, 2.24), (0.46, 2.24), (0.46, 2.56), (0.38, 2.64), (0.30, 2.56)]
        _patch(canvas, torso, star, darker(colour, 0.16), surface)


def _shirt(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    pale = lighter(colour, 0.55) if sum(colour) < 600 else darker(colour, 0.25)
    for across in np.linspace(-0.85, 0.85, 9):
        _line(canvas, torso, [(across, 1.62), (across, 2.6), (across, 4.2)], 0.035, mix(colour, pale, 0.6))
    if not front:
        return
    _line(canvas, torso, [(0.0, 1.5), (0.0, 4.2)], 0.05, darker(colour, 0.3))
    for side in (-1, 1):
        _patch(canvas, torso, [(0, 1.62), (side * 0.42, 1.26), (side * 0.56, 1.52), (side * 0.24, 1.80)], pale, surface)
    _buttons(canvas, torso, [(0.0, 1.95), (0.0, 2.35), (0.0, 2.75), (0.0, 3.15)], 0.055, (250, 250, 246))


def _hoodie(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    dark = darker(colour, 0.30)
    share = np.linspace(-0.62, 0.62, 17)
    ring = 1.30 + 0.34 * np.cos(share / 0.62 * math.pi / 2)
    canvas.line(torso.paint(share, ring), 0.30, dark)
    canvas.line(torso.paint(share, ring + 0.05), 0.16, lighter(colour, 0.12))
    if not front:
        _patch(canvas, torso, [(-0.5, 1.3), (0.5, 1.3), (0.36, 2.2), (-0.36, 2.2)], dark, surface)
        return
    for side in (-1, 1):
        _line(canvas, torso, [(side * 0.15, 1.66), (side * 0.17, 2.30)], 0.055, (250, 248, 240))
        _buttons(canvas, torso, [(side * 0.17, 2.34)], 0.055, (250, 248, 240))
    pocket = [(-0.34, 2.95), (0.34, 2.95), (0.52, 3.6), (-0.52, 3.6)]
    _patch(canvas, torso, pocket, darker(colour, 0.18), surface)


def _coat(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    dark, gold = darker(colour, 0.34), (240.0, 200.0, 96.0)
    if not front:
        _collar_ring(canvas, torso, 1.34, 0.0, 0.36, dark)
        _line(canvas, torso, [(-0.9, 3.2), (0.9, 3.2)], 0.2, dark)
        return
    _line(canvas, torso, [(0.10, 1.7), (0.16, 4.2)], 0.05, dark)
    for side in (-1, 1):
        lapel = [(0.0, 2.06), (side * 0.46, 1.16), (side * 0.86, 1.46), (side * 0.62, 1.78), (side * 0.40, 1.80)]
        _patch(canvas, torso, lapel, dark, surface)
        _line(canvas, torso, [(side * 0.46, 1.2), (0.0, 2.06)], 0.03, darker(dark, 0.3))
        _buttons(canvas, torso, [(side * 0.30, 2.22), (side * 0.30, 2.66)], 0.085, gold)
    _line(canvas, torso, [(-1.0, 3.2), (0.0, 3.24), (1.0, 3.2)], 0.2, dark)
    _buttons(canvas, torso, [(0.0, 3.23)], 0.12, gold)


def _suit(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    dark = darker(colour, 0.30)
    if not front:
        _collar_ring(canvas, torso, 1.36, 0.0, 0.18, dark)
        return
    _patch(canvas, torso, [(-0.36, 1.34), (0.36, 1.34), (0.0, 2.9)], (250, 250, 248), surface)
    tie = (186.0, 40.0, 52.0) if colour[0] < 180 or colour[1] > 180 else (40.0, 60.0, 120.0)
    _patch(canvas, torso, [(-0.07, 1.56), (0.07, 1.56), (0.11, 2.5), (0.0, 2.72), (-0.11, 2.5)], tie, surface)
    _patch(canvas, torso, [(-0.10, 1.48), (0.10, 1.48), (0.06, 1.66), (-0.06, 1.66)], darker(tie, 0.2), surface)
    for side in (-1, 1):
        collar = [(side * 0.04, 1.54), (side * 0.34, 1.24), (side * 0.40, 1.46), (side * 0.20, 1.72)]
        _patch(canvas, torso, collar, (255, 255, 252), surface)
        lapel = [(0.0, 2.95), (side * 0.38, 1.34), (side * 0.62, 1.50), (side * 0.56, 1.84), (side * 0.66, 1.92)]
        _patch(canvas, torso, lapel, dark, surface)
    _buttons(canvas, torso, [(0.05, 3.12), (0.05, 3.5)], 0.06, darker(colour, 0.6))


def _sweater(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    pale = lighter(colour, 0.6) if sum(colour) < 600 else darker(colour, 0.3)
    shift = -0.16 * math.sin(torso.turn)
    roll = np.array([[-0.44, 0.98], [0.44, 0.98], [0.50, 1.42], [-0.50, 1.42]]) + [torso.at[0] + shift, torso.at[1]]
    canvas.fill(roll, darker(colour, 0.12), surface=surface)
    for x in np.linspace(-0.34, 0.34, 6):
        rib = np.array([[x, 1.02], [x * 1.1, 1.38]]) + [torso.at[0] + shift, torso.at[1]]
        canvas.line(rib, 0.025, darker(colour, 0.35), 0.7)
    share = np.linspace(-1.2, 1.2, 33)
    for y, width in ((2.0, 0.16), (2.3, 0.07)):
        canvas.line(torso.paint(share, np.full(33, y), 0.0), width, pale)
    zigzag = 2.62 + 0.10 * np.abs((np.arange(33) % 4) - 2)
    canvas.line(torso.paint(share, zigzag), 0.06, pale)


def _dress(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    share = np.linspace(-1.0, 1.0, 21)
    frill = 1.68 + 0.10 * np.abs(np.sin(share * 9))
    trim = lighter(colour, 0.35) if sum(colour) < 600 else darker(colour, 0.2)
    canvas.line(torso.paint(share, frill, 0.03), 0.17, trim)
    for side in (-1, 1):
        _line(canvas, torso, [(side * 0.52, 1.42), (side * 0.50, 1.7)], 0.10, darker(colour, 0.18))
    _line(canvas, torso, [(-1.0, 3.3), (0.0, 3.3), (1.0, 3.3)], 0.16, darker(colour, 0.35))
    if front:
        places = np.linspace(-0.36, 0.36, 9)
        beads = [(float(place), 1.46 + 0.24 * math.cos(place / 0.36 * math.pi / 2)) for place in places]
        _buttons(canvas, torso, beads, 0.05, (255, 250, 236))


def _overalls(canvas: Canvas, torso: Torso, colour: RGB, surface: int, front: bool) -> None:
    stitch = lighter(colour, 0.4)
    _patch(canvas, torso, [(-1.3, 3.1), (1.3, 3.1), (1.3, 4.3), (-1.3, 4.3)], colour, surface)
    _patch(canvas, torso, [(-0.46, 2.12), (0.46, 2.12), (0.52, 3.2), (-0.52, 3.2)], colour, surface)
    for side in (-1, 1):
        _line(canvas, torso, [(side * 0.56, 1.46), (side * 0.44, 1.8), (side * 0.38, 2.2)], 0.20, colour)
        _buttons(canvas, torso, [(side * 0.38, 2.24)], 0.085, (240, 206, 110))
    if front:
        _collar_ring(canvas, torso, 1.40, 0.18, 0.08, (206, 200, 190))
        pocket = [(-0.24, 2.5), (0.24, 2.5), (0.24, 2.85), (0.0, 2.95), (-0.24, 2.85), (-0.24, 2.5)]
        _line(canvas, torso, pocket, 0.035, stitch)


_DETAILS = {
    "t-shirt": _t_shirt,
    "shirt": _shirt,
    "hoodie": _hoodie,
    "coat": _coat,
    "suit": _suit,
    "sweater": _sweater,
    "dress": _dress,
    "overalls": _overalls,
}
