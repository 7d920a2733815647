"""How a step's inputs were made, in a form that can be written into a file and read by a stranger.

It holds nothing of the person or the moment, so that equal inputs give equal files; who and when stand in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.results import blob_refs
from pipelines.engine.keys import digest, environment
from pipelines.engine.plan import Plan, Source, Step, Value, feeding

__all__ = ["lineage"]

_MOST_FILES = 32  # of a longer list, a hash of their hashes: a recipe must fit into a picture


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
            "inputs": {port: shown for port in s.inputs if (shown := _shown(plan.source(s, port))) is not None},
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
        case list(items) if len(files := list(blob_refs(items))) > _MOST_FILES:
            return {"files": len(files), "sha256": digest([file.digest for file in files])}
    return _named(source.value)


def _named(value: Any) -> Any:
    """Files by what identifies them anywhere."""
    match value:
        case {"$blob": found, "name": name}:
            return {"name": name, "sha256": found}
        case list(items):
            return [_named(item) for item in items]
    return value
