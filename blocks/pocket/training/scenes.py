"""Pictures for the detector: faces of all sizes, alone and in company, on bodies, and places without anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from blocks.pocket.backdrop import draw_backdrop
from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.figure import draw_figure
from blocks.pocket.identity import identity
from blocks.pocket.look import BACKGROUNDS, POSES, random_look
from blocks.pocket.training.renders import Renders

__all__ = ["SIDE", "Scene", "draw_figures", "scenes"]

SIDE = 192


@dataclass(frozen=True)
class Scene:
    """A training picture: SxSx3, and the faces in it (Fx4 boxes, Fx5x2 landmarks, pixels)."""

    picture: Pixels
    boxes: Floats
    marks: Floats


def scenes(renders: Renders, figures: list[Scene], random: np.random.Generator) -> Iterator[Scene]:
    """Pictures without end: one large face, several small ones, bodies, and places without anybody."""
    while True:
        kind = random.random()
        if kind < 0.55:  # as pictures of a head are searched: a face of 100 to 150 pixels
            yield _pasted(renders, random, 1, (0.9, 3.2) if kind < 0.2 else (1.9, 2.9))
        elif kind < 0.80:
            yield _pasted(renders, random, int(random.integers(1, 5)), (0.22, 1.0))
        elif kind < 0.94:
            yield _window(figures[int(random.integers(len(figures)))], random)
        else:
            yield _pasted(renders, random, 0, (1.0, 1.0))


def _pasted(renders: Renders, random: np.random.Generator, count: int, sizes: tuple[float, float]) -> Scene:
    place = BACKGROUNDS[int(random.integers(len(BACKGROUNDS)))]
    picture = draw_backdrop(place, SIDE, SIDE, int(random.integers(5000))).copy()
    if random.random() < 0.2:
        picture[:] = random.integers(0, 256, 3)
    boxes, marks = np.zeros((0, 4)), np.zeros((0, 5, 2))
    for _ in range(count):
        row = int(random.integers(len(renders.pictures)))
        zoom = float(np.exp(random.uniform(*np.log(sizes))))
        side = max(20, round(128 * zoom))
        method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
        portrait = cv2.resize(renders.pictures[row], (side, side), interpolation=method)
        truth, points = renders.boxes[row] * side / 128, renders.landmarks[row] * side / 128
        if random.random() < 0.5:
            portrait, truth, points = _mirrored(portrait, truth, points)
        # The whole face stays in the picture if it can; the rest of the portrait need not.
        spare = np.maximum(SIDE - (truth[2:] - truth[:2]), 0)
        shift = np.floor(random.uniform(0, 1, 2) * spare - truth[:2]).astype(int)
        if np.any(truth[2:] - truth[:2] > SIDE * 1.05):
            continue
        moved = truth + np.tile(shift, 2)
        if len(boxes) and np.any(_overlap(moved, boxes) > 0.02):
            continue
        _paste(picture, portrait, (int(shift[0]), int(shift[1])))
        hidden = _overlap_share(boxes, (shift[0], shift[1], shift[0] + side, shift[1] + side))
        boxes, marks = boxes[hidden < 0.3], marks[hidden < 0.3]
        boxes, marks = np.concatenate([boxes, moved[None]]), np.concatenate([marks, (points + shift)[None]])
    return Scene(_weather(picture, random), boxes, marks)


def _mirrored(picture: Pixels, box: Floats, marks: Floats) -> tuple[Pixels, Floats, Floats]:
    side = picture.shape[1]
    flipped = marks[[1, 0, 2, 4, 3]] * [-1, 1] + [side, 0]
    return np.ascontiguousarray(picture[:, ::-1]), np.array([side - box[2], box[1], side - box[0], box[3]]), flipped


def _paste(picture: Pixels, part: Pixels, at: tuple[int, int]) -> None:
    left, top = max(0, at[0]), max(0, at[1])
    right, bottom = min(picture.shape[1], at[0] + part.shape[1]), min(picture.shape[0], at[1] + part.shape[0])
    if left < right and top < bottom:
        picture[top:bottom, left:right] = part[top - at[1] : bottom - at[1], left - at[0] : right - at[0]]


def _overlap(box: Floats, boxes: Floats) -> Floats:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared: Floats = np.prod(np.clip(high - low, 0, None), axis=1)
    return shared / np.prod(box[2:] - box[:2])


def _overlap_share(boxes: Floats, cover: tuple[float, ...]) -> Floats:
    low, high = np.maximum(boxes[:, :2], cover[:2]), np.minimum(boxes[:, 2:], cover[2:])
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    result: Floats = np.prod(np.clip(high - low, 0, None), axis=1) / np.maximum(area, 1)
    return result


def _window(scene: Scene, random: np.random.Generator) -> Scene:
    """A square of a larger picture that holds whole faces or none."""
    height, width = scene.picture.shape[:2]
    left, top = int(random.integers(width - SIDE + 1)), int(random.integers(height - SIDE + 1))
    picture = scene.picture[top : top + SIDE, left : left + SIDE].copy()
    boxes, marks = scene.boxes - [left, top, left, top], scene.marks - [left, top]
    inside = (boxes.min(axis=1) >= -4) & (boxes.max(axis=1) <= SIDE + 4) if len(boxes) else np.zeros(0, bool)
    if not inside.all():
        for box in boxes[~inside].astype(int):  # half a face is neither a face nor nothing
            picture[max(0, box[1]) : max(0, box[3]), max(0, box[0]) : max(0, box[2])] = 128
    return Scene(_weather(picture, random), boxes[inside], marks[inside])


def _weather(picture: Pixels, random: np.random.Generator) -> Pixels:
    if random.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), float(random.uniform(0.4, 2.0)))
    rough = picture.astype(np.float32) * random.uniform(0.7, 1.2) + random.uniform(-15, 15)
    if random.random() < 0.3:
        rough = rough + random.normal(0, random.uniform(2, 8), rough.shape)
    result: Pixels = np.clip(rough, 0, 255).astype(np.uint8)
    return result


def draw_figures(count: int, random: np.random.Generator) -> list[Scene]:
    """Bodies in all poses and views, from behind too, in which no face may be found."""
    drawn = []
    for number in range(count):
        view = {"view": "back"} if number % 6 == 0 else {}
        look = random_look(random, pose=POSES[number % len(POSES)], **view)
        figure = draw_figure(identity(number, "training"), look, 224, 288, seed=number, oversample=1)
        face = figure.face
        boxes = np.array([face.box]) if face else np.zeros((0, 4))
        drawn.append(Scene(figure.picture, boxes, face.landmarks[None] if face else np.zeros((0, 5, 2))))
    return drawn
