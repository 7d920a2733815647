"""Who is who: the characters that a picture should show, and the faces that are in it, one to one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["match"]

Floats = NDArray[np.floating]


def match(characters: Floats, faces: Floats) -> tuple[list[int | None], Floats]:
    """The assignment with the greatest sum of cosines (Kuhn 1955): nobody gets two faces, no face two people.

    Args:
        characters: K x D identities of length one.
        faces: F x D embeddings of length one, none missing.

    Returns:
        For each character the row of its face, or None where there are fewer faces than characters; and K x F cosines.
    """
    found: list[int | None] = [None] * len(characters)
    if not len(faces):
        return found, np.zeros((len(characters), 0))
    cosines = np.clip(characters @ faces.T, -1.0, 1.0)
    if len(characters) == 1:  # by far the commonest, and no reason to load a solver
        return [int(cosines[0].argmax())], cosines
    from scipy.optimize import linear_sum_assignment

    for character, face in zip(*linear_sum_assignment(cosines, maximize=True), strict=True):
        found[int(character)] = int(face)
    return found, cosines
