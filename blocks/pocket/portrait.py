"""Head and shoulders of a person in a look, with the truth about where the face is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blocks.errors import InputError
from blocks.pocket.backdrop import draw_backdrop
from blocks.pocket.body import Torso, draw_neck, draw_torso
from blocks.pocket.canvas import Canvas, Floats, Pixels
from blocks.pocket.face import draw_ears, draw_face, draw_skull
from blocks.pocket.hair import draw_hair, draw_hair_behind
from blocks.pocket.head import Head
from blocks.pocket.identity import Identity
from blocks.pocket.light import LIGHTS, Light, light_up
from blocks.pocket.look import YAW, Look
from blocks.pocket.mood import MOODS, Mood

__all__ = ["Face", "Motion", "Portrait", "draw_portrait", "face_truth"]

SMALLEST = 32


@dataclass(frozen=True)
class Motion:
    """How far a portrait departs from its look's standard pose.

    Attributes:
        yaw, roll, nod: degrees added to the view's own, as Head has them.
        shift: of head and shoulders, in shares of the picture's width and height.
        zoom: size of the person, 1 as designed.
        speech: how far the mouth opens for a sound, 0 to 1. ``blink`` closes the eyes.
    """

    yaw: float = 0.0
    roll: float = 0.0
    nod: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    speech: float = 0.0
    blink: bool = False


@dataclass(frozen=True)
class Face:
    """Where a face is, in pixels of the picture.

    Attributes:
        box: left, top, right, bottom of what lies before the ears from forehead to chin, hair left out.
        landmarks: 5x2: the eye on the picture's left, the one on its right, nose, both corners of the mouth; those
            that the head hides lie where they would be seen through it.
        yaw: degrees to which the head is turned, positive to the picture's right.
    """

    box: tuple[float, float, float, float]
    landmarks: Floats
    yaw: float


@dataclass(frozen=True)
class Portrait:
    """A drawn picture: HxWx3 8-bit RGB, and its face, None in a view from behind."""

    picture: Pixels
    face: Face | None
    who: Identity
    look: Look


def draw_portrait(
    who: Identity,
    look: Look,
    size: int = 128,
    *,
    seed: int = 0,
    motion: Motion | None = None,
    backdrop: Pixels | None = None,
    oversample: int = 2,
) -> Portrait:
    """Draw a person's head and shoulders on a square; the same arguments give the same pixels.

    Args:
        size: side in pixels, 32 or more.
        seed: of everything that is neither person nor look (which corner of the park it is).
        backdrop: size x size x 3 picture to stand before instead of the look's background.

    Raises:
        InputError: the size is too small to draw a face in.
    """
    if size < SMALLEST:
        raise InputError(f"A portrait of {size} pixels is too small to draw. Ask for {SMALLEST} or more.")
    move = motion or Motion()
    scene = draw_backdrop(look.background, size, size, seed) if backdrop is None else backdrop
    scale = size * 0.285 * move.zoom
    origin = (size * (0.5 + move.shift[0]), size * (0.465 + move.shift[1]))
    canvas = Canvas(scene, scale, origin, oversample)
    yaw = YAW[look.view] + move.yaw
    head = Head(who, yaw, move.roll, move.nod)
    draw_bust(canvas, head, look, posed(look, move))
    face = face_truth(canvas, head)
    return Portrait(light_up(canvas, LIGHTS[look.lighting]), face, who, look)


def posed(look: Look, motion: Motion) -> Mood:
    """The look's expression while speaking or blinking as the motion says."""
    mood = MOODS[look.expression].speaking(motion.speech)
    return mood.blinking() if motion.blink else mood


def draw_bust(canvas: Canvas, head: Head, look: Look, mood: Mood, torso: Torso | None = None) -> None:
    """Everything of a head-and-shoulders picture but the light, from back to front."""
    torso = torso or Torso(head.yaw)
    hair = (head, look.hair, look.hair_colour)
    away = math.cos(math.radians(head.yaw)) < 0
    if not away:
        draw_hair_behind(canvas, *hair)
    draw_neck(canvas, head.who, torso)
    draw_torso(canvas, torso, look.outfit, look.outfit_colour)
    draw_head(canvas, head, LIGHTS[look.lighting], mood)
    if away:
        draw_hair_behind(canvas, *hair)
    draw_hair(canvas, *hair)


def draw_head(canvas: Canvas, head: Head, light: Light, mood: Mood) -> None:
    """Skull, ears and face; the hair comes after."""
    turned = abs(math.sin(math.radians(head.yaw))) > 0.45
    if not turned:
        draw_ears(canvas, head)
    draw_skull(canvas, head)
    if light.triangle:
        _triangle(canvas, head, light.side)
    draw_face(canvas, head, mood, light.side)
    if turned:
        draw_ears(canvas, head)


def _triangle(canvas: Canvas, head: Head, light_side: float) -> None:
    """Rembrandt's patch of light on the cheek that lies in shade."""
    side = -math.copysign(1.0, light_side)
    x = side * np.array([0.16, 0.56, 0.30]) * head.who.face_width / 0.76
    if head.facing(float(x[0]), 0.3) > 0.1:
        canvas.lit(head.paint(x, np.array([0.22, 0.20, 0.58])))


def face_truth(canvas: Canvas, head: Head) -> Face | None:
    """Box and landmarks of a head on a canvas, None where the face is turned away."""
    if math.cos(math.radians(head.yaw)) < 0.05:
        return None
    who = head.who
    angle, y = np.meshgrid(np.linspace(-1.6, 1.6, 13), np.linspace(-0.62, 1.0, 12))
    front = canvas.pixels(head.project(head.around(angle, y)).reshape(-1, 2))
    tip = head.surface(np.zeros(1), np.array([who.eye_y + 0.06 + who.nose_length])) + [0.0, 0.0, who.nose_reach * 0.8]
    eyes = head.surface(np.array([-who.eye_apart, who.eye_apart]), np.full(2, who.eye_y))
    corners = head.surface(np.array([-who.mouth_width, who.mouth_width]), np.full(2, who.mouth_y))
    landmarks = canvas.pixels(head.project(np.concatenate([eyes, tip, corners])))
    low = np.minimum(front.min(0), landmarks.min(0))
    high = np.maximum(front.max(0), landmarks.max(0))
    return Face((float(low[0]), float(low[1]), float(high[0]), float(high[1])), landmarks, head.yaw)
