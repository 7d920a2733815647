"""Eight places to stand in, painted once for each size and variant and then looked at through a moving window."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from blocks.pocket.canvas import RGB, Pixels, darker, lighter, mix

__all__ = ["VARIANTS", "draw_backdrop"]

VARIANTS = 6


def draw_backdrop(name: str, width: int, height: int, seed: int = 0) -> Pixels:
    """HxWx3 of the place. ``seed`` chooses one of VARIANTS versions and where in it the window lies."""
    random = np.random.default_rng([seed, 7])
    side = max(width, height)
    scene = _scene(name, side, _int(random, VARIANTS))
    spare_x, spare_y = scene.shape[1] - width, scene.shape[0] - height
    left = _int(random, spare_x + 1)
    top = _int(random, max(1, spare_y // 3 + 1)) + spare_y // 3
    return scene[top : top + height, left : left + width]


@lru_cache(maxsize=128)
def _scene(name: str, side: int, variant: int) -> Pixels:
    """A square a quarter larger than the window, slightly out of focus."""
    size = 320
    picture = np.zeros((size, size, 3), np.uint8)
    _PAINTERS[name](picture, np.random.default_rng([variant, sum(name.encode())]))
    picture = cv2.GaussianBlur(picture, (0, 0), 1.6)
    target = round(side * 1.25)
    method = cv2.INTER_AREA if target < size else cv2.INTER_CUBIC
    scene: Pixels = cv2.resize(picture, (target, target), interpolation=method)
    return scene


def _int(random: np.random.Generator, low: int, high: int | None = None) -> int:
    return int(random.integers(low, high))


def _sky(picture: Pixels, top: RGB, bottom: RGB, rows: tuple[int, int] = (0, 320)) -> None:
    share = np.linspace(0, 1, rows[1] - rows[0])[:, None, None]
    picture[rows[0] : rows[1]] = np.array(top) + (np.array(bottom) - np.array(top)) * share


def _box(picture: Pixels, left: float, top: float, right: float, bottom: float, colour: RGB) -> None:
    cv2.rectangle(picture, (round(left), round(top)), (round(right) - 1, round(bottom) - 1), colour, -1)


def _ball(picture: Pixels, x: float, y: float, radius: float, colour: RGB) -> None:
    cv2.circle(picture, (round(x), round(y)), round(radius), colour, -1, cv2.LINE_AA)


def _studio(picture: Pixels, random: np.random.Generator) -> None:
    tones: tuple[RGB, ...] = ((196, 200, 206), (206, 198, 188), (186, 198, 200), (204, 196, 204), (190, 190, 196))
    tone = tones[_int(random, len(tones))]
    ys, xs = np.mgrid[0:320, 0:320].astype(np.float32)
    away = np.hypot(xs - 160, ys - 130) / 240
    picture[:] = np.clip(np.array(lighter(tone, 0.35)) - np.clip(away, 0, 1)[..., None] * 62, 0, 255)


def _street(picture: Pixels, random: np.random.Generator) -> None:
    _sky(picture, (150, 196, 236), (214, 232, 244))
    walls: tuple[RGB, ...] = ((204, 128, 98), (222, 190, 140), (170, 150, 150), (198, 160, 120), (150, 160, 176))
    x = -float(_int(random, 30))
    while x < 320:
        width, top = 56 + _int(random, 40), 30 + _int(random, 70)
        wall = walls[_int(random, len(walls))]
        _box(picture, x, top, x + width, 262, wall)
        for row in range(int(top) + 14, 210, 34):
            for column in range(round(x) + 10, round(x + width) - 14, 24):
                _box(picture, column, row, column + 13, row + 20, mix(wall, (120, 160, 196), 0.75))
        _box(picture, x, 222, x + width, 232, mix(wall, (214, 60, 60), 0.7))
        x += width + 2
    _box(picture, 0, 262, 320, 320, (156, 154, 156))
    _box(picture, 0, 262, 320, 270, (196, 194, 190))


def _night_street(picture: Pixels, random: np.random.Generator) -> None:
    _sky(picture, (14, 16, 44), (44, 34, 82))
    neon: tuple[RGB, ...] = ((255, 84, 160), (60, 220, 240), (255, 196, 70), (150, 90, 255))
    x = -float(_int(random, 30))
    while x < 320:
        width, top = 50 + _int(random, 44), 20 + _int(random, 80)
        _box(picture, x, top, x + width, 268, (28, 26, 54))
        for row in range(int(top) + 12, 220, 26):
            for column in range(round(x) + 8, round(x + width) - 10, 18):
                if random.random() < 0.45:
                    _box(picture, column, row, column + 9, row + 13, (250, 214, 120))
        sign = neon[_int(random, 4)]
        _box(picture, x + 8, 204, x + width - 8, 222, sign)
        x += width + 2
    _sky(picture, (40, 34, 70), (26, 24, 48), (268, 320))
    for _ in range(9):
        at = _int(random, 0, 320)
        y, radius = 236 + _int(random, 60), 5 + _int(random, 9)
        _ball(picture, at, y, radius, mix(neon[_int(random, 4)], (40, 34, 70), 0.35))


def _park(picture: Pixels, random: np.random.Generator) -> None:
    _sky(picture, (150, 210, 246), (224, 242, 246), (0, 210))
    _sky(picture, (122, 190, 88), (86, 156, 68), (200, 320))
    for _ in range(8):
        x, y = _int(random, 0, 320), 96 + _int(random, 70)
        _box(picture, x - 6, y, x + 6, 226, (116, 82, 54))
        for _ in range(5):
            green = mix((60, 140, 62), (120, 190, 70), float(random.random()))
            _ball(picture, x + _int(random, -26, 27), y + _int(random, -30, 16), 22 + _int(random, 12), green)
    cv2.fillPoly(picture, [np.array([[120, 320], [150, 214], [166, 214], [230, 320]], np.int32)], (226, 206, 160))


def _beach(picture: Pixels, random: np.random.Generator) -> None:
    _sky(picture, (84, 180, 240), (206, 238, 250), (0, 150))
    _sky(picture, (22, 132, 186), (90, 206, 212), (150, 222))
    _sky(picture, (250, 226, 168), (232, 196, 130), (216, 320))
    _ball(picture, 60 + _int(random, 200), 50, 24, (255, 246, 190))
    for _ in range(5):
        x, y = _int(random, 0, 320), 20 + _int(random, 80)
        for dx in (-16, 0, 16):
            _ball(picture, x + dx, y, 12, (250, 252, 255))
    for row in (166, 182, 200):
        _box(picture, _int(random, 0, 200), row, _int(random, 220, 320), row + 3, (190, 236, 240))
    x = 30 + _int(random, 260)
    cv2.fillPoly(picture, [np.array([[x - 44, 196], [x, 160], [x + 44, 196]], np.int32)], (232, 70, 76))
    _box(picture, x - 2, 190, x + 2, 260, (240, 240, 236))


def _office(picture: Pixels, random: np.random.Generator) -> None:
    picture[:] = (214, 218, 222)
    _box(picture, 0, 0, 320, 46, (236, 238, 238))
    for x in range(-20, 320, 90):
        _box(picture, x, 14, x + 60, 28, (255, 255, 250))
    shift = _int(random, 60)
    for x in range(-60, 320, 110):
        _box(picture, x + shift, 70, x + shift + 86, 176, (168, 206, 232))
        for row in range(74, 176, 12):
            _box(picture, x + shift, row, x + shift + 86, row + 4, (226, 232, 236))
    _box(picture, 0, 216, 320, 320, (150, 154, 162))
    for x in (40 + shift, 190 + shift):
        _box(picture, x - 44, 206, x + 60, 222, (196, 160, 118))
        _box(picture, x - 26, 164, x + 26, 200, (40, 44, 52))
        _box(picture, x - 22, 168, x + 22, 196, (90, 150, 210))


def _mountains(picture: Pixels, random: np.random.Generator) -> None:
    _sky(picture, (140, 190, 232), (244, 236, 232), (0, 264))
    for depth, tone in enumerate(((152, 166, 200), (112, 130, 172), (78, 98, 134))):
        base = 150 + depth * 40
        for _ in range(4):
            x, tall, wide = _int(random, -20, 340), 70 + _int(random, 60), 70 + _int(random, 50)
            peak = np.array([[x - wide, base + 60], [x, base - tall], [x + wide, base + 60]], np.int32)
            cv2.fillPoly(picture, [peak], tone, cv2.LINE_AA)
            if depth < 2:
                snow_line = base - tall * 0.55
                snow = np.array([[x - wide * 0.3, snow_line], [x, base - tall], [x + wide * 0.3, snow_line]])
                cv2.fillPoly(picture, [snow.astype(np.int32)], (248, 250, 255), cv2.LINE_AA)
    _sky(picture, (226, 234, 244), (200, 212, 228), (264, 320))
    for _ in range(14):
        x, y = _int(random, 0, 320), 262 + _int(random, 40)
        tree = np.array([[x - 12, y], [x, y - 44], [x + 12, y]], np.int32)
        cv2.fillPoly(picture, [tree], (44, 82, 78), cv2.LINE_AA)


def _library(picture: Pixels, random: np.random.Generator) -> None:
    wood: RGB = (98, 62, 40)
    picture[:] = darker(wood, 0.35)
    covers: list[RGB] = [(164, 50, 46), (52, 84, 132), (60, 110, 76), (206, 166, 86), (112, 60, 104), (222, 206, 176)]
    for row in range(-10, 320, 62):
        x = 0.0
        while x < 320:
            wide, tall = 8 + _int(random, 9), 38 + _int(random, 13)
            _box(picture, x, row + 54 - tall, x + wide, row + 54, covers[_int(random, 6)])
            x += wide + 1
        _box(picture, 0, row + 54, 320, row + 62, lighter(wood, 0.1))
    for x in range(_int(random, 80), 320, 110):
        _box(picture, x, 0, x + 9, 320, wood)


_PAINTERS: dict[str, Callable[[Pixels, np.random.Generator], None]] = {
    "studio": _studio,
    "street": _street,
    "night_street": _night_street,
    "park": _park,
    "beach": _beach,
    "office": _office,
    "mountains": _mountains,
    "library": _library,
}
