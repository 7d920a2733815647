"""The pictures that a drawing starts from, or is led by, for every try of a quality loop."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from blocks.block import block

__all__ = ["Start", "start_from"]


class Start(NamedTuple):
    """Arguments of `blocks.generate.generate`; what is None is not there."""

    image: Path | None
    mask: Path | None
    control_image: Path | None


@block(version="1")
def start_from(image: Path | None = None, mask: Path | None = None, control_image: Path | None = None) -> Start:
    """Hand on the picture to start from, the part of it to draw anew, and the picture that leads a ControlNet."""
    return Start(image, mask, control_image)
