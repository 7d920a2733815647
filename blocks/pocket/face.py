"""The face: skin, nose, brows, mouth and marks. Eyes are in eyes.py, beard and glasses in trimmings.py."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from blocks.pocket.canvas import RGB, Canvas, Floats, darker, lighter, mix
from blocks.pocket.eyes import draw_eye
from blocks.pocket.head import Head
from blocks.pocket.mood import Mood
from blocks.pocket.trimmings import draw_beard, draw_glasses, draw_moustache, draw_stubble

__all__ = ["draw_ears", "draw_face", "draw_skull"]


def draw_skull(canvas: Canvas, head: Head) -> None:
    """Skin of the head and of a nose that stands out from the silhouette."""
    who = head.who
    outline = head.outline()
    middle, reach = (outline.min(0) + outline.max(0)) / 2, (outline.max(0) - outline.min(0)) / 2
    surface = canvas.surface((float(middle[0]), float(middle[1])), float(reach[0]) * 1.12, float(reach[1]) * 1.2)
    canvas.fill(outline, who.skin, surface=surface)
    if abs(head.yaw) > 20 and math.cos(math.radians(head.yaw)) > 0:
        canvas.fill(_nose_profile(head), who.skin, surface=surface)
        canvas.fill(_lips_profile(head), who.skin, surface=surface)


def draw_ears(canvas: Canvas, head: Head) -> None:
    """Both ears, as far as they can be seen. Drawn before the skull they stick out from behind it."""
    who = head.who
    sine, cosine = math.sin(math.radians(head.yaw)), math.cos(math.radians(head.yaw))
    for side in (-1, 1):
        towards = -side * sine
        if towards < -0.35:
            continue
        at = head.project(head.around(np.array([side * 1.72]), np.array([0.16]), 0.035))[0]
        reach = 0.085 + 0.075 * max(0.0, towards)
        angle = np.linspace(0, 2 * math.pi, 22, endpoint=False)
        lobe = 1 - 0.24 * np.sin(angle)
        shape = np.stack([np.cos(angle) * reach * lobe, np.sin(angle) * 0.20], 1) * who.ears
        number = canvas.surface((float(at[0]), float(at[1])), 0.4, 0.5)
        canvas.fill(at + shape, mix(who.skin, who.blush, 0.22), surface=number)
        canvas.line(at + shape[2:14] * 0.58, 0.03, darker(mix(who.skin, who.blush, 0.5), 0.14), 0.7)
        if cosine < 0:
            break


def draw_face(canvas: Canvas, head: Head, mood: Mood, light_side: float) -> None:
    """Everything on the front of the head. ``light_side`` says where the key light stands, for the painted shadows."""
    if math.cos(math.radians(head.yaw)) <= 0:
        return
    _flush(canvas, head, mood)
    draw_stubble(canvas, head)
    _marks(canvas, head)
    _creases(canvas, head)
    for side in (-1, 1):
        draw_eye(canvas, head, mood, side)
    draw_beard(canvas, head)
    _mouth(canvas, head, mood)
    draw_moustache(canvas, head)
    _nose(canvas, head, light_side, mood)
    for side in (-1, 1):
        _brow(canvas, head, mood, side)
    _drops(canvas, head, mood)
    if mood.scar:
        _scar(canvas, head)
    draw_glasses(canvas, head)


def _flush(canvas: Canvas, head: Head, mood: Mood) -> None:
    who = head.who
    strength = 0.16 + 0.5 * mood.flush
    angle = np.linspace(0, 2 * math.pi, 18, endpoint=False)
    for side in (-1, 1):
        if head.facing(side * 0.42, 0.36) < 0.12:
            continue
        for size in (1.0, 0.66):
            ring = head.paint(
                side * 0.60 * who.face_width + 0.15 * size * np.cos(angle), 0.36 + 0.10 * size * np.sin(angle)
            )
            canvas.fill(ring, who.blush, strength * 0.55)
            if mood.green:
                canvas.fill(ring, (120, 170, 70), mood.green * 0.6)
    if mood.green:
        ring = head.paint(0.62 * who.face_width * np.cos(angle), 0.42 + 0.34 * np.sin(angle))
        canvas.fill(ring, (128, 176, 80), mood.green * 0.35)


def _nose_tip(head: Head) -> tuple[float, float]:
    return head.who.eye_y + 0.06 + head.who.nose_length, head.who.nose_reach


def _nose_profile(head: Head) -> Floats:
    """The ridge of the nose as seen from the side, joined to the face."""
    tip_y, reach = _nose_tip(head)
    top = head.who.eye_y - 0.10
    share = np.linspace(0, 1, 9)
    y = np.concatenate([top + (tip_y - top) * share, [tip_y + 0.05, tip_y + 0.075, tip_y + 0.07]])
    lift = np.concatenate([reach * (0.02 + 0.98 * share**1.7), [reach * 0.85, reach * 0.4, -0.05]])
    ridge = head.surface(np.zeros_like(y), y)
    ridge[:, 2] += lift
    back = head.surface(np.zeros(2), np.array([tip_y, top]))
    back[:, 2] -= 0.3
    return head.project(np.concatenate([ridge, back]))


def _lips_profile(head: Head) -> Floats:
    who = head.who
    share = np.linspace(-1, 1, 9)
    y = who.mouth_y + share * (0.06 + who.lip)
    front = head.surface(np.zeros_like(y), y)
    front[:, 2] += (0.022 + 0.45 * who.lip) * (1 - share**2) * (1 - 0.45 * np.exp(-((share / 0.2) ** 2)))
    back = front[::-1].copy()
    back[:, 2] -= 0.3
    return head.project(np.concatenate([front, back]))


def _nose(canvas: Canvas, head: Head, light_side: float, mood: Mood) -> None:
    who = head.who
    tip_y, reach = _nose_tip(head)
    shade = darker(mix(who.skin, who.blush, 0.45), 0.16)
    turn = math.sin(math.radians(head.yaw))
    width = who.nose_width
    tip = head.surface(np.zeros(1), np.array([tip_y]))[0] + np.array([0, 0, reach * 0.8])
    wings = head.surface(np.array([-width, width]), np.array([tip_y + 0.02] * 2), 0.04)
    top = head.surface(np.zeros(1), np.array([who.eye_y + 0.02]))[0] + np.array([0, 0, 0.03])
    # The side away from the light, or in a turned head the near side, lies in shade.
    dark = 1 if (light_side < 0 and abs(turn) < 0.2) or turn < -0.2 else -1
    if abs(turn) < 0.2 and light_side >= 0:
        dark = -1
    flank = np.stack([top, tip, wings[0 if dark < 0 else 1]])
    canvas.fill(head.project(flank), shade, 0.22)
    ball = head.project(tip[None])[0]
    canvas.dot(ball + np.array([0.0, -0.02]), width * 0.55, lighter(mix(who.skin, who.blush, 0.3), 0.1), 0.45)
    curve = np.stack([wings[0] + [0, -0.05, 0], wings[0], (wings[0] + tip) / 2 + [0, 0.045, 0], tip + [0, 0.05, 0]])
    right = np.stack([tip + [0, 0.05, 0], (wings[1] + tip) / 2 + [0, 0.045, 0], wings[1], wings[1] + [0, -0.05, 0]])
    if turn < 0.5:
        canvas.line(head.project(right), 0.035, shade, 0.9)
    if turn > -0.5:
        canvas.line(head.project(curve), 0.035, shade, 0.9)
    for side in (-1, 1):
        if turn * side < 0.35:
            hole = head.surface(np.array([side * width * 0.5]), np.array([tip_y + 0.035]), reach * 0.45)
            canvas.dot(head.project(hole)[0], 0.026, darker(shade, 0.35), 0.85)
    if abs(turn) > 0.3:
        canvas.stroke(_nose_profile(head)[:9], 0.045, shade, 0.75)
    if mood.wrinkle:
        for step in (0.0, 0.055):
            x = np.array([-0.07, 0.0, 0.07])
            canvas.line(head.paint(x, who.eye_y - 0.03 + step + np.array([0.02, 0, 0.02]), 0.04), 0.02, shade, 0.75)


def _brow(canvas: Canvas, head: Head, mood: Mood, side: int) -> None:
    who = head.who
    if head.facing(side * who.eye_apart * 0.8, who.eye_y - 0.2) < -0.12:
        return
    share = np.linspace(0, 1, 9)
    reach = who.eye_width * 1.18
    x = side * (who.eye_apart - reach * 0.92 + share * reach * 1.9)
    rise = mood.inner * (1 - share) + mood.outer * share + side * mood.uneven
    arch = who.brow_arch * np.sin(share * math.pi * 0.85)
    y = who.eye_y - who.brow_height - rise - arch - who.eye_tilt * 0.22 * (share - 0.4)
    half = who.brow_thickness / 2 * (1.05 - 0.75 * share**2)
    upper, lower = head.paint(x, y - half, 0.02), head.paint(x, y + half, 0.02)
    canvas.fill(np.concatenate([upper, lower[::-1]]), who.brow_colour)


def _mouth(canvas: Canvas, head: Head, mood: Mood) -> None:
    who = head.who
    share = np.linspace(-1, 1, 17)
    x = share * who.mouth_width * mood.wide
    bow = 1 - share**2
    middle = who.mouth_y + mood.smile * (bow - 0.55) - mood.skew * share * np.abs(share)
    opened = bow**0.6
    upper = middle - mood.gape * mood.upper * opened
    lower = middle + mood.gape * (1 - mood.upper) * opened
    lip = who.lip * (1 - 0.25 * min(1.0, mood.gape * 6))
    lips = darker(who.lip_colour, 0.05)
    peak = lip * bow**0.7 * (1 - 0.35 * np.exp(-((share / 0.18) ** 2)))
    lift = 0.03 + who.lip * 0.3

    def at(y: Floats, inner: float = 1.0) -> Floats:
        return head.paint(x * inner, y, lift)

    canvas.fill(np.concatenate([at(upper - peak), at(upper)[::-1]]), lips)
    canvas.fill(np.concatenate([at(lower), at(lower + lip * 1.15 * bow**0.55)[::-1]]), lighter(lips, 0.10))
    if mood.gape > 0.02:
        _inside(canvas, mood, at, upper, lower)
    else:
        canvas.stroke(at(middle), 0.05, darker(lips, 0.5))
    shade = darker(who.skin, 0.2)
    canvas.stroke(head.paint(x[5:12] * 0.9, lower[5:12] + lip * 1.15 + 0.055, lift * 0.6), 0.035, shade, 0.45)
    corner = np.array([-1.0, 1.0]) * who.mouth_width * mood.wide * 1.03
    for px, py in zip(corner, middle[[0, -1]], strict=True):
        if head.facing(float(px), float(py)) > 0.1:
            canvas.dot(head.paint(np.array([px]), np.array([py]), lift)[0], 0.022, darker(lips, 0.35), 0.6)


def _inside(canvas: Canvas, mood: Mood, at: Callable[..., Floats], upper: Floats, lower: Floats) -> None:
    canvas.fill(np.concatenate([at(upper), at(lower)[::-1]]), (92, 22, 34))
    if mood.tongue:
        low = upper + (lower - upper) * 0.45
        canvas.fill(np.concatenate([at(low, 0.72), at(lower + 0.015, 0.72)[::-1]]), (228, 96, 104))
    if mood.clench:
        canvas.fill(np.concatenate([at(upper + 0.012, 0.93), at(lower - 0.012, 0.93)[::-1]]), (250, 247, 240))
        canvas.line(at((upper + lower) / 2, 0.9), 0.018, (150, 110, 110))
        for place in (3, 5, 7, 9, 11, 13):
            ends = np.stack([at(upper)[place], at(lower)[place]])
            canvas.line(ends, 0.012, (180, 140, 140), 0.8)
    elif mood.teeth:
        low = upper + (lower - upper) * mood.teeth
        canvas.fill(np.concatenate([at(upper + 0.004, 0.93), at(low, 0.88)[::-1]]), (252, 249, 242))


def _marks(canvas: Canvas, head: Head) -> None:
    who = head.who
    dark = darker(who.skin, 0.72)
    if who.mole != "none":
        side = -1 if who.mole == "left" else 1
        x = side * (0.62 if who.mole_y < 0.6 else 0.46) * who.face_width
        if head.facing(x, who.mole_y) > 0.05:
            canvas.dot(head.paint(np.array([x]), np.array([who.mole_y]), 0.005)[0], 0.048, dark)
    if who.freckles:
        speck = darker(mix(who.skin, who.blush, 0.7), 0.22)
        for side in (-1, 1):
            for dx, dy in ((0.26, 0.32), (0.36, 0.28), (0.46, 0.33), (0.31, 0.40), (0.41, 0.39), (0.52, 0.40)):
                x = side * dx * who.face_width / 0.76
                if head.facing(x, dy) > 0.15:
                    canvas.dot(head.paint(np.array([x]), np.array([dy]))[0], 0.024, speck, 0.85)


def _creases(canvas: Canvas, head: Head) -> None:
    """Dimples beside the mouth, lines of age beside nose and under the eyes."""
    who = head.who
    shade = darker(who.skin, 0.26)
    for side in (-1, 1):
        if head.facing(side * 0.4, 0.5) < 0.1:
            continue
        if who.dimples:
            across = side * (who.mouth_width + 0.11 + np.array([0.0, 0.03, 0.0]))
            canvas.stroke(head.paint(across, who.mouth_y + np.array([-0.08, 0.0, 0.08])), 0.05, shade, 0.8)
        if who.lines:
            across = side * (0.19 + np.array([0.0, 0.06, 0.10]))
            canvas.stroke(head.paint(across, np.array([0.36, 0.46, 0.58])), 0.04, shade, 0.75)
            across = side * (who.eye_apart + np.array([-0.12, 0.0, 0.12]))
            under = who.eye_y + who.eye_height + np.array([0.06, 0.09, 0.07])
            canvas.stroke(head.paint(across, under), 0.035, shade, 0.7)


def _drops(canvas: Canvas, head: Head, mood: Mood) -> None:
    near = -1 if head.yaw > 0 else 1
    if mood.tear:
        x = near * head.who.eye_apart * 1.05
        _drop(canvas, head.paint(np.array([x]), np.array([head.who.eye_y + 0.34]))[0], 0.075)
    if mood.sweat:
        for x, y, size in ((near * 0.46, -0.36, 0.075), (near * 0.56, -0.10, 0.06)):
            _drop(canvas, head.paint(np.array([x]) * head.who.face_width / 0.76, np.array([y]))[0], size)


def _drop(canvas: Canvas, at: Floats, size: float) -> None:
    angle = np.linspace(0, 2 * math.pi, 16, endpoint=False)
    shape = np.stack([np.sin(angle) * size * (1 - 0.5 * np.cos(angle)) * 0.62, -np.cos(angle) * size * 1.25], 1)
    colour: RGB = (120, 196, 250)
    canvas.fill(at + shape, colour)
    canvas.dot(at + np.array([-size * 0.2, size * 0.3]), size * 0.24, (236, 250, 255))


def _scar(canvas: Canvas, head: Head) -> None:
    """From the brow across the cheek, on the side that can be seen best."""
    side = -1 if head.yaw > 5 else 1
    x = side * np.array([0.20, 0.27, 0.36, 0.44, 0.47]) * head.who.face_width / 0.76
    y = np.array([-0.34, -0.12, 0.14, 0.38, 0.56])
    pale, deep = mix(head.who.skin, (255, 196, 190), 0.6), darker(mix(head.who.skin, (190, 40, 50), 0.62), 0.1)
    canvas.line(head.paint(x, y, 0.03), 0.085, pale, 0.9)
    canvas.line(head.paint(x, y, 0.03), 0.038, deep)
    for place in range(len(x)):
        across = np.array([-0.085, 0.085])
        canvas.line(head.paint(x[place] + across, y[place] - across * side * 0.25, 0.03), 0.028, deep)
