"""How a step's inputs were made, in a form that can be written into a file and read by a stranger.

It holds nothing of the person or the moment, so that equal inputs give equal files; who and when stand in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.engine.keys import environment
from pipelines.engine.plan import Plan, Source, Step, Value, feeding

__all__ = ["lineage"]


def lineage(plan: Plan, step: Step, keys: Mapping[str, str]) -> dict[str, Any]:
    """Every step that led to this one, with its parameters; files by name and SHA-256.

    Returns:
        ``{"pipeline", "title", "steps": [{"step", "block", "version", "key", "inputs"}], "software"}``
    """
    leading = feeding(plan, step.needs)
    steps = [
        {
            "step": s.name,
            "block": s.block.name,
            "version": s.block.version,
            "key": keys[s.name],
            "inputs": {port: shown for port, source in s.inputs.items() if (shown := _shown(source)) is not None},
        }
        for s in plan.steps
        if s.name in leading
    ]
    return {"pipeline": plan.name, "title": plan.title, "steps": steps, "software": environment()}


def _shown(source: Source) -> Any:
    """An input for strangers: no folders of this machine, and nothing that was left empty."""
    if not isinstance(source, Value):
        return f"{source.step}.{source.port}"
    match source.value:
        case "" | None:
            return None
        case str(text) if text.startswith(("/", "\\")) or text[1:3] == ":\\":
            return None
        case {"$blob": digest, "name": name}:
            return {"name": name, "sha256": digest}
    return source.value
