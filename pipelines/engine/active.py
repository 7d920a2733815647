"""A job in flight: which of its runs may start, what they gave, how far it all is.

Pure bookkeeping, without processes or a store, so that it can be tested by hand.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data.records import JobInfo, StepInfo, StepState
from pipelines.engine.keys import step_key
from pipelines.engine.plan import Each, From, Plan, Source, Step, Value, feeding
from pipelines.engine.runs import SKIPPED, Progressing, Run
from pipelines.engine.values import as_plain

__all__ = ["Active"]

_UNKNOWN_ITEMS = 10  # how many items a scattered step is taken to have until its list is known


class Active:
    """One attempt of a job."""

    def __init__(self, job: JobInfo, plan: Plan, *, gpu: bool = False) -> None:
        """
        Args:
            plan: with the job's inputs bound.
            gpu: whether the machine has one.

        Attributes:
            typical: median seconds of a block's past runs, by block name; weighs the steps in `progress`.
        """
        self.job, self.plan, self.gpu = job, plan, gpu
        self.salts = dict(job.options.get("salts", {}))
        self.salts.update((s.name, job.id) for s in plan.steps if not s.cached)
        self.keys = plan.keys(self.salts, gpu=gpu)
        self.steps = {s.name: Progressing(key=self.keys[s.name]) for s in plan.steps}
        self.outputs: dict[str, dict[str, Any]] = {}
        self.left_out: dict[str, str] = {}  # steps that were not needed and gave nothing, and why
        self.ready: deque[Run] = deque()
        self.running: dict[str, Run] = {}
        self.cancelling = False
        self.cancelled_by = ""
        self.unmoved = True  # still QUEUED in the store
        self.lost = ""  # why facts that this attempt rests on were not written
        self.preview: str | None = None
        self.previews: list[str] = []
        self.note = ""
        self.began = time.monotonic()
        self.typical: Mapping[str, float] = {}
        self.targets = set(job.options.get("targets") or plan.results)
        self.ends = plan.ends
        self._left: dict[str, int] = {}
        self._followers: dict[str, list[Step]] = {}

    # -- what is already known -------------------------------------------------------------------------------------

    def start(self, known: Mapping[str, dict[str, Any]]) -> None:
        """Take over known results and find what must run: only what leads to a target that is not known."""
        wanted = feeding(self.plan, self.targets)
        needed = set(self.targets)
        for step in reversed(self.plan.steps):
            if step.name in needed and self.keys[step.name] not in known:
                needed.update(step.needs)
        for step in self.plan.steps:
            outputs = known.get(self.keys[step.name])
            if outputs is not None and step.name in wanted:
                self.steps[step.name].state = "reused"
                self._give(step, outputs)
            elif step.name not in needed:
                self.steps[step.name].state = "skipped"
            elif why := step.lacks(self.left_out):
                self._give(step, {SKIPPED: why})
        waiting = [s for s in self.plan.steps if self.steps[s.name].state == "waiting"]
        for step in waiting:
            open_needs = [n for n in step.needs if self.steps[n].state == "waiting"]
            self._left[step.name] = len(open_needs)
            for need in open_needs:
                self._followers.setdefault(need, []).append(step)

    def reused(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """What every run of the steps that were known has given: step, item, outputs."""
        for step in self.plan.steps:
            outputs = self.outputs.get(step.name)
            if outputs is None or self.steps[step.name].state != "reused":
                continue
            if not step.scattered:
                yield step.name, -1, outputs
                continue
            for item in range(max((len(list_) for list_ in outputs.values()), default=0)):
                yield step.name, item, {port: list_[item] for port, list_ in outputs.items()}

    def startable(self) -> list[Step]:
        """Steps that wait for nobody."""
        return [step for step in self.plan.steps if self._left.get(step.name) == 0]

    # -- steps become runs ------------------------------------------------------------------------------------------

    def open(self, step: Step) -> list[Run]:
        """The runs of a step whose inputs are all there; a pass-through step has none and is done at once."""
        if step.call is None:
            self.steps[step.name].state = "done"
            values = {port: self._value(source) for port, source in step.handed_on()}
            if step.choice:
                values = {
                    port: v
                    for port, value in values.items()
                    for v in (value[:1] if isinstance(value, list) else [value])
                }
            self.outputs[step.name] = {port: value for port, value in values.items() if value is not _ABSENT}
            return []
        items = self._items(step) if step.scattered else [None]
        runs = [self._run(step, i if step.scattered else -1, item) for i, item in enumerate(items)]
        self.steps[step.name].runs = runs
        self.steps[step.name].state = "running"
        return runs

    def finish_run(self, run: Run, outputs: dict[str, Any], seconds: float | None, *, reused: bool = False) -> None:
        """A run gave its outputs."""
        state: StepState = "skipped" if SKIPPED in outputs else "reused" if reused else "done"
        run.state, run.fraction, run.outputs, run.seconds = state, 1.0, outputs, seconds

    def step_complete(self, step: Step) -> bool:
        """Whether every run of an opened step is finished."""
        return all(run.outputs is not None for run in self.steps[step.name].runs)

    def close(self, step: Step) -> list[Step]:
        """Put a complete step's outputs together; the steps that can start now."""
        about = self.steps[step.name]
        if step.call is not None:
            about.state = "reused" if about.runs and all(r.state == "reused" for r in about.runs) else "done"
            self._give(step, self._gathered(step, about.runs))
            times = [r.seconds for r in about.runs if r.seconds is not None]
            about.seconds = sum(times) if times else None
        return self._freed(step)

    @property
    def complete(self) -> bool:
        """Whether every target is there, or was found not to be needed."""
        return all(name in self.outputs or name in self.left_out for name in self.targets)

    def settle(self) -> None:
        """The job is over: what has not ended was cancelled."""
        for about in self.steps.values():
            if about.state in ("waiting", "running"):
                about.state = "cancelled"
            for run in about.runs:
                if run.state in ("waiting", "running"):
                    run.state = "cancelled"

    # -- how it stands ----------------------------------------------------------------------------------------------

    def progress(self) -> float:
        """0 to 1, each step weighed by what its block usually takes; reused work weighs nothing."""
        total = done = 0.0
        for step in self.plan.steps:
            about = self.steps[step.name]
            if step.call is None or about.state in ("reused", "skipped"):
                continue
            weight = max(self.typical.get(step.block.name, 1.0), 1e-3)
            fresh = [r for r in about.runs if r.state != "reused"]
            total += weight * (len(fresh) if about.runs else (_UNKNOWN_ITEMS if step.scattered else 1))
            done += weight * sum(r.fraction for r in fresh)
        return done / total if total else 1.0

    def eta(self) -> float | None:
        """Seconds left, from the pace so far; None until there is one."""
        progress, elapsed = self.progress(), time.monotonic() - self.began
        if progress < 0.02 or elapsed < 0.5:
            return None
        return elapsed / progress * (1 - progress)

    def step_infos(self) -> list[StepInfo]:
        """Every step, for people."""
        return [self._info(step) for step in self.plan.steps]

    def rows(self) -> list[dict[str, Any]]:
        """Every step and run, for the store; item -1 is the step as a whole."""
        rows = []
        for name, about in self.steps.items():
            whole = {"key": about.key, "seconds": about.seconds, "error": about.error}
            rows.append({"name": name, "item": -1, "state": about.state, **whole})
            for run in about.runs:
                if run.item >= 0:
                    one = {"key": run.key, "seconds": run.seconds, "error": None}
                    rows.append({"name": name, "item": run.item, "state": run.state, **one})
        return rows

    def counts(self) -> tuple[int, int]:
        """Runs computed in this attempt, and runs taken from what was known."""
        runs = [r for about in self.steps.values() for r in about.runs]
        whole = sum(1 for s in self.plan.steps if self.steps[s.name].state == "reused" and not self.steps[s.name].runs)
        return sum(r.state == "done" for r in runs), whole + sum(r.state == "reused" for r in runs)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _give(self, step: Step, outputs: dict[str, Any]) -> None:
        """These are a step's outputs; or it says that it was not needed, and is left out."""
        if SKIPPED in outputs:
            self.left_out[step.name] = self.steps[step.name].note = outputs[SKIPPED]
            self.steps[step.name].state = "skipped"
        else:
            self.outputs[step.name] = outputs

    def _freed(self, step: Step) -> list[Step]:
        """Steps that wait for nobody now; one that lacks what it needs is left out, and so is what follows."""
        startable = []
        for follower in self._followers.get(step.name, []):
            self._left[follower.name] -= 1
            if self._left[follower.name]:
                continue
            if why := follower.lacks(self.left_out):
                self._give(follower, {SKIPPED: why})
                startable += self._freed(follower)
            else:
                startable.append(follower)
        return startable

    def _run(self, step: Step, index: int, item: Any) -> Run:
        inputs, recipe = {}, {}
        for port in step.inputs:
            source = self.plan.source(step, port)
            value = _pick(item, source) if isinstance(source, Each) else self._value(source)
            if value is _ABSENT:
                continue
            inputs[port] = value
            # An item's key holds the item itself, not its place in the list: a longer list reuses what it had.
            recipe[port] = (
                {"key": self.keys[source.step], "port": source.port} if isinstance(source, From) else {"value": value}
            )
        key = self.keys[step.name]
        if index >= 0:
            key = step_key(step.block, recipe, self.salts.get(step.name, ""), step.around(self.gpu))
        return Run(step, index, key, inputs, recipe)

    def _value(self, source: Source) -> Any:
        match source:
            case Value(value):
                return value
            case From(step, port):
                return self.outputs.get(step, {}).get(port, _ABSENT)  # what was left out gave nothing
        raise TypeError(source)

    def _items(self, step: Step) -> list[Any]:
        first = next(s for s in step.inputs.values() if isinstance(s, Each))
        items = self.outputs[first.step].get(first.port)
        if items is None:
            return []
        return items if isinstance(items, list) else [items]

    def _gathered(self, step: Step, runs: Iterable[Run]) -> dict[str, Any]:
        if not step.scattered:
            return next(iter(runs)).outputs or {}
        return {port: [(r.outputs or {}).get(port) for r in runs] for port in step.outputs}

    def _info(self, step: Step) -> StepInfo:
        about = self.steps[step.name]
        runs = about.runs
        inputs = {
            port: as_plain(source.value) if isinstance(source, Value) else f"{source.step}.{source.port}"
            for port, source in step.inputs.items()
        }
        return StepInfo(
            name=step.name,
            state=about.state,
            key=about.key,
            seconds=about.seconds,
            items=len(runs) if step.scattered else 0,
            done=sum(r.outputs is not None for r in runs) if step.scattered else 0,
            ran=sum(r.state == "done" for r in runs),
            reused=sum(r.state == "reused" for r in runs) if runs else int(about.state == "reused"),
            progress=sum(r.fraction for r in runs) / len(runs) if runs else float(about.state in ("reused", "done")),
            note=about.note,
            error=about.error,
            inputs=inputs,
            outputs={port: as_plain(v) for port, v in self.outputs.get(step.name, {}).items()},
        )


class _Absent:
    """A port of a step that gave nothing (None fills no port)."""


_ABSENT = _Absent()


def _pick(item: Any, source: Each) -> Any:
    if source.field is not None and isinstance(item, dict):
        return item.get(source.field)
    return item
