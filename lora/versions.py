"""Versions of a LoRA are files; the step that one was kept at is in its name."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["step_of", "version_name"]


def version_name(step: int) -> str:
    """The file of a version."""
    return f"step-{step:06d}.safetensors"


def step_of(name: str | Path) -> int:
    """The step of a version's file; 0 if it names none."""
    return int(re.sub(r"\D", "", Path(name).stem) or 0)
