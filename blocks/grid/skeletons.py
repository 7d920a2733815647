"""The stick figures that hold the bodies of pose cells, with points that a person may move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blocks.block import block
from blocks.errors import InputError, UnknownName
from blocks.grid.joints import check_joints

__all__ = ["draw_pose", "pose_points"]

_SMALLEST, _LARGEST = 64, 4096  # pixels of a side


def pose_points(pose: str, view: str = "front", aspect: float = 2.0) -> list[dict[str, Any]]:
    """The 18 joints of a pose of the standard set, to be shown and moved.

    Args:
        pose: "bust", "upper_body", "standing", "walking" or "sitting".
        view: "front", "half_left" and so on; "back" shows no face.
        aspect: height of the picture by its width.

    Returns:
        For each joint ``name`` (OpenPose's), ``x`` and ``y`` in shares of width and height, and ``seen``.

    Raises:
        UnknownName: there is no such pose or view.
    """
    from blocks.pocket.figure import draw_figure
    from blocks.pocket.identity import identity
    from blocks.pocket.look import POSES, VIEWS, Look
    from blocks.pocket.skeleton import JOINTS

    if pose not in POSES or view not in VIEWS:
        raise UnknownName(f"There is no pose {pose!r} from the {view}; poses are {', '.join(POSES)}.")
    width, height = 256, max(_SMALLEST, round(256 * aspect))
    figure = draw_figure(identity(0), Look(pose=pose, view=view), width, height, oversample=1)
    return [
        {"name": name, "x": round(float(x) / width, 4), "y": round(float(y) / height, 4), "seen": bool(seen)}
        for name, (x, y), seen in zip(JOINTS, figure.points, figure.seen, strict=True)
    ]


@block(version="1")
def draw_pose(
    pose: str = "standing",
    view: str = "front",
    points: Sequence[Mapping[str, Any]] = (),
    width: int = 256,
    height: int = 512,
    *,
    scratch: Path,
) -> Path:
    """Draw the stick figure for a pose ControlNet, coloured as OpenPose's (Cao et al. 2017), as PNG.

    Args:
        pose, view: of the standard set.
        points: joints in their place, as `pose_points` gives them; those that are left out are not drawn.
        width, height: pixels.

    Raises:
        InputError: points that are none, or an impossible size. UnknownName: see `pose_points`.
    """
    import cv2

    from blocks.pocket.skeleton import draw_skeleton

    if not (_SMALLEST <= width <= _LARGEST and _SMALLEST <= height <= _LARGEST):
        raise InputError(f"A pose of {width}x{height} cannot be drawn; sides have {_SMALLEST} to {_LARGEST} pixels.")
    places, seen = _placed(points or pose_points(pose, view, height / width))
    picture = draw_skeleton(places * (width, height), seen, width, height)
    path = scratch / "pose.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


def _placed(points: Sequence[Mapping[str, Any]]) -> tuple[Any, Any]:
    """18x2 shares and which are seen.

    Raises:
        InputError: see `check_joints`.
    """
    from blocks.pocket.skeleton import JOINTS

    places, seen = np.zeros((len(JOINTS), 2)), np.zeros(len(JOINTS), bool)
    for point in check_joints(points):
        place = JOINTS.index(point["name"])
        places[place], seen[place] = (point["x"], point["y"]), point["seen"]
    return places, seen
