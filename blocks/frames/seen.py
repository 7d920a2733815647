"""Frames as they were looked at, the faces in them, and a record of what was left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.faces import Face
from blocks.frames.measure import face_sharpness

__all__ = ["REASONS", "Dropped", "Seen", "SeenFace", "seen_face"]

REASONS = ("unreadable", "no face", "too small", "too dark", "blurred", "extreme pose", "duplicate", "not chosen")

_LISTED = 200  # of each reason by name; of the rest only the number is told


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face and what its frame says of it, small enough to keep thousands.

    Attributes:
        frame: number of the frame it is in.
        scene: file and number of the shot; a picture is a scene of its own.
        sharpness: see `blocks.frames.measure.face_sharpness`.
        embedding: 512 numbers of length one, as float32.
        face: as it was found, without its embedding.
    """

    frame: int
    scene: tuple[str, int]
    sharpness: float
    embedding: NDArray[np.float32]
    face: Face

    @property
    def worth(self) -> float:
        """Sharpness, less where the face is smaller than recognisers want it."""
        return self.sharpness * min(1.0, self.face.size / 112)


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame with faces.

    Attributes:
        path: where its pixels are.
        file: name of the file it comes from; ``at`` is its second in a clip, None for a picture.
    """

    path: Path
    file: str
    at: float | None
    faces: tuple[SeenFace, ...]

    @property
    def number(self) -> int:
        """Of the frame, among all that were looked at."""
        return self.faces[0].frame


@dataclass(slots=True)
class Dropped:
    """What was left out: the first of each reason by name, of all the number."""

    counts: Counter[str] = field(default_factory=Counter)
    named: list[dict[str, Any]] = field(default_factory=list)

    def add(self, file: str, at: float | None, why: str, detail: str = "") -> None:
        """A frame, and one of `REASONS`."""
        self.counts[why] += 1
        if self.counts[why] <= _LISTED:
            moment = None if at is None else round(at, 3)
            self.named.append({"file": file, "at": moment, "why": why} | ({"detail": detail} if detail else {}))

    def records(self) -> list[dict[str, Any]]:
        """Every frame that is named, then for each reason how many more there are, as ``count``."""
        more = {why: number - _LISTED for why, number in self.counts.items() if number > _LISTED}
        return self.named + [{"file": "", "at": None, "why": why, "count": number} for why, number in more.items()]

    def __str__(self) -> str:
        return ", ".join(f"{number} {why}" for why, number in self.counts.most_common())


def seen_face(face: Face, picture: NDArray[np.uint8], frame: int, scene: tuple[str, int]) -> SeenFace:
    """A face with its sharpness, and its embedding in a tenth of the memory."""
    embedding = np.array(face.embedding, np.float32)
    return SeenFace(frame, scene, face_sharpness(picture, face.box), embedding, replace(face, embedding=()))
