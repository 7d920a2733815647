"""The bodies that hold cells, as stick figures: one to look at, and one whose joints are moved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from data.records import TakeInfo
from pipelines.variations import CellInfo
from workbench.components.filling import fill

__all__ = ["figure", "held", "pose_view"]

Points = Sequence[Mapping[str, Any]]


def pose_view(cell: CellInfo) -> str:
    """The body of a cell over the picture that stands in it, with its joints to be moved."""
    from blocks.pocket.skeleton import BONES, JOINTS

    current = cell.standing.current
    aspect = _aspect(current) or cell.aspect
    as_set = _as_set(cell.pose, cell.view, cell.aspect)
    return fill(
        "grid_pose.html",
        cell=cell,
        aspect=aspect,
        picture=current.picture.digest if current else "",
        points=json.dumps(_whole(cell.points, as_set)),
        as_set=json.dumps(as_set),
        bones=json.dumps(BONES),
        joints=[(name, name.replace("_", " ")) for name in JOINTS],
    )


def held(cell: CellInfo, take: TakeInfo | None) -> str:
    """The stick figure that held a take, or that will hold the next one; "" where there is none."""
    if not cell.pose:
        return ""
    points = (take.settings.get("points") or ()) if take else cell.points
    return figure(points or _as_set(cell.pose, cell.view, cell.aspect), _aspect(take) or cell.aspect)


def figure(points: Points, aspect: float) -> str:
    """A small SVG of joints and bones, in the colours of the picture that a model is led by."""
    from blocks.pocket.skeleton import BONES, JOINTS

    width, height = 100, round(100 * aspect, 1)
    seen = {
        JOINTS.index(point["name"]): (round(100 * float(point["x"]), 1), round(height * float(point["y"]), 1))
        for point in points
        if point.get("seen", True) and point.get("name") in JOINTS
    }
    bones = [(20 * n, *seen[a], *seen[b]) for n, (a, b) in enumerate(BONES) if a in seen and b in seen]
    dots = [(20 * place, x, y) for place, (x, y) in seen.items()]
    return fill("grid_figure.html", width=width, height=height, bones=bones, dots=dots)


def _whole(points: Points, as_set: Points) -> list[dict[str, Any]]:
    """All joints: those that were left out lie where they were set, unseen."""
    if not points:
        return [dict(point) for point in as_set]
    known = {point["name"]: dict(point) for point in points}
    return [known.get(point["name"], {**point, "seen": False}) for point in as_set]


def _as_set(pose: str, view: str, aspect: float) -> list[dict[str, Any]]:
    return [dict(point) for point in _cached(pose, view, aspect)]


@lru_cache(maxsize=64)
def _cached(pose: str, view: str, aspect: float) -> tuple[dict[str, Any], ...]:
    from blocks.grid.skeletons import pose_points

    return tuple(pose_points(pose, view, aspect))


def _aspect(take: TakeInfo | None) -> float:
    settings = take.settings if take else {}
    width, height = settings.get("width"), settings.get("height")
    return float(height) / float(width) if width and height else 0.0
