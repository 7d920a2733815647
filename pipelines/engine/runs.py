"""One execution of a step, and how a step of a job in flight stands.

A plain step has one run (item -1), a scattered step one an item.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from data.records import StepState
from pipelines.engine.plan import Step

__all__ = ["SKIPPED", "Progressing", "Run"]

SKIPPED = "$skipped"
"""In place of ports, of a step that found that it is not needed: why (see `blocks.errors.Skipped`)."""


@dataclass
class Run:
    """One execution of a step."""

    step: Step
    item: int
    key: str
    inputs: dict[str, Any]
    recipe: dict[str, Any]
    state: StepState = "waiting"
    fraction: float = 0.0
    seconds: float | None = None
    outputs: dict[str, Any] | None = None


@dataclass
class Progressing:
    """What a step looks like from outside while the job runs."""

    state: StepState = "waiting"
    key: str = ""
    runs: list[Run] = field(default_factory=list)
    seconds: float | None = None
    note: str = ""
    error: str | None = None
