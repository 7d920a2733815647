"""What a run would cost on this machine, without what is already known."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from data import results
from data.records import Estimate, FileRef, StepInfo
from data.store import Store
from pipelines.catalog import Work
from pipelines.engine.plan import Plan

__all__ = ["UNTOLD", "blocks_due", "cost", "kept"]

UNTOLD = Estimate(None, None, "This chain does not say how much it has to do.")


def cost(store: Store, works: Iterable[Work], due: frozenset[str] | None) -> Estimate:
    """Time and space of an amount of work.

    Args:
        due: blocks that will run; None: all of them.
    """
    seconds, size, measured, guessed, told = 0.0, 0, 0, 0, False
    for work in works:
        told = True
        if due is not None and work.block not in due:
            continue
        rates = results.rates(store, work.block, dict(work.like))
        seconds += work.units * (statistics.median(rates) if rates else work.guess)
        size += work.bytes
        measured, guessed = measured + len(rates), guessed + (not rates)
    if not told:
        return UNTOLD
    if not measured and not guessed:
        return Estimate(0.0, 0, "all of it is known already")
    basis = f"from {measured} earlier runs on this machine" if not guessed else "a first guess, never run here"
    return Estimate(seconds, size, basis)


def blocks_due(plan: Plan, standing: Iterable[StepInfo], targets: Iterable[str] = ()) -> frozenset[str]:
    """Names of the blocks that run on the way to the targets (the last steps, if none are named).

    Args:
        standing: every step as it stands before the run.
    """
    ended = {step.name for step in standing if step.state in ("reused", "skipped")}
    needed = set(targets) or set(plan.results)
    for step in reversed(plan.steps):
        if step.name in needed and step.name not in ended:
            needed.update(step.needs)
    return frozenset(s.block.name for s in plan.steps if s.call is not None and s.name in needed - ended)


def kept(plan: Plan, inputs: Mapping[str, Any]) -> bool:
    """Whether every file among the inputs is one that the lab has: it costs nothing to see what is known of those."""
    given = [inputs[info.name] for info in plan.inputs if info.file and inputs.get(info.name) is not None]
    files = [one for value in given for one in (value if isinstance(value, list) else [value])]
    return all(isinstance(one, FileRef) for one in files)
