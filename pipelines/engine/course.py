"""The course of an attempt through its plan: begun, its steps opened, its runs started and heard, until it is done."""

from __future__ import annotations

import time
from typing import Any

from blocks.errors import LabError, NotAvailable, Skipped
from data import jobs
from data.records import JobInfo
from pipelines.engine.active import Active
from pipelines.engine.endings import Endings
from pipelines.engine.findings import Findings
from pipelines.engine.floor import Word
from pipelines.engine.means import Means
from pipelines.engine.plan import Plan, Step
from pipelines.engine.runs import SKIPPED, Run

__all__ = ["Course"]

_LOST = (
    "The process that ran {step} is gone, perhaps for want of memory; try a smaller tile or picture, or close "
    "other programs."
)


class Course:
    """Called by the runner's thread alone. Whatever goes wrong with one job, the others go on."""

    def __init__(self, means: Means, endings: Endings, findings: Findings) -> None:
        self._floor, self._facts, self._memory = means.floor, means.facts, means.memory
        self._roster, self._on_change = means.roster, means.on_change
        self._endings, self._findings = endings, findings

    # -- an attempt begins ------------------------------------------------------------------------------------------

    def begin(self, job: JobInfo, plan: Plan) -> None:
        """Take up a job; what is known of it already is taken over."""
        try:
            self._begin(job, plan)
        except Exception as error:
            self._endings.break_off(job, error)

    def _begin(self, job: JobInfo, plan: Plan) -> None:
        try:
            missing = next((s for s in plan.steps if not self._floor.has(s.block.device)), None)
            if missing is not None:
                raise NotAvailable(f"{missing.name} needs a GPU and this machine has none; see `doctor`.")
            active = Active(job, plan, gpu=self._floor.has("gpu"))
            active.start(self._memory.known(active.keys.values()))
            if not active.complete:
                active.typical = self._memory.usual({s.block.name for s in plan.steps if s.call is not None})
        except LabError as error:
            self._endings.unstarted(job, str(error))
            return
        self._roster.enter(active)
        for name, item, outputs in active.reused():
            self._findings.enter(active, name, item, outputs)
        for step in active.startable():
            self._open(active, step)
        self._endings.if_complete(active)

    def _open(self, active: Active, step: Step) -> None:
        runs = active.open(step)
        if step.call is None:
            self._findings.of_pass(active, step)
        if step.scattered and runs:
            known = self._memory.known(run.key for run in runs)
            for run in runs:
                if run.key in known:
                    self._finish(active, run, known[run.key], None, reused=True)
        active.ready.extend(run for run in runs if run.outputs is None)
        self._close_if_complete(active, step)

    # -- runs start -------------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Fill free slots: by priority, then first come first served."""
        for active in self._roster.in_turn():
            if not self._floor.pool.idle:
                return
            if active.cancelling:
                continue
            try:
                self._start_ready(active)
            except Exception as error:
                self._endings.break_off(active.job, error)

    def _start_ready(self, active: Active) -> None:
        """Start what can start; a run whose result is known meanwhile may make others ready, and these count too."""
        waiting = []
        while active.ready and self._floor.pool.idle:
            run = active.ready.popleft()
            if not self._start(active, run):
                waiting.append(run)
        active.ready.extendleft(reversed(waiting))

    def _start(self, active: Active, run: Run) -> bool:
        """Start a run, or take its result over; False if it must wait."""
        outputs = self._memory.recent(run.key)
        if outputs is not None:
            self._finish(active, run, outputs, None, reused=True)
            self._close_if_complete(active, run.step)
            self._endings.if_complete(active)
            return True
        if not self._floor.takes(run):
            return False
        if active.unmoved:
            self._start_job(active)
        self._floor.begin(active, run)
        return True

    def _start_job(self, active: Active) -> None:
        """Its first step runs: from now on the job is RUNNING."""
        job, active.unmoved, active.began = active.job, False, time.monotonic()
        self._facts.later(
            lambda c: jobs.move(c, job.id, "RUNNING", who=job.user, attempt=job.attempt),
            lambda done: self._endings.moved(active, done),
        )

    # -- runs are heard ---------------------------------------------------------------------------------------------

    def hear(self, word: Word) -> None:
        """What a worker says of a run; late words of an attempt that is over are nobody's."""
        active = self._roster.get(word.job)
        if active is None or active.job.attempt != word.attempt:
            return
        try:
            self._hear(active, word)
        except Exception as error:
            self._endings.break_off(active.job, error)

    def _hear(self, active: Active, word: Word) -> None:
        if word.last:
            active.running.pop(word.ticket, None)
        if word.kind == "progress":
            self._progressed(active, word.run, *word.rest)
        elif word.kind == "log":
            self._facts.line(word.job, word.attempt, f"{word.run.step.name}: {word.rest[0]}")
        elif word.kind == "done":
            self._done(active, word.run, *word.rest)
        elif word.kind == "failed" and word.rest[0] == Skipped.__name__:
            self._done(active, word.run, {SKIPPED: word.rest[1]}, 0.0, None)
        elif word.kind == "failed":
            self._endings.fail(active, word.run, *word.rest)
        else:
            self._endings.fail(active, word.run, "WorkerLost", _LOST.format(step=word.run.step.name), "")

    def _progressed(self, active: Active, run: Run, fraction: float, note: str, preview: str | None) -> None:
        run.fraction = max(run.fraction, fraction)
        active.note = f"{run.step.name}: {note}" if note else run.step.name
        active.steps[run.step.name].note = note
        if preview is not None:
            active.preview = preview
            active.previews.append(preview)
        self._on_change(active.job.id)

    def _done(self, active: Active, run: Run, outputs: dict[str, Any], seconds: float, units: float | None) -> None:
        self._finish(active, run, outputs, seconds)
        self._memory.took(run.step.block.name, seconds)
        self._findings.of_run(active, run, outputs, seconds, units)
        if active.cancelling:
            self._endings.if_stopped(active)
            return
        self._close_if_complete(active, run.step)
        self._endings.if_complete(active)

    def _finish(
        self, active: Active, run: Run, outputs: dict[str, Any], seconds: float | None, *, reused: bool = False
    ) -> None:
        active.finish_run(run, outputs, seconds, reused=reused)
        self._findings.enter(active, run.step.name, run.item, outputs)

    def _close_if_complete(self, active: Active, step: Step) -> None:
        if step.call is not None and not active.step_complete(step):
            return
        startable = active.close(step)
        if step.scattered:
            self._findings.of_all(active, step)
        for follower in startable:
            self._open(active, follower)
