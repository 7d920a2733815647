"""Nine lightings: where the key light stands, what fills the shadows, and how the picture is graded.

The light is worked out once for a picture: each surface of the canvas is an ellipsoid with a normal at every pixel, the
key light falls off over it in a soft step, and the paint is multiplied by the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from blocks.pocket.canvas import RGB, Canvas, Floats, Pixels

__all__ = ["LIGHTS", "Light", "light_up"]


@dataclass(frozen=True)
class Light:
    """A set of lamps. Colours are multipliers of the paint, 1 leaves it as it is.

    Attributes:
        key: colour of the main light; ``side`` (-1 left, 1 right) and ``up`` say where it comes from.
        front: how much of it comes from the viewer.
        fill: colour of the shadows.
        soft: width of the step from light to shadow.
        rim: colour added along the edges; ``rim_side`` 0 is all round, else only that side.
        behind: multiplier of the background, ``haze`` a colour that spreads over it, ``haze_share`` how strongly.
        saturation: 1 leaves colours, 0 is black and white; ``contrast`` about the middle grey.
        blinds: strength of stripes as through a window's blinds.
        vignette: how much the corners darken.
    """

    key: RGB
    side: float
    up: float
    front: float
    fill: RGB
    soft: float = 0.35
    rim: RGB = (0.0, 0.0, 0.0)
    rim_side: float = 0.0
    behind: RGB = (1.0, 1.0, 1.0)
    haze: RGB = (255.0, 255.0, 255.0)
    haze_share: float = 0.0
    saturation: float = 1.0
    contrast: float = 1.0
    blinds: float = 0.0
    vignette: float = 0.0
    triangle: bool = False


LIGHTS: dict[str, Light] = {
    "photostudio": Light((1.06, 1.05, 1.04), -0.45, 0.5, 0.75, (0.84, 0.84, 0.90), 0.6),
    "sunny_day": Light(
        (1.20, 1.14, 0.98), 0.6, 0.75, 0.45, (0.74, 0.78, 0.98), 0.14, (46, 42, 24), 1.0, (1.10, 1.09, 1.02)
    ),
    "evening": Light(
        (1.22, 0.86, 0.60), -0.9, 0.05, 0.42, (0.62, 0.46, 0.66), 0.3, (70, 30, 0), -1.0,
        (1.04, 0.78, 0.70), (255, 130, 60), 0.22, 1.05,
    ),
    "night": Light(
        (0.62, 0.72, 1.04), 0.7, 0.5, 0.35, (0.32, 0.37, 0.64), 0.3, (20, 50, 90), -1.0,
        (0.40, 0.45, 0.74), (12, 20, 60), 0.25, 0.8, vignette=0.25,
    ),
    "office": Light(
        (0.96, 1.03, 0.97), 0.0, 1.0, 0.55, (0.74, 0.83, 0.79), 0.5, behind=(0.94, 1.02, 0.96),
        haze=(226, 244, 234), haze_share=0.14, saturation=0.78,
    ),
    "dimmed_warm": Light(
        (0.92, 0.66, 0.40), 0.3, -0.45, 0.6, (0.52, 0.35, 0.26), 0.5, behind=(0.58, 0.40, 0.28),
        haze=(90, 40, 10), haze_share=0.18, vignette=0.45,
    ),
    "rembrandt": Light(
        (1.08, 0.98, 0.84), -0.95, 0.55, 0.12, (0.38, 0.32, 0.32), 0.16, behind=(0.36, 0.31, 0.29),
        haze=(44, 28, 20), haze_share=0.3, vignette=0.35, triangle=True,
    ),
    "noir": Light(
        (1.22, 1.22, 1.22), 0.9, 0.35, 0.3, (0.34, 0.34, 0.36), 0.1, (40, 40, 40), -1.0, (0.46, 0.46, 0.48),
        saturation=0.0, contrast=1.2, blinds=0.55, vignette=0.4,
    ),
    "backlight": Light(
        (0.70, 0.62, 0.60), 0.0, -0.2, 0.7, (0.44, 0.40, 0.48), 0.6, (190, 160, 110), 0.0, (1.12, 1.08, 1.0),
        (255, 236, 190), 0.55, 0.95,
    ),
}  # fmt: skip


def light_up(canvas: Canvas, light: Light) -> Pixels:
    """Let the light fall on what was painted. Returns the finished HxWx3 picture."""
    height, width = canvas.height, canvas.width
    xs = np.arange(width, dtype=np.float32)[None, :]
    ys = np.arange(height, dtype=np.float32)[:, None]
    paint = canvas.picture().astype(np.float32)
    person = (canvas.which > 0).astype(np.float32)

    lit, facing = _fall(canvas, light, xs, ys)
    lit = np.maximum(lit, cv2.GaussianBlur(canvas.glow, (0, 0), canvas.scale / 45).astype(np.float32) / 255 * 0.92)
    if light.blinds:
        lit = lit * (1 - light.blinds * _blinds(light, xs, ys, canvas.scale, canvas.origin))
    lit = cv2.GaussianBlur(lit, (3, 3), 0)[..., None]
    fill, key = np.array(light.fill, np.float32), np.array(light.key, np.float32)
    shade = fill + (key - fill) * lit

    soft_person = cv2.GaussianBlur(person, (3, 3), 0)[..., None]
    back = paint * np.array(light.behind, np.float32)
    if light.haze_share:
        glow = _halo(canvas, xs, ys) if light.haze_share > 0.5 else np.float32(1.0)
        back = back + (np.array(light.haze, np.float32) - back) * (light.haze_share * glow)
    front = paint * shade + _rim(light, person, facing, canvas.scale) * np.array(light.rim, np.float32)
    return _grade(back + (front - back) * soft_person, light, xs, ys)


def _fall(canvas: Canvas, light: Light, xs: Floats, ys: Floats) -> tuple[Floats, Floats]:
    """Share of the key light at each pixel (0 to 1) and the sideways part of its normal."""
    lit = np.ones((canvas.height, canvas.width), np.float32)
    sideways = np.zeros_like(lit)
    direction = np.array([light.side, -light.up, light.front], np.float32)
    direction /= np.linalg.norm(direction)
    for number, surface in enumerate(canvas.surfaces, 1):
        inside = canvas.which == number
        rows = np.flatnonzero(inside.any(1))
        if not len(rows):
            continue
        columns = np.flatnonzero(inside.any(0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        across = np.clip((xs[:, box[1]] - surface.x) / surface.rx, -1, 1)
        down = np.clip((ys[box[0]] - surface.y) / surface.ry, -1, 1)
        towards = np.sqrt(np.clip(1 - across**2 - down**2, 0.02, 1))
        amount = across * direction[0] + down * direction[1] + towards * direction[2]
        step = np.clip((amount + light.soft * 0.5) / (2 * light.soft) if light.soft < 0.5 else amount + 0.15, 0, 1)
        step = step * step * (3 - 2 * step)
        mask = inside[box]
        lit[box][mask] = step[mask]
        sideways[box][mask] = np.broadcast_to(across, mask.shape)[mask]
    return lit, sideways


def _rim(light: Light, person: Floats, sideways: Floats, scale: float) -> Floats:
    """How strongly the edge light shows: bright on the person's own border, on one side or all round."""
    inner = cv2.GaussianBlur(person, (0, 0), max(1.0, scale / 15))
    border = np.clip((1 - inner) * 2.2, 0, 1) ** 1.3
    if light.rim_side:
        border = border * np.clip(sideways * light.rim_side * 1.6, 0, 1)
    result: Floats = border[..., None]
    return result


def _halo(canvas: Canvas, xs: Floats, ys: Floats) -> Floats:
    """A sun behind the head: 1 at its middle, falling off over some heads."""
    away = np.hypot(xs - canvas.origin[0], ys - canvas.origin[1] + canvas.scale * 0.3) / (canvas.scale * 3.2)
    result: Floats = np.clip(1.25 - away, 0.25, 1)[..., None]
    return result


def _blinds(light: Light, xs: Floats, ys: Floats, scale: float, origin: Floats) -> Floats:
    wave = np.sin((ys - origin[1] + (xs - origin[0]) * 0.22) / (scale * 0.44) * 2 * math.pi + 0.6)
    result: Floats = np.clip(wave * 3 - 0.6, 0, 1)
    return result


def _grade(picture: Floats, light: Light, xs: Floats, ys: Floats) -> Pixels:
    if light.saturation != 1.0:
        grey = (picture @ np.array([0.30, 0.59, 0.11], np.float32))[..., None]
        picture = grey + (picture - grey) * light.saturation
    if light.contrast != 1.0:
        picture = (picture - 120) * light.contrast + 116
    if light.vignette:
        height, width = picture.shape[:2]
        away = ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
        picture = picture * (1 - light.vignette * away)[..., None]
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
