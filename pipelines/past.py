"""What the store remembers of steps, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data import results
from data.records import StepInfo
from data.store import Store
from pipelines.engine.plan import Plan
from pipelines.engine.runs import SKIPPED
from pipelines.engine.values import as_plain

__all__ = ["finished_steps", "standing"]


def finished_steps(store: Store, rows: list[dict[str, Any]]) -> list[StepInfo]:
    """A job's steps as the store knows them.

    Args:
        rows: see `data.jobs.step_rows`.
    """
    wholes = [row for row in rows if row["item"] < 0]
    keys = [row["key"] for row in wholes]
    outputs, recipes = results.lookup(store, keys), results.recipes(store, keys)
    names = {row["key"]: row["name"] for row in wholes}
    infos = []
    for row in wholes:
        items = [r["state"] for r in rows if r["name"] == row["name"] and r["item"] >= 0]
        given = recipes.get(row["key"], {}).get("inputs", {})
        infos.append(
            StepInfo(
                name=row["name"],
                state=row["state"],
                key=row["key"],
                seconds=row["seconds"],
                items=len(items),
                done=sum(state in ("done", "reused") for state in items),
                ran=items.count("done") if items else int(row["state"] == "done" and row["seconds"] is not None),
                reused=items.count("reused") if items else int(row["state"] == "reused"),
                progress=float(row["state"] in ("done", "reused")),
                note=outputs.get(row["key"], {}).get(SKIPPED, ""),
                error=row["error"],
                inputs={port: _shown(source, names) for port, source in given.items()},
                outputs=_plain(outputs.get(row["key"], {})),
            )
        )
    return infos


def standing(plan: Plan, keys: Mapping[str, str], known: Mapping[str, dict[str, Any]]) -> list[StepInfo]:
    """Steps that were not asked for: as good as done where their result is known, or not needed.

    Args:
        keys: by step; known: results by key.
    """
    left_out: dict[str, str] = {}
    infos = []
    for step in plan.steps:
        key = keys[step.name]
        outputs = known.get(key)
        why = (outputs or {}).get(SKIPPED) or (step.lacks(left_out) if outputs is None else "")
        if why:
            left_out[step.name] = why
            infos.append(StepInfo(step.name, "skipped", key, note=why))
        elif outputs is None:
            infos.append(StepInfo(step.name, "waiting", key))
        else:
            infos.append(StepInfo(step.name, "reused", key, reused=1, progress=1.0, outputs=_plain(outputs)))
    return infos


def _plain(outputs: dict[str, Any]) -> dict[str, Any]:
    return {port: as_plain(value) for port, value in outputs.items() if port != SKIPPED}


def _shown(source: dict[str, Any], names: Mapping[str, str]) -> Any:
    """An input in a recipe for people: its value, or the step and port it came from."""
    if "value" in source:
        return as_plain(source["value"])
    if "keys" in source:
        return f"{len(source['keys'])} items"
    return f"{names.get(source['key'], source['key'][:12])}.{source['port']}"
