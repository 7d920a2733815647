"""What the commands that draw pictures share: the settings of a model, and the pictures copied out."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import JobInfo, TakeInfo
    from pipelines import Lab

__all__ = ["add_settings", "copied_out", "failures", "settings_of"]

_PASSED_ON = ("negative", "steps", "guidance", "sampler", "width", "height", "reference_scale", "pack")


def add_settings(command: argparse.ArgumentParser, weighed: str) -> None:
    """Options for the settings of a model; `weighed` says what the weight is of."""
    command.add_argument("--steps", type=int, help="steps (default: what suits the model)")
    command.add_argument("--guidance", type=float, help="guidance (default: what suits the model)")
    command.add_argument("--sampler", help="sampler (default: the model's own)")
    command.add_argument("--width", type=int, help="in pixels (default: what suits the model)")
    command.add_argument("--height", type=int, help="in pixels")
    command.add_argument("--reference-scale", type=float, metavar="X", help=f"weight of {weighed}, 0 to 2")
    command.add_argument("--pack", metavar="ID", help="face pack (default: the lab's own)")


def settings_of(args: argparse.Namespace) -> dict[str, Any]:
    """Those that were given, as `Lab.generate` and `Lab.blend` take them."""
    return {name: value for name in _PASSED_ON if (value := getattr(args, name)) is not None}


def failures(done: Sequence[JobInfo]) -> list[dict[str, str]]:
    """The jobs that came to nothing, and why."""
    return [{"job": job.id, "error": job.error or job.state.lower()} for job in done if job.state != "SUCCEEDED"]


def copied_out(lab: Lab, take: TakeInfo, folder: Path, stem: str) -> str:
    """Copy a take's picture into a folder under a name of its own; where it lies."""
    from pipelines.show import put_into

    return str(put_into(lab, replace(take.picture, name=f"{stem}{Path(take.picture.name).suffix}"), folder))
