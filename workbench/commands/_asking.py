"""The question before long or large work, at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines import Lab

__all__ = ["agreed"]


def agreed(lab: Lab, planned: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
    """Whether to go on: yes below the limits of the settings, and for a program; else what the person answers.

    Args:
        planned: pipeline and inputs of each job.
    """
    from blocks.errors import InputError
    from workbench.confirm import question

    if not _at_a_terminal():
        return True
    estimates = []
    for pipeline, inputs in planned:
        with suppress(InputError):  # what cannot be used is reported when it is submitted
            estimates.append(lab.estimate(pipeline, inputs))
    asked = question(estimates, lab.settings)
    if not asked:
        return True
    print(f"{asked} Start it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    print("Nothing was started.", file=sys.stderr)
    return False


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
