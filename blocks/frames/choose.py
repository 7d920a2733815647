"""Which frames stand for a person: sharp and large ones, from many sides and scenes, no two alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blocks.frames.seen import SeenFace

__all__ = ["choose"]

_SAME = 0.985
"""Cosine from which two faces of one view in one scene are the same picture again."""

_VIEW, _SCENE, _ALIKE = 0.12, 0.1, 0.3
"""What a frame loses for each chosen one that shows the same view, or the same scene; and for being like one."""


def choose(faces: Sequence[SeenFace], most: int) -> tuple[list[int], dict[int, str]]:
    """Choose up to `most` faces of one person.

    Returns:
        Places of those that are chosen, the best first; why each of the others was left out.
    """
    worth = _worth(faces)
    vectors = np.stack([face.embedding for face in faces])
    nearest = np.full(len(faces), -1.0)
    views, scenes = Counter[str](), Counter[tuple[str, int]]()
    chosen: list[int] = []
    why: dict[int, str] = {}
    left = set(range(len(faces)))
    while left and len(chosen) < most:
        value = worth - _ALIKE * np.maximum(nearest, 0)
        value -= [_VIEW * views[face.face.view] + _SCENE * scenes[face.scene] for face in faces]
        best = max(sorted(left), key=value.__getitem__)
        left.remove(best)
        chosen.append(best)
        views[faces[best].face.view] += 1
        scenes[faces[best].scene] += 1
        likeness = vectors @ vectors[best]
        nearest = np.maximum(nearest, likeness)
        again = [i for i in left if likeness[i] >= _SAME and _same_moment(faces[i], faces[best])]
        why.update(dict.fromkeys(again, "duplicate"))
        left.difference_update(again)
    return chosen, why | dict.fromkeys(left, "not chosen")


def _same_moment(a: SeenFace, b: SeenFace) -> bool:
    return a.face.view == b.face.view and a.scene == b.scene


def _worth(faces: Sequence[SeenFace]) -> NDArray[np.floating]:
    """0 to 1 by rank among these faces: sharpness counts most, then size, then how sure the detector is."""
    parts = ((one.sharpness, one.face.size, one.face.confidence) for one in faces)
    ranks = np.array(list(parts)).argsort(axis=0, kind="stable").argsort(axis=0) / max(1, len(faces) - 1)
    worth: NDArray[np.floating] = ranks @ np.array([0.6, 0.3, 0.1])
    return worth
