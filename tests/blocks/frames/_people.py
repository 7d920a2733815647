"""Made-up people: flat cards whose colour says who it is, and a reader that sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np

from blocks.faces import Face

__all__ = ["CardReader", "blank", "card", "write_clip", "write_picture"]

Pixels = np.ndarray
SIDE = 64
COLOURS = {1: (220, 60, 60), 2: (60, 200, 80), 3: (70, 90, 220)}


def blank(width: int = 192, height: int = 128, level: int = 128) -> Pixels:
    """A picture with nobody in it."""
    picture = np.full((height, width, 3), level, np.uint8)
    picture[::8] = level + 20
    return picture


def card(
    *people: int, turn: int = 0, blur: int = 0, side: int = SIDE, width: int = 192, height: int = 128, level: int = 128
) -> Pixels:
    """People side by side; `turn` changes how each looks a little, and in the end from where it is seen."""
    import cv2

    picture = blank(width, height, level)
    for place, who in enumerate(people):
        left, top = 8 + place * 96, 24
        face = np.zeros((side, side, 3), np.uint8)
        face[:] = COLOURS[who]
        face[side // 4 : side // 2, 4 + turn % 24 : 14 + turn % 24] = 255
        face[::4] = face[::4] // 2
        picture[top : top + side, left : left + side] = face
    return cv2.blur(picture, (blur, blur)) if blur else picture


class CardReader:
    """Finds the cards: who it is by colour, the view by where the white mark is."""

    embedder, second, domain = "e" * 64, "f" * 64, "cards"

    def __init__(self) -> None:
        self.looked_at = 0

    def find_many(self, pictures: Sequence[Pixels], least: int = 1) -> list[list[Face]]:
        self.looked_at += len(pictures)
        return [self._find(picture) for picture in pictures]

    def second_embedding(self, picture: Pixels, face: Face) -> tuple[float, ...]:
        return _unit(7, 8)

    def _find(self, picture: Pixels) -> list[Face]:
        found = []
        for who, colour in COLOURS.items():
            hue = np.array(colour) / np.sum(colour)
            near = np.abs(picture / np.maximum(picture.sum(axis=2, keepdims=True), 1) - hue).sum(axis=2) < 0.12
            rows, columns = np.flatnonzero(near.sum(axis=1) > 6), np.flatnonzero(near.sum(axis=0) > 6)
            if len(rows) and len(columns):
                box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
                found.append(self._face(picture, who, box))
        return sorted(found, key=lambda face: -face.size)

    def _face(self, picture: Pixels, who: int, box: tuple[float, float, float, float]) -> Face:
        left, top, right, bottom = (round(side) for side in box)
        bright = picture[top:bottom, left:right].min(axis=2).sum(axis=0).astype(float)
        mark = int(bright.argmax())
        view = "front" if mark < 16 else "half_left"
        points = ((0.0, 0.0),) * 5
        return Face(box, points, 0.9, _unit(who, mark), 0.0, view, min(box[2] - box[0], box[3] - box[1]))


def _unit(who: int, detail: int) -> tuple[float, ...]:
    """Near others of the same person, far from everybody else."""
    vector = np.random.default_rng(who).normal(size=512)
    vector += 0.6 * np.random.default_rng([who, detail]).normal(size=512)
    return tuple((vector / np.linalg.norm(vector)).tolist())


def write_picture(path: Path, pixels: Pixels) -> Path:
    import cv2

    path.write_bytes(cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
    return path


def write_clip(path: Path, frames: Sequence[Pixels], fps: int = 10) -> Path:
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path
