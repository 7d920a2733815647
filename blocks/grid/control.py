"""A cell's pose as what a model is led by: a stick figure and the ControlNet that reads it, or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.grid.skeletons import draw_pose

__all__ = ["Held", "hold_pose"]

_WIDTH, _HEIGHT = 256, 512


class Held(NamedTuple):
    """Arguments of `blocks.generate.generate`: ``control_image`` and ``control``."""

    picture: Path | None
    control: str


@block(version="1")
def hold_pose(
    pose: str = "",
    view: str = "front",
    points: Sequence[Mapping[str, Any]] = (),
    control: str = "",
    width: int = 0,
    height: int = 0,
    *,
    scratch: Path,
) -> Held:
    """The stick figure of a pose, if there is a pose and something that reads it.

    Args:
        pose, view, points: see `blocks.grid.skeletons.draw_pose`.
        control: name of a ControlNet; "" where the model has none, and its words must do.
        width, height: of the picture to draw; 0 for the usual size.
    """
    if not control or not (pose or points):
        return Held(None, "")
    return Held(draw_pose(pose, view, points, width or _WIDTH, height or _HEIGHT, scratch=scratch), control)
