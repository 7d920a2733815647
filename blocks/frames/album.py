"""The chosen frames as files, and the people in them as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blocks.frames.looking import Pixels, Reader, write_png
from blocks.frames.seen import Seen, SeenFace
from blocks.frames.sources import read_still

__all__ = ["Album"]

_FACE, _MARGIN = 160, 0.35


class Album:
    """Frames that somebody was chosen from.

    Attributes:
        paths: the frames, PNG, in the order they were seen.
        faces: a small square picture of each person asked for.
    """

    def __init__(self, seen: Sequence[Seen], scratch: Path, reader: Reader) -> None:
        self._reader, self._scratch = reader, scratch
        self._seen = list(seen)
        self._place = {one.number: place for place, one in enumerate(seen)}
        self.paths: list[Path] = []
        self.faces: list[Path] = []
        for place, one in enumerate(seen):
            self.paths.append(scratch / f"frame_{place + 1:03d}.png")
            write_png(self.paths[-1], read_still(one.path))

    def person(
        self, identity: int, faces: Sequence[SeenFace], chosen: Sequence[SeenFace], total: int
    ) -> dict[str, Any]:
        """One person as JSON, see `blocks.frames.people.People`; their small picture joins `faces`.

        Args:
            faces: all that were found of them; `total` of everybody.
            chosen: those that stand for them, the best first.
        """
        members = [self._member(face) for face in chosen]
        self.faces.append(self._thumbnail(identity, chosen))
        return {
            "identity": identity,
            "count": len(faces),
            "share": round(len(faces) / total, 4),
            "views": dict(Counter(face.face.view for face in faces).most_common()),
            "frames": [member["frame"] for member in members],
            "members": members,
            "embedder": self._reader.embedder,
            "second_embedder": self._reader.second,
            "domain": self._reader.domain,
        }

    def _member(self, face: SeenFace) -> dict[str, Any]:
        place = self._place[face.frame]
        source = self._seen[place]
        second = self._reader.second_embedding(read_still(self.paths[place]), face.face) if self._reader.second else ()
        return {
            "frame": place,
            "file": source.file,
            "at": None if source.at is None else round(source.at, 3),
            "view": face.face.view,
            "yaw": face.face.yaw,
            "sharpness": round(face.sharpness, 4),
            "size": round(face.face.size, 1),
            "box": [round(float(side), 1) for side in face.face.box],
            "embedding": [round(float(x), 6) for x in face.embedding],
            "second": [round(float(x), 6) for x in second],
        }

    def _thumbnail(self, identity: int, chosen: Sequence[SeenFace]) -> Path:
        """The first chosen face that looks to the front, or else the first."""
        face = next((one for one in chosen if one.face.view == "front"), chosen[0])
        path = self._scratch / f"face_{identity + 1:02d}.png"
        write_png(path, _square(read_still(self.paths[self._place[face.frame]]), face.face.box))
        return path


def _square(picture: Pixels, box: Sequence[float]) -> Pixels:
    """The face with some of its surroundings, as a small square."""
    import cv2

    height, width = picture.shape[:2]
    half = max(box[2] - box[0], box[3] - box[1]) * (0.5 + _MARGIN)
    half = min(half, width / 2, height / 2)
    x = float(np.clip((box[0] + box[2]) / 2, half, width - half))
    y = float(np.clip((box[1] + box[3]) / 2, half, height - half))
    part = picture[round(y - half) : round(y + half), round(x - half) : round(x + half)]
    small: Pixels = cv2.resize(part, (_FACE, _FACE), interpolation=cv2.INTER_AREA)
    return small
