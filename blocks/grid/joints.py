"""The joints of a body that a person may move: where each lies in its picture, and whether it is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from blocks.errors import InputError

__all__ = ["NEAREST", "check_joints"]

NEAREST = (-4.0, 5.0)
"""Shares of a picture's sides between which a joint may lie: of a bust the feet are far below it."""


def check_joints(points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Joints as they are kept, each once: ``name``, ``x`` and ``y`` in shares of width and height, and ``seen``.

    Raises:
        InputError: one is no joint or lies nowhere, or none of them is seen.
    """
    from blocks.pocket.skeleton import JOINTS

    kept: dict[str, dict[str, Any]] = {}
    for point in points:
        if not isinstance(point, Mapping):
            raise InputError(f"{str(point)[:80]!r} is no joint; give its name, x and y.")
        name, at = str(point.get("name")), (point.get("x"), point.get("y"))
        if name not in JOINTS:
            raise InputError(f"A body has no joint {name!r}; it has {', '.join(JOINTS)}.")
        if not all(_is_share(value) for value in at):
            raise InputError(f"The {name.replace('_', ' ')} lies at {at}; give shares of width and height, 0 to 1.")
        x, y = (round(float(value), 4) for value in at)  # type: ignore[arg-type]
        kept[name] = {"name": name, "x": x, "y": y, "seen": bool(point.get("seen", True))}
    if kept and not any(point["seen"] for point in kept.values()):
        raise InputError("No joint of this pose is seen; let some be drawn.")
    return list(kept.values())


def _is_share(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and NEAREST[0] <= value <= NEAREST[1]
