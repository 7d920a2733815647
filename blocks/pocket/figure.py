"""Whole bodies in five poses, with the skeleton each was drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from blocks.errors import InputError
from blocks.pocket.backdrop import draw_backdrop
from blocks.pocket.body import Torso, cloth, draw_neck, draw_torso
from blocks.pocket.canvas import RGB, Canvas, Floats, Pixels, darker, lighter, mix
from blocks.pocket.hair import draw_hair, draw_hair_behind
from blocks.pocket.head import Head
from blocks.pocket.identity import Identity
from blocks.pocket.light import LIGHTS, light_up
from blocks.pocket.look import YAW, Look
from blocks.pocket.mood import MOODS
from blocks.pocket.portrait import Face, draw_head, face_truth
from blocks.pocket.skeleton import JOINTS, draw_skeleton, joints, place

__all__ = ["SMALLEST_FIGURE", "Figure", "draw_figure"]

SMALLEST_FIGURE = 256  # pixels high; below, a standing figure's face is too small to be scored

# Units of body that the picture's height shows, and where the middle of the head lies in it.
_FRAME = {
    "bust": (3.6, 0.46),
    "upper_body": (6.0, 0.31),
    "standing": (9.9, 0.185),
    "walking": (9.9, 0.185),
    "sitting": (8.7, 0.21),
}
_SHOES: RGB = (58.0, 46.0, 48.0)


@dataclass(frozen=True)
class Figure:
    """A drawn body.

    Attributes:
        picture: HxWx3 8-bit RGB.
        face: where the face is, None seen from behind.
        points: 18x2 joints in pixels, in the order of ``skeleton.JOINTS``; ``seen`` tells which can be seen.
        skeleton: HxWx3 stick figure of the same size, for a pose ControlNet.
    """

    picture: Pixels
    face: Face | None
    points: Floats
    seen: np.ndarray[Any, np.dtype[np.bool_]]
    skeleton: Pixels
    who: Identity
    look: Look


def draw_figure(
    who: Identity, look: Look, width: int = 256, height: int = 320, *, seed: int = 0, oversample: int = 2
) -> Figure:
    """Draw a person in the look's pose; the same arguments give the same pixels.

    Raises:
        InputError: the picture is lower than SMALLEST_FIGURE, or too narrow for a body.
    """
    if height < SMALLEST_FIGURE or width < height * 0.5:
        raise InputError(
            f"A figure of {width}x{height} pixels cannot be drawn. Ask for a height of {SMALLEST_FIGURE} or more and a "
            f"width of at least half the height."
        )
    units, share = _FRAME[look.pose]
    scene = draw_backdrop(look.background, width, height, seed)
    canvas = Canvas(scene, height / units, (width / 2, height * share), oversample)
    yaw = YAW[look.view]
    head, torso = Head(who, yaw), Torso(yaw)
    turned = place(joints(look.pose), math.degrees(torso.turn))
    _draw(canvas, head, torso, look, turned)
    points, seen = _points(canvas, head, turned)
    picture = light_up(canvas, LIGHTS[look.lighting])
    skeleton = draw_skeleton(points, seen, width, height)
    return Figure(picture, face_truth(canvas, head), points, seen, skeleton, who, look)


def _draw(canvas: Canvas, head: Head, torso: Torso, look: Look, turned: dict[str, Floats]) -> None:
    hair = (head, look.hair, look.hair_colour)
    away = math.cos(math.radians(head.yaw)) < 0
    sides = sorted(("left", "right"), key=lambda side: float(turned[f"{side}_shoulder"][2]))
    aside = abs(math.sin(torso.turn)) > 0.5
    if not away:
        draw_hair_behind(canvas, *hair)
    if look.pose == "sitting":
        _stool(canvas, turned)
    if aside:
        _arm(canvas, head.who, look, turned, sides[0])
    legs = sorted(("left", "right"), key=lambda side: float(turned[f"{side}_knee"][2]))
    for side in legs:
        _leg(canvas, head.who, look, turned, side, math.sin(torso.turn))
    draw_neck(canvas, head.who, torso)
    draw_torso(canvas, torso, look.outfit, look.outfit_colour, 4.3)
    _skirt(canvas, look, turned, torso)
    for side in sides if not aside else sides[1:]:
        _arm(canvas, head.who, look, turned, side)
    draw_head(canvas, head, LIGHTS[look.lighting], MOODS[look.expression])
    if away:
        draw_hair_behind(canvas, *hair)
    draw_hair(canvas, *hair)


def _limb(canvas: Canvas, path: list[Floats], widths: list[float], colour: RGB, bend: bool = True) -> None:
    """A limb along its joints, rounded at both ends and, with ``bend``, at the joints between."""
    points = np.array([joint[:2] for joint in path])
    middle = points.mean(0)
    reach = float(np.ptp(points[:, 1])) + 0.5
    surface = canvas.surface((float(middle[0]), float(middle[1])), max(widths) * 0.9 + 0.05, reach * 1.6)
    for start in range(len(points) - 1):
        along = points[start + 1] - points[start]
        length = float(np.linalg.norm(along)) or 1e-6
        across = np.array([-along[1], along[0]]) / length
        near, far = widths[start] / 2 * across, widths[start + 1] / 2 * across
        ends = np.array([points[start] + near, points[start + 1] + far, points[start + 1] - far, points[start] - near])
        canvas.fill(ends, colour, surface=surface)
    for place_, (at, wide) in enumerate(zip(points, widths, strict=True)):
        if bend or 0 < place_ < len(points) - 1:
            angle = np.linspace(0, 2 * math.pi, 16, endpoint=False)
            canvas.fill(at + wide / 2 * np.stack([np.cos(angle), np.sin(angle)], 1), colour, surface=surface)


def _arm(canvas: Canvas, who: Identity, look: Look, turned: dict[str, Floats], side: str) -> None:
    shoulder, elbow, wrist = (turned[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    skin = mix(who.skin, who.blush, 0.10)
    hand = wrist + (wrist - elbow) * 0.16
    _limb(canvas, [wrist, hand], [0.26, 0.32], skin)
    sleeve = (240.0, 236.0, 226.0) if look.outfit == "overalls" else cloth(look.outfit_colour)
    if look.outfit in ("t-shirt", "dress", "overalls"):
        _limb(canvas, [shoulder, elbow, wrist], [0.42, 0.34, 0.25], skin)
        if look.outfit != "dress":
            _limb(canvas, [shoulder, shoulder + (elbow - shoulder) * 0.55], [0.52, 0.50], sleeve)
        return
    thick = 0.60 if look.outfit in ("coat", "hoodie", "sweater") else 0.50
    _limb(canvas, [shoulder, elbow, wrist], [thick, thick * 0.84, thick * 0.66], darker(sleeve, 0.06))
    cuff = darker(sleeve, 0.3) if look.outfit != "suit" else (250.0, 250.0, 248.0)
    _limb(canvas, [wrist - (wrist - elbow) * 0.06, wrist + (wrist - elbow) * 0.02], [thick * 0.7] * 2, cuff, False)


def _trousers(look: Look) -> RGB | None:
    colour = cloth(look.outfit_colour)
    if look.outfit in ("suit", "overalls"):
        return darker(colour, 0.08)
    if look.outfit == "dress":
        return None
    return (92.0, 86.0, 84.0) if look.outfit_colour in ("blue", "black") else (66.0, 84.0, 128.0)


def _leg(canvas: Canvas, who: Identity, look: Look, turned: dict[str, Floats], side: str, sine: float) -> None:
    hip, knee, ankle = (turned[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
    skin, trousers = mix(who.skin, who.blush, 0.10), _trousers(look)
    toe = ankle[:2] + np.array([0.46 * sine, 0.26])
    heel = ankle[:2] + np.array([-0.10 * sine, 0.24])
    _limb(canvas, [heel, toe], [0.34, 0.30 + 0.06 * (1 - abs(sine))], _SHOES)
    if trousers is None:
        _limb(canvas, [hip, knee, ankle], [0.56, 0.42, 0.28], skin)
    else:
        _limb(canvas, [hip, knee, ankle], [0.78, 0.60, 0.46], trousers)
        canvas.line(np.array([knee[:2] + [-0.2, 0.02], knee[:2] + [0.2, 0.02]]), 0.03, darker(trousers, 0.25), 0.6)


def _skirt(canvas: Canvas, look: Look, turned: dict[str, Floats], torso: Torso) -> None:
    """The lower part of a dress or coat, falling from the waist over the thighs."""
    if look.outfit not in ("dress", "coat"):
        return
    colour = cloth(look.outfit_colour)
    knees = np.array([turned["left_knee"][:2], turned["right_knee"][:2]])
    low = float(knees[:, 1].mean()) + (0.05 if look.outfit == "dress" else -0.15)
    flare = 0.42 if look.outfit == "dress" else 0.14
    left = min(float(torso.edge(np.array([3.9]), -1)[0, 0]), float(knees[:, 0].min()) - 0.3) - flare
    right = max(float(torso.edge(np.array([3.9]), 1)[0, 0]), float(knees[:, 0].max()) + 0.3) + flare
    waist_left, waist_right = torso.edge(np.array([3.3]), -1)[0], torso.edge(np.array([3.3]), 1)[0]
    share = np.linspace(0, 1, 15)
    hem = np.stack([right + (left - right) * share, low + 0.09 * np.sin(share * math.pi * 5) ** 2], 1)
    surface = canvas.surface(((left + right) / 2, 4.4), (right - left) * 0.62, 3.0)
    canvas.fill(np.concatenate([[waist_left, waist_right], hem]), darker(colour, 0.04), surface=surface)
    for fold in (0.25, 0.5, 0.75):
        top = waist_left + (waist_right - waist_left) * fold
        foot = np.array([left + (right - left) * fold, low])
        canvas.stroke(np.linspace(top, foot, 6), 0.05, darker(colour, 0.28), 0.6)
    if look.outfit == "dress":
        canvas.line(hem - [0.0, 0.08], 0.10, lighter(colour, 0.35) if sum(colour) < 600 else darker(colour, 0.2))


def _stool(canvas: Canvas, turned: dict[str, Floats]) -> None:
    hips = (turned["left_hip"][:2] + turned["right_hip"][:2]) / 2 + np.array([0.0, 0.42])
    wood: RGB = (176.0, 122.0, 74.0)
    surface = canvas.surface((float(hips[0]), float(hips[1]) + 1.0), 1.6, 2.4)
    for x in (-0.85, 0.85, -0.35, 0.35):
        foot = hips + np.array([x * 1.15, 2.15 - 0.25 * (abs(x) < 0.5)])
        leg = np.array([hips + [x - 0.09, 0.1], hips + [x + 0.09, 0.1], foot + [0.08, 0.0], foot + [-0.08, 0.0]])
        canvas.fill(leg, darker(wood, 0.25), surface=surface)
    angle = np.linspace(0, 2 * math.pi, 28, endpoint=False)
    canvas.fill(hips + np.stack([1.1 * np.cos(angle), 0.26 * np.sin(angle) + 0.12], 1), darker(wood, 0.2))
    canvas.fill(hips + np.stack([1.1 * np.cos(angle), 0.24 * np.sin(angle)], 1), wood, surface=surface)


def _points(
    canvas: Canvas, head: Head, turned: dict[str, Floats]
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    """The 18 joints in pixels and which of them lie in the picture on the viewer's side."""
    who = head.who
    facing = math.cos(math.radians(head.yaw)) > 0
    tip_y = who.eye_y + 0.06 + who.nose_length
    of_face = {
        "nose": head.surface(np.zeros(1), np.array([tip_y]))[0] + [0.0, 0.0, who.nose_reach * 0.8],
        "right_eye": head.surface(np.array([-who.eye_apart]), np.array([who.eye_y]))[0],
        "left_eye": head.surface(np.array([who.eye_apart]), np.array([who.eye_y]))[0],
        "right_ear": head.around(np.array([-1.72]), np.array([0.16]))[0],
        "left_ear": head.around(np.array([1.72]), np.array([0.16]))[0],
    }
    points = np.zeros((len(JOINTS), 2))
    seen = np.zeros(len(JOINTS), bool)
    for number, name in enumerate(JOINTS):
        at = head.project(of_face[name][None])[0] if name in of_face else turned[name][:2]
        points[number] = canvas.pixels(at[None])[0]
        inside = 0 <= points[number][0] < canvas.width and 0 <= points[number][1] < canvas.height
        seen[number] = inside and (name not in of_face or _shows(head, name, facing))
    return points, seen


def _shows(head: Head, name: str, facing: bool) -> bool:
    side = {"right": -1, "left": 1}.get(name.split("_")[0], 0)
    if name.endswith("ear"):
        return -side * math.sin(math.radians(head.yaw)) > -0.5
    if name.endswith("eye"):
        return facing and head.facing(side * head.who.eye_apart, head.who.eye_y) > 0.02
    return facing
