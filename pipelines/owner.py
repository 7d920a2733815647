"""The lab in the process that owns the home: store, blobs and runner behind the facade."""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from blocks.errors import Conflict, InputError, LabError, UnknownName
from data import jobs, results
from data.blobs import Blobs
from data.records import DISCARDED, FINAL, Estimate, FileRef, JobInfo, LogLine, Media, StepInfo
from data.store import Store
from pipelines import catalog
from pipelines.access import authorize
from pipelines.blend_keeper import BlendKeeper
from pipelines.bookkeeper import Bookkeeper
from pipelines.costs import UNTOLD, blocks_due, cost, kept
from pipelines.engine.plan import Plan, Value, after, bind
from pipelines.engine.runner import Runner
from pipelines.engine.values import as_plain, store_file
from pipelines.grid_keeper import GridKeeper
from pipelines.housekeeper import Housekeeper
from pipelines.lab import Lab, PipelineInfo
from pipelines.past import finished_steps, standing
from pipelines.planner import Planner
from pipelines.recording import leaves
from pipelines.registrar import Registrar
from pipelines.settings import Settings

__all__ = ["OwnerLab"]

_MOST_RECOVERIES = 50  # ends of the lab that one job may see: it may be what ends it


class OwnerLab(Housekeeper, Bookkeeper, Registrar, GridKeeper, BlendKeeper, Lab):
    """Owns a home for as long as it is open."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            HomeBusy: another process owns the home.
            StoreError: the home cannot be opened.
        """
        from pipelines.door import Door

        self.settings = settings
        self._closed = False
        self._store = Store.open(settings.home)
        try:
            self._move_in(settings)
            self._door = Door(self)
        except BaseException:  # or nobody could open the home while this process lives
            if hasattr(self, "_runner"):
                self._runner.close()
            self._store.close()
            raise
        self._recovery.start()

    def _move_in(self, settings: Settings) -> None:
        self._blobs = Blobs(settings.home / "blobs")
        self._blobs.remove_stale()
        scratch = settings.home / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        self._planner = Planner(self._store, self._blobs, settings)
        self._versions: dict[str, int] = {}
        self._changed = threading.Condition()
        self._gpu = any(slot.startswith("cuda") for slot in settings.slots())
        self._runner = Runner(
            self._store, self._blobs, settings.slots(), scratch, self._on_change, leaves=leaves, allowed=self.allowed
        )
        self._runner.start(settings.warm)
        left = jobs.unfinished(self._store)  # before anybody can submit more
        self._recovery = threading.Thread(target=self._recover, args=(left,), name="recovery", daemon=True)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._door.close()
        with self._changed:
            self._changed.notify_all()  # whoever watches need not wait any longer
        self._recovery.join()
        self._runner.close()
        self._store.close()

    # -- what there is ------------------------------------------------------------------------------------------

    def pipelines(self) -> list[PipelineInfo]:
        return [
            PipelineInfo(c.name, c.name.replace("_", " ").capitalize(), c.description, own=c.own, error=c.error)
            for c in catalog.chains(self.home)
        ]

    def pipeline(self, name: str) -> PipelineInfo:
        chain = catalog.find(name, self.home)
        return replace(_about(self._planner.plan(name, {})), name=name, description=chain.description, own=chain.own)

    def pipeline_of(self, job: str) -> PipelineInfo:
        return _about(self._planner.plan_of(jobs.get(self._store, job)))

    def known(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None, of: str = ""
    ) -> list[StepInfo]:
        chosen = dict(options or {})
        plan = self._planner.plan(pipeline, chosen.get("choices", {}))
        wire = self._planner.encoded(plan, inputs)
        missing = {info.step for info in plan.inputs if info.required and info.name not in wire}
        if not missing:
            wire, _ = self._planner.settled(plan, wire)
        bound = bind(replace(plan, inputs=tuple(replace(i, required=False) for i in plan.inputs)), wire)
        undrawn = {i.step for i in plan.inputs if i.draw is not None and i.name not in wire}
        unknown = set().union(*(after(plan, step) for step in missing | undrawn))
        keys = bound.keys(
            {**chosen.get("salts", {}), **{s.name: of for s in plan.steps if not s.cached}}, gpu=self._gpu
        )
        found = results.lookup(self._store, [key for name, key in keys.items() if name not in unknown])
        usable = {key: outputs for key, given in found.items() if (outputs := self._usable(given)) is not None}
        return standing(plan, keys, usable)

    def _usable(self, outputs: dict[str, Any] | None) -> dict[str, Any] | None:
        """What a step gave, if every file of it is still there."""
        if outputs is None or not all(self._blobs.has(ref.digest) for ref in results.blob_refs(outputs)):
            return None
        return outputs

    def media(self, digest: str) -> Media:
        rows = self._store.read("SELECT name, media_type FROM blobs WHERE digest = ?", (digest,))
        path = self._blobs.path(digest)
        preview = {"name": f"{digest[:12]}.png", "media_type": "image/png"}  # of a running step: not recorded yet
        about = rows[0] if rows else preview
        return Media(digest, str(path), about["name"], about["media_type"], path.stat().st_size)

    def import_file(self, path: Path, name: str | None = None, *, user: str = "admin") -> FileRef:
        authorize(user, "import", name or Path(path).name)
        wire = store_file(Path(path), self._blobs, name)
        ref = FileRef(wire["$blob"], wire["name"], wire["type"], wire["size"])
        self._planner.keep([ref]).result()
        return ref

    # -- jobs ---------------------------------------------------------------------------------------------------

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

    def estimate(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None
    ) -> Estimate:
        chain, chosen = catalog.find(pipeline, self.home), dict(options or {})
        plan = self._planner.plan(pipeline, chosen.get("choices", {}))
        defaults = {i.name: as_plain(i.default) for i in plan.inputs if not i.required}
        given = {name: self._planner.local(value) for name, value in {**defaults, **inputs}.items()}
        return cost(self._store, catalog.work_of(chain, given), self._due(plan, pipeline, inputs, chosen))

    def estimate_rerun(self, job: str, step: str, **changes: Any) -> Estimate:
        _, wire, again = self._again(job, step, changes)
        if "plan" in again.options:  # a graph from a notebook has no file that says
            return UNTOLD
        plain = {name: as_plain(value) for name, value in wire.items()}
        return self.estimate(again.pipeline, plain, options=again.options)

    def _due(
        self, plan: Plan, pipeline: str, inputs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> frozenset[str] | None:
        """Blocks that are not known yet; None where that cannot be told before the run."""
        if not kept(plan, inputs):
            return None
        try:
            standing = self.known(pipeline, inputs, options=options, of="?")
        except LabError:  # said when it is run
            return None
        return blocks_due(plan, standing, options.get("targets") or ())

    def watch(self, job: str, version: int = -1, timeout: float = 10.0) -> tuple[JobInfo, int]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._versions.get(job, 0) > version, timeout if version >= 0 else 0
            )
            now = self._versions.get(job, 0)
        return self.job(job), now

    # -- inside -------------------------------------------------------------------------------------------------

    def _recover(self, left: list[JobInfo]) -> None:
        """Take up what the last owner left: queued jobs as they are, running ones in a new attempt."""
        for job in left:
            try:
                if job.state == "RUNNING":
                    job = self._requeue(job)
                if job.options.get("recoveries", 0) > _MOST_RECOVERIES:
                    raise InputError(f"the lab was stopped {_MOST_RECOVERIES} times while it ran, perhaps by it")
                self._runner.admit(job, bind(self._planner.plan_of(job), job.inputs))
            except Conflict:
                continue  # somebody has cancelled it meanwhile
            except Exception as error:  # a chain that can no longer be read must not keep the others waiting
                self._give_up(job, f"It cannot go on after the restart: {error}")
            self._on_change(job.id)

    def _requeue(self, job: JobInfo) -> JobInfo:
        note = "Goes on after the lab was stopped"
        return self._store.write(
            lambda c: jobs.move(
                c,
                job.id,
                "QUEUED",
                who="lab",
                attempt=job.attempt,
                next_attempt=job.attempt + 1,
                note=note,
                options={**job.options, "recoveries": job.options.get("recoveries", 0) + 1},
                only="RUNNING",
            )
        ).result()

    def _give_up(self, job: JobInfo, error: str) -> None:
        change = self._store.write(
            lambda c: jobs.move(c, job.id, "FAILED", who="lab", attempt=job.attempt, error=error)
        )
        with suppress(LabError):  # somebody else has ended it, or the disk is full and the next opening tries again
            change.result()

    def _seen(self, job: JobInfo) -> JobInfo:
        return replace(self._runner.overlay(job), inputs=as_plain(job.inputs))

    def _on_change(self, job: str) -> None:
        with self._changed:
            self._versions[job] = self._versions.get(job, 0) + 1
            self._changed.notify_all()


def _about(plan: Plan) -> PipelineInfo:
    """A plan, for people."""
    inputs = tuple(replace(i, default=as_plain(i.default), draw=None) for i in plan.inputs)
    edges = tuple(
        (source.step, source.port, step.name, port)
        for step in plan.steps
        for port, source in step.inputs.items()
        if not isinstance(source, Value)
    )
    return PipelineInfo(plan.name, plan.title, plan.description, inputs, tuple(s.name for s in plan.steps), edges)


def _title(plan: Plan, wire: Mapping[str, Any]) -> str:
    """The chain's title and the first file it is given."""
    first = next(iter(results.blob_refs(dict(wire))), None)
    return f"{plan.title}: {first.name}" if first else plan.title
