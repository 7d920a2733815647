"""Faces as a LoRA is judged by them: the largest in a picture, by both recognisers of a face pack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import NotAvailable
from blocks.faces import open_faces

__all__ = ["Seen", "alike", "look_at", "middle"]

Vector = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture's largest face.

    Attributes:
        first, second: embeddings of length one; None where the recogniser gave nothing, or there is no second.
        view: as in `blocks.faces.Face`.
    """

    first: Vector | None
    second: Vector | None
    view: str


def look_at(pictures: Sequence[Any], pack: str = "", models: str = "") -> list[Seen | None] | None:
    """The largest face of each picture (HxWx3 8-bit RGB), None where there is none; None if there is no face pack."""
    try:
        reader = open_faces(pack, models)
    except NotAvailable:
        return None
    found = [faces[0] if faces else None for faces in reader.find_many(pictures)]
    wanted = [(picture, face) for picture, face in zip(pictures, found, strict=True) if face is not None]
    second = iter(reader.second_embeddings(wanted))
    return [None if face is None else Seen(_vector(face.embedding), _vector(next(second)), face.view) for face in found]


def middle(embeddings: Sequence[Vector | None]) -> Vector | None:
    """The mean of those that are there, of length one."""
    known = [one for one in embeddings if one is not None]
    if not known:
        return None
    mean: Vector = np.mean(known, axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def alike(one: Vector | None, other: Vector | None) -> float | None:
    """The cosine of two embeddings; None if either is missing."""
    return None if one is None or other is None else round(float(one @ other), 4)


def _vector(values: Sequence[float]) -> Vector | None:
    return np.asarray(values, dtype=np.float64) if len(values) else None
