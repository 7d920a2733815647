"""What runs give: remembered under their keys, and what they leave in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from blocks.errors import InputError, StoreError
from data.records import JobInfo, Result
from data.store import Connection
from pipelines.engine.active import Active
from pipelines.engine.keys import environment
from pipelines.engine.means import Means
from pipelines.engine.plan import Step
from pipelines.engine.runs import Run

__all__ = ["Findings", "Leaves"]

Leaves = Callable[[JobInfo, str, int, dict[str, Any]], Callable[[Connection], Any] | None]
"""What a run of a step leaves in the ledger, from the job, the step's name, the item and the outputs: a change of the
store that is harmless when it is made again, or None. An InputError is told in the job's log."""


class Findings:
    """Where what runs give is put down; by the time a job is told finished it is in the store."""

    def __init__(self, means: Means, leaves: Leaves, lost: Callable[[Active, BaseException], None]) -> None:
        """
        Args:
            leaves: asked of every run that has given something, also one whose result was known.
            lost: told when the store refused what an attempt rests on.
        """
        self._means, self._leaves, self._lost = means, leaves, lost

    def of_run(self, active: Active, run: Run, outputs: dict[str, Any], seconds: float, units: float | None) -> None:
        """What a run has computed."""
        self._remember(active, run.step, run.key, run.recipe, outputs, seconds, units)

    def of_pass(self, active: Active, step: Step) -> None:
        """What a step hands on that computes nothing."""
        self._remember(active, step, active.keys[step.name], {}, active.outputs[step.name], 0.0)

    def of_all(self, active: Active, step: Step) -> None:
        """What all the runs of a scattered step gave, put together."""
        about = active.steps[step.name]
        inputs = {"items": {"keys": [run.key for run in about.runs]}}
        given, seconds = active.outputs[step.name], about.seconds or 0.0
        self._remember(active, step, about.key, inputs, given, seconds, gathered=True)

    def enter(self, active: Active, step: str, item: int, outputs: dict[str, Any]) -> None:
        """Put what a run leaves into the ledger."""
        try:
            change = self._leaves(active.job, step, item, outputs)
        except InputError as error:
            self._not_recorded(active.job, step, error)
            return
        if change is not None:
            self._means.facts.later(change, lambda done: self._entered(active, step, done))

    def _entered(self, active: Active, step: str, done: Future[Any]) -> None:
        error = done.exception()
        if isinstance(error, StoreError):
            self._lost(active, error)
        elif error is not None:  # another try would end alike
            self._means.inbox.tell(partial(self._not_recorded, active.job, step, error))

    def _not_recorded(self, job: JobInfo, step: str, error: BaseException) -> None:
        self._means.facts.line(job.id, job.attempt, f"{step}: not recorded: {error}")

    def _remember(
        self,
        active: Active,
        step: Step,
        key: str,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
        seconds: float,
        units: float | None = None,
        gathered: bool = False,
    ) -> None:
        block = step.block
        recipe = {
            "pipeline": active.plan.name,
            "step": step.name,
            "block": block.name,
            "version": block.version,
            "source": block.digest,
            "inputs": inputs,
        }
        result = Result(
            key,
            f"{block.name}[]" if gathered else block.name,
            block.version,
            recipe,
            outputs,
            seconds,
            units,
            environment(),
            active.job.id,
            active.job.attempt,
        )
        ends = [port for port in outputs if (step.name, port) in active.ends]
        self._means.facts.result(result, ends, new=self._means.memory.learn(result))
