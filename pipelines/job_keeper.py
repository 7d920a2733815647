"""Jobs in the process that owns the home: queued, stopped, tried again, and looked at."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, LabError, UnknownName
from data import jobs, results
from data.records import DISCARDED, FINAL, JobInfo, LogLine, StepInfo
from data.store import Store
from pipelines.access import authorize
from pipelines.engine.plan import Plan, Value, bind
from pipelines.engine.values import as_plain
from pipelines.past import finished_steps
from pipelines.planner import Planner
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.engine.runner import Runner

__all__ = ["JobKeeper"]


class JobKeeper:
    """Whoever inherits from this owns the store and the runner, and knows which models may run."""

    settings: Settings
    _store: Store
    _planner: Planner
    _runner: Runner

    if TYPE_CHECKING:

        def _check_models(self, plan: Plan) -> None: ...

        def _on_change(self, job: str) -> None: ...

    # -- queued, stopped, tried again ---------------------------------------------------------------------------

    def submit(
        self,
        pipeline: Any,
        inputs: Mapping[str, Any],
        *,
        user: str = "admin",
        title: str | None = None,
        priority: int = 0,
        batch: str | None = None,
        once: str | None = None,
        parent: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> JobInfo:
        authorize(user, "run", pipeline if isinstance(pipeline, str) else pipeline.name)
        chosen = dict(options or {})
        plan = self._planner.plan(pipeline, chosen.get("choices", {}))
        if not isinstance(pipeline, str):
            chosen["plan"] = self._planner.keep_plan(plan)
        for target in chosen.get("targets", ()):
            plan.step(target)
        wire = self._planner.wire(plan, inputs)
        if isinstance(pipeline, str):
            wire, chosen["settled"] = self._planner.settled(plan, wire)
        wire = self._planner.drawn(plan, wire)
        job = JobInfo(
            id=secrets.token_hex(6),
            pipeline=plan.name,
            title=title or _title(plan, wire),
            state="QUEUED",
            user=user,
            priority=priority,
            max_attempts=self.settings.max_attempts,
            created_at=time.time(),
            batch=batch,
            parent=parent,
            options=chosen,
        )
        return self._queue(job, plan, wire, once)

    def rerun(self, job: str, step: str, *, user: str = "admin", **changes: Any) -> JobInfo:
        authorize(user, "run", jobs.get(self._store, job).pipeline)
        plan, wire, again = self._again(job, step, changes)
        if "plan" not in again.options:
            wire, again.options["settled"] = self._planner.settled(plan, wire)
        return self._queue(replace(again, user=user), plan, wire, None)

    def _again(self, job: str, step: str, changes: Mapping[str, Any]) -> tuple[Plan, dict[str, Any], JobInfo]:
        """A job once more from a step on: its plan, its inputs with the changes, and the record to be."""
        before = jobs.get(self._store, job)
        plan = self._planner.plan_of(before)
        plan.step(step)
        names = {(info.step, info.port): info.name for info in plan.inputs}
        changed = {names.get((step, port), f"{step}.{port}"): value for port, value in changes.items()}
        options = {k: v for k, v in before.options.items() if k not in ("failures", "recoveries", DISCARDED)}
        if not changes:
            options["salts"] = {**options.get("salts", {}), step: secrets.token_hex(4)}
        followed = options.pop("settled", ())  # what followed from the old inputs may not follow from the new ones
        wire = {name: value for name, value in before.inputs.items() if name not in followed}
        wire.update(self._planner.wire(plan, changed))
        again = JobInfo(
            id=secrets.token_hex(6),
            pipeline=before.pipeline,
            title=before.title,
            state="QUEUED",
            priority=before.priority,
            max_attempts=self.settings.max_attempts,
            created_at=time.time(),
            parent=before.id,
            options=options,
        )
        return plan, wire, again

    def _queue(self, job: JobInfo, plan: Plan, wire: dict[str, Any], once: str | None) -> JobInfo:
        bound = bind(plan, wire)
        self._check_models(bound)
        constants = [s.value for step in bound.steps for s in step.inputs.values() if isinstance(s, Value)]
        if refs := list(results.blob_refs(constants)):  # those of the chain's own too: a default picture
            self._planner.keep(refs)
        recorded = self._store.write(lambda c: jobs.add(c, job, wire, once))
        if once is None:
            self._runner.admit(replace(job, inputs=wire), bound)  # its facts are written after this record
        try:
            written = recorded.result()
        except LabError:
            self._runner.abandon(job.id)
            raise
        if once is not None and written.id == job.id:
            self._runner.admit(replace(written, inputs=wire), bound)
        return self._seen(written if written.id != job.id else replace(job, inputs=wire))

    def cancel(self, job: str, user: str = "admin") -> JobInfo:
        authorize(user, "cancel", job)
        info = jobs.get(self._store, job)
        if info.state not in FINAL:
            self._runner.cancel(info, user)
        return self._seen(info)

    def retry(self, job: str, user: str = "admin") -> JobInfo:
        authorize(user, "run", job)
        before = jobs.get(self._store, job)
        if before.state not in ("FAILED", "CANCELLED"):
            raise Conflict(f"{before.title} is {before.state}; only a failed or cancelled job can be tried again.")
        bound = bind(self._planner.plan_of(before), before.inputs)
        self._check_models(bound)
        options = {k: v for k, v in before.options.items() if k not in ("failures", "recoveries")}
        attempt = before.attempt + 1
        after = self._store.write(
            lambda c: jobs.move(
                c, job, "QUEUED", who=user, attempt=before.attempt, next_attempt=attempt, progress=0.0, options=options
            )
        ).result()
        self._runner.admit(after, bound)
        self._on_change(job)
        return replace(after, inputs=as_plain(after.inputs))  # as recorded: it may be running by now

    def discard(self, job: str, user: str = "admin") -> JobInfo:
        authorize(user, "discard", job)
        after = self._store.write(lambda c: jobs.discard(c, job, user)).result()
        self._runner.reread(job)
        self._on_change(job)
        return self._seen(after)

    # -- looked at ----------------------------------------------------------------------------------------------

    def job(self, job: str) -> JobInfo:
        return self._seen(self._runner.seen(job) or jobs.get(self._store, job))

    def jobs(self, *, state: str | None = None, batch: str | None = None, limit: int = 50) -> list[JobInfo]:
        return [self._seen(j) for j in jobs.find(self._store, state=state, batch=batch, limit=limit)]

    def steps(self, job: str) -> list[StepInfo]:
        live = self._runner.steps(job)
        if live is not None:
            return live
        rows = jobs.step_rows(self._store, job)
        if not rows:
            plan = self._planner.plan_of(jobs.get(self._store, job))
            return [StepInfo(s.name, "waiting") for s in plan.steps]
        return finished_steps(self._store, rows)

    def log(self, job: str) -> list[LogLine]:
        return jobs.read_log(self._store, job)

    def history(self, job: str) -> list[dict[str, Any]]:
        return self._store.read(
            'SELECT sequence, "at", who, action, detail FROM audit WHERE subject = ? ORDER BY sequence', (job,)
        )

    def result(self, job: str) -> dict[str, Any]:
        info = jobs.get(self._store, job)
        steps = {s.name: s for s in self.steps(job)}
        targets = info.options.get("targets")
        ends = self._planner.plan_of(info).ends if not targets else set()
        pairs = [
            (step.name, port, value)
            for step in steps.values()
            for port, value in step.outputs.items()
            if (step.name, port) in ends or (targets and step.name in targets)
        ]
        ports = [port for _, port, _ in pairs]
        return {port if ports.count(port) == 1 else f"{step}.{port}": value for step, port, value in pairs}

    def recipe(self, key: str) -> dict[str, Any]:
        found = results.recipe_of(self._store, key)
        if found is None:
            raise UnknownName(f"No result is known by the key {key}; it may have been cleaned away.")
        return found

    def _seen(self, job: JobInfo) -> JobInfo:
        return replace(self._runner.overlay(job), inputs=as_plain(job.inputs))


def _title(plan: Plan, wire: Mapping[str, Any]) -> str:
    """The chain's title and the first file it is given."""
    first = next(iter(results.blob_refs(dict(wire))), None)
    return f"{plan.title}: {first.name}" if first else plan.title
