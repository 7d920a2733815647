"""How alike two pictures are to the eye, by small copies of them: for near-duplicates, and how much a set varies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["NEAR", "Signature", "apart", "near_duplicates", "signature", "variety"]

Signature = NDArray[np.float32]
"""A picture as 32x32 colours, 0 to 1."""

NEAR = 0.028
"""How far apart, at the part where they differ most, two pictures are that show the same: a smaller copy at JPEG
quality 70 is at 0.024, the faintest other expression of a pocket portrait at 0.031."""

_SIDE, _CELLS = 32, 8


def signature(picture: Image.Image) -> Signature:
    """A picture's small copy."""
    from PIL import Image

    small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def apart(one: Signature, other: Signature) -> float:
    """0 for the same, 1 for black and white: the mean difference in that eighth by eighth of it that differs most.

    A mean over all of the picture would not see a smile.
    """
    size = _SIDE // _CELLS
    cells = np.abs(one - other).mean(axis=2).reshape(_CELLS, size, _CELLS, size).mean(axis=(1, 3))
    return float(cells.max())


def near_duplicates(signatures: Sequence[Signature], near: float = NEAR) -> dict[int, int]:
    """Places of pictures that show what an earlier one shows, and that one's place."""
    found: dict[int, int] = {}
    for place, one in enumerate(signatures):
        for before in range(place):
            if before not in found and apart(one, signatures[before]) < near:
                found[place] = before
                break
    return found


def variety(signatures: Sequence[Signature]) -> float:
    """How much pictures differ from each other on the whole, 0 (all the same) to about 0.4."""
    if len(signatures) < 2:
        return 0.0
    flat = np.stack([one.ravel() for one in signatures])
    return float(np.mean([np.abs(flat[n + 1 :] - flat[n]).mean() for n in range(len(flat) - 1)]))
