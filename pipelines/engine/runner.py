"""The runner: one permanent thread that takes jobs through their plans.

It alone starts and hears the workers, so nothing here needs a second thought about races: a cancel and a success
are two messages, and one of them comes first. What happened goes to the store as facts; a job is told finished only
when the commit of its last fact has come back.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

from blocks.errors import Conflict, CorruptBlob, InputError, LabError, NotAvailable, Skipped, StoreError, UnknownName
from data import jobs, results
from data.blobs import Blobs
from data.records import FileRef, JobInfo, Result, StepInfo
from data.store import Connection, Store
from pipelines.engine.active import Active
from pipelines.engine.agenda import Agenda
from pipelines.engine.allowed import Allowed
from pipelines.engine.facts import Facts
from pipelines.engine.floor import Floor, Word
from pipelines.engine.keys import environment
from pipelines.engine.memory import Memory
from pipelines.engine.plan import Plan, Step
from pipelines.engine.runs import SKIPPED, Run

__all__ = ["Runner"]

_TRANSIENT = frozenset({"TransientError", "WorkerLost", "CorruptBlob"})
_BACKOFF = (1.0, 5.0, 30.0)  # seconds before the first, second and later retries
_STALL = 5.0  # seconds before a job is tried again that the store refused
_NOT_OURS = (
    Conflict,
    UnknownName,
)  # somebody else ended this attempt, or it was never recorded: it must not go on here
Leaves = Callable[[JobInfo, str, int, dict[str, Any]], Callable[[Connection], Any] | None]
"""What a run of a step leaves in the ledger, from the job, the step's name, the item and the outputs: a change of the
store that is harmless when it is made again, or None. An InputError is told in the job's log."""

_MOST_OVER = 4096  # ended jobs kept in mind for those who watch them


class Runner:
    """Takes admitted jobs to their end."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        slots: Sequence[str],
        scratch: Path,
        on_change: Callable[[str], None] = lambda job: None,
        allowed: Callable[[], Allowed | None] = lambda: None,
        leaves: Leaves = lambda job, step, item, outputs: None,
    ) -> None:
        """
        Args:
            slots: names of the places where steps run, as in ``["cpu:0", "cpu:1"]``.
            scratch: folder for the files of running steps; emptied by the owner before this starts.
            on_change: told a job's id whenever something about it changed.
            allowed: which models may run now; None lets every model run.
            leaves: asked of every run that has given something, also one whose result was known.
        """
        self._store, self._blobs, self._on_change, self._leaves = store, blobs, on_change, leaves
        self._floor = Floor(slots, scratch, blobs, allowed)
        self._facts = Facts(store, self._store_failed)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = Pipe(duplex=False)
        self._lock = threading.RLock()
        self._active: dict[str, Active] = {}
        self._memory = Memory(store, blobs)
        self._agenda = Agenda()
        self._over: dict[str, JobInfo] = {}
        self._turns: dict[str, int] = {}
        self._stalled: dict[str, str] = {}
        self._numbers = itertools.count()
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)

    # -- called from any thread -------------------------------------------------------------------------------------

    def start(self, warm: int = 0) -> None:
        """Begin; `warm` workers are started before they are needed."""
        self._thread.start()
        if warm:
            self._tell(lambda: self._floor.pool.warm(warm))

    def admit(self, job: JobInfo, plan: Plan) -> None:
        """Take a queued job on, at once or when its time has come; `plan` has the job's inputs bound."""
        self._over.pop(job.id, None)
        delay = min(max(0.0, job.not_before - time.time()), _BACKOFF[-1])
        self._tell(lambda: self._agenda.put(job, delay, lambda: self._admit(job, plan)))

    def cancel(self, job: JobInfo, who: str) -> None:
        """Stop a job: queued ones at once, running ones by asking and then by force."""
        self._tell(lambda: self._cancel(job, who))

    def abandon(self, job: str) -> None:
        """Forget an admitted job, because its record could not be written."""
        self._tell(lambda: self._forget_job(job))

    def seen(self, job: str) -> JobInfo | None:
        """A job in flight, or as it has just ended: whoever watches one need not ask the store."""
        with self._lock:
            active = self._active.get(job)
            return self.overlay(active.job) if active is not None else self._over.get(job)

    def overlay(self, job: JobInfo) -> JobInfo:
        """A stored job with what only the runner knows of it: progress, note, preview, time left."""
        with self._lock:
            active = self._active.get(job.id)
            if job.id in self._stalled and job.state in ("QUEUED", "RUNNING"):
                return replace(job, note=self._stalled[job.id])
            if active is None or active.job.attempt != job.attempt or job.state not in ("QUEUED", "RUNNING"):
                return job
            return replace(
                job,
                state=job.state if active.unmoved else "RUNNING",
                progress=active.progress(),
                note=active.note,
                eta=active.eta(),
                preview=active.preview,
                cancelling=active.cancelling,
            )

    def steps(self, job: str) -> list[StepInfo] | None:
        """Steps of a job in flight, or None."""
        with self._lock:
            active = self._active.get(job)
            return active.step_infos() if active is not None else None

    def busy(self) -> list[str]:
        """Ids of the jobs in flight."""
        with self._lock:
            return list(self._active)

    def forget(self) -> None:
        """Drop results kept in memory, after cleaning."""
        with self._lock:
            self._memory.forget()

    def close(self) -> None:
        """Stop the workers and the thread; what was running will be continued by the next owner."""
        if self._thread.is_alive():
            self._tell(self._stop)
            self._thread.join()

    # -- the thread -------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not self._stopping:
            for word in self._floor.words(self._wake_read, self._patience()):
                with self._lock:
                    self._hear(word)
            while not self._inbox.empty():
                with self._lock:
                    self._inbox.get()()
            with self._lock:
                for order in self._agenda.due():
                    order()
                self._schedule()
                if self._facts.patience() == 0:
                    self._facts.send()
        self._facts.send()
        self._floor.pool.close()

    def _tell(self, order: Callable[[], None]) -> None:
        self._inbox.put(order)
        self._wake_write.send_bytes(b".")

    def _stop(self) -> None:
        self._stopping = True

    def _patience(self) -> float | None:
        with self._lock:
            waits = (self._agenda.patience(), self._floor.pool.overdue(), self._facts.patience())
        return min((wait for wait in waits if wait is not None), default=None)

    # -- a job begins -----------------------------------------------------------------------------------------------

    def _admit(self, job: JobInfo, plan: Plan) -> None:
        try:
            self._begin_job(job, plan)
        except Exception as error:  # whatever it is, the other jobs go on
            self._break(job, error)

    def _begin_job(self, job: JobInfo, plan: Plan) -> None:
        try:
            missing = next((s for s in plan.steps if not self._floor.has(s.block.device)), None)
            if missing is not None:
                raise NotAvailable(f"{missing.name} needs a GPU and this machine has none; see `doctor`.")
            active = Active(job, plan, gpu=self._floor.has("gpu"))
            known = self._memory.known(active.keys.values())
            active.start(known)
            if not active.complete:
                active.typical = self._memory.usual({s.block.name for s in plan.steps if s.call is not None})
        except LabError as error:
            self._end_unstarted(job, str(error))
            return
        self._active[job.id] = active
        self._turns.setdefault(job.id, next(self._numbers))  # the clock of the day may jump; this does not
        for name, item, outputs in active.reused():
            self._enter(active, name, item, outputs)
        for step in active.startable():
            self._open(active, step)
        self._finish_if_complete(active)

    def _open(self, active: Active, step: Step) -> None:
        runs = active.open(step)
        if step.call is None:
            given = active.outputs[step.name]
            self._remember(active, step, active.keys[step.name], {}, given, 0.0, None)
        if step.scattered and runs:
            known = self._memory.known(run.key for run in runs)
            for run in runs:
                if run.key in known:
                    self._finish_run(active, run, known[run.key], None, reused=True)
        active.ready.extend(run for run in runs if run.outputs is None)
        self._close_if_complete(active, step)

    # -- runs start and end -----------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Fill free slots: by priority, then first come first served."""
        for active in sorted(self._active.values(), key=lambda a: (-a.job.priority, self._turns[a.job.id])):
            if not self._floor.pool.idle:
                return
            if active.cancelling:
                continue
            try:
                self._start_ready(active)
            except Exception as error:  # whatever it is, the other jobs go on
                self._break(active.job, error)

    def _start_ready(self, active: Active) -> None:
        """Start what can start; a run whose result is known meanwhile may make others ready, and these count too."""
        waiting = []
        while active.ready and self._floor.pool.idle:
            run = active.ready.popleft()
            if not self._begin(active, run):
                waiting.append(run)
        active.ready.extendleft(reversed(waiting))

    def _begin(self, active: Active, run: Run) -> bool:
        """Start a run, or take its result over; False if it must wait."""
        outputs = self._memory.recent(run.key)
        if outputs is not None:
            self._finish_run(active, run, outputs, None, reused=True)
            self._close_if_complete(active, run.step)
            self._finish_if_complete(active)
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
            lambda done: self._moved(active, done),
        )

    def _hear(self, word: Word) -> None:
        active = self._active.get(word.job)
        if active is None or active.job.attempt != word.attempt:
            return  # a late word of an attempt that is over
        try:
            self._hear_of(active, word)
        except Exception as error:  # whatever it is, the other jobs go on
            self._break(active.job, error)

    def _hear_of(self, active: Active, word: Word) -> None:
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
            self._failed(active, word.run, *word.rest)
        else:
            self._failed(active, word.run, "WorkerLost", _LOST.format(step=word.run.step.name), "")

    def _progressed(self, active: Active, run: Run, fraction: float, note: str, preview: str | None) -> None:
        run.fraction = max(run.fraction, fraction)
        active.note = f"{run.step.name}: {note}" if note else run.step.name
        active.steps[run.step.name].note = note
        if preview is not None:
            active.preview = preview
            active.previews.append(preview)
        self._on_change(active.job.id)

    def _done(self, active: Active, run: Run, outputs: dict[str, Any], seconds: float, units: float | None) -> None:
        self._finish_run(active, run, outputs, seconds)
        self._memory.took(run.step.block.name, seconds)
        self._remember(active, run.step, run.key, run.recipe, outputs, seconds, units)
        if active.cancelling:
            self._end_if_stopped(active)
            return
        self._close_if_complete(active, run.step)
        self._finish_if_complete(active)

    def _finish_run(
        self, active: Active, run: Run, outputs: dict[str, Any], seconds: float | None, *, reused: bool = False
    ) -> None:
        active.finish_run(run, outputs, seconds, reused=reused)
        self._enter(active, run.step.name, run.item, outputs)

    def _enter(self, active: Active, step: str, item: int, outputs: dict[str, Any]) -> None:
        """Put what a run leaves into the ledger; by the time the job is told finished it is there."""
        try:
            change = self._leaves(active.job, step, item, outputs)
        except InputError as error:
            self._facts.line(active.job.id, active.job.attempt, f"{step}: not recorded: {error}")
            return
        if change is not None:
            self._facts.later(change, lambda done: self._entered(active, step, done))

    def _entered(self, active: Active, step: str, done: Future[Any]) -> None:
        error = done.exception()
        if isinstance(error, StoreError):
            self._attempt_lost(active, error)
        elif error is not None:  # another try would end alike
            job, text = active.job, f"{step}: not recorded: {error}"
            self._tell(lambda: self._facts.line(job.id, job.attempt, text))

    def _remember(
        self,
        active: Active,
        step: Step,
        key: str,
        inputs: dict[str, Any],
        outputs: dict[str, Any],
        seconds: float,
        units: float | None,
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
        name = f"{block.name}[]" if gathered else block.name
        result = Result(
            key,
            name,
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
        self._facts.result(result, ends, new=self._memory.learn(result))

    def _close_if_complete(self, active: Active, step: Step) -> None:
        if step.call is not None and not active.step_complete(step):
            return
        startable = active.close(step)
        if step.scattered:
            about = active.steps[step.name]
            inputs = {"items": {"keys": [run.key for run in about.runs]}}
            self._remember(
                active,
                step,
                about.key,
                inputs,
                active.outputs[step.name],
                about.seconds or 0.0,
                None,
                gathered=True,
            )
        for follower in startable:
            self._open(active, follower)

    # -- a job ends -------------------------------------------------------------------------------------------------

    def _finish_if_complete(self, active: Active) -> None:
        if active.complete and active.job.id in self._active and not active.cancelling:
            self._end(active, "SUCCEEDED", progress=1.0)

    def _failed(self, active: Active, run: Run, kind: str, message: str, detail: str) -> None:
        if active.cancelling:
            run.state = "cancelled"
            self._end_if_stopped(active)
            return
        run.state = "failed"
        about = active.steps[run.step.name]
        about.state, about.error = "failed", message
        where = f"{run.step.name} (item {run.item})" if run.item >= 0 else run.step.name
        self._facts.line(active.job.id, active.job.attempt, f"{where} failed: {message}")
        for line in detail.splitlines():
            self._facts.line(active.job.id, active.job.attempt, line)
        self._floor.stop(active)
        failures = int(active.job.options.get("failures", 0)) + 1
        if kind in _TRANSIENT and failures < active.job.max_attempts:
            if kind == CorruptBlob.__name__:
                self._memory.distrust(run.inputs)
            self._retry(active, message, failures)
        else:
            self._end(active, "FAILED", error=f"{where}: {message}", progress=active.progress())

    def _retry(self, active: Active, message: str, failures: int) -> None:
        delay = _BACKOFF[min(failures, len(_BACKOFF)) - 1]
        note = f"Attempt {active.job.attempt + 1} in {delay:.0f} s, after: {message}"
        self._facts.line(active.job.id, active.job.attempt, note)
        self._drop(active)
        self._requeue(active, delay, note, {**active.job.options, "failures": failures})

    def _requeue(self, active: Active, delay: float, note: str, options: dict[str, Any]) -> None:
        """The next attempt of a job whose last one is dropped."""
        job = active.job
        later = replace(job, state="QUEUED", attempt=job.attempt + 1, note=note, options=options, error=None)
        later = replace(later, not_before=time.time() + delay)
        again = partial(self._requeue, active, delay, note, options)

        def written(done: Future[JobInfo]) -> None:
            error = done.exception()
            if isinstance(error, _NOT_OURS):
                self._tell(lambda: self._forget_job(job.id))
            elif error is not None:
                self._tell(lambda: self._set_aside(job, error, again))
            self._on_change(job.id)

        self._stalled.pop(job.id, None)
        self._facts.send()
        self._store.write(
            lambda c: jobs.move(
                c,
                job.id,
                "QUEUED",
                who="lab",
                attempt=job.attempt,
                next_attempt=later.attempt,
                note=note,
                not_before=later.not_before,
                options=options,
            )
        ).add_done_callback(written)
        self._agenda.put(later, delay, lambda: self._admit(later, active.plan))

    def _cancel(self, job: JobInfo, who: str) -> None:
        active = self._active.get(job.id)
        if active is None:
            self._stalled.pop(job.id, None)
            waiting = self._agenda.take(job.id)  # perhaps a later attempt than was meant
            self._end_unstarted(waiting or job, None, who)
            return
        if active.cancelling:
            return
        active.cancelling, active.cancelled_by = True, who
        active.ready.clear()
        self._floor.stop(active)
        self._end_if_stopped(active)
        self._on_change(job.id)

    def _end_if_stopped(self, active: Active) -> None:
        if not active.running:
            self._end(active, "CANCELLED", who=active.cancelled_by, progress=active.progress())

    def _end(
        self, active: Active, state: Any, *, who: str = "lab", error: str | None = None, progress: float | None = None
    ) -> None:
        job = active.job
        ran, reused = active.counts()
        note = f"{ran} run, {reused} reused"
        active.settle()
        rows = active.rows()
        shown = [d for d in dict.fromkeys(active.previews) if self._blobs.has(d)]
        previews = [FileRef(d, "preview.png", "image/png", self._blobs.size(d)) for d in shown]

        def change(connection: Any) -> JobInfo:
            if active.lost:
                raise StoreError(active.lost)
            jobs.save_steps(connection, job.id, job.attempt, rows)
            results.remember_blobs(connection, previews, dict.fromkeys(shown, "transient"), time.time())
            if active.unmoved and state == "SUCCEEDED":  # nothing had to run
                jobs.move(connection, job.id, "RUNNING", who=job.user, attempt=job.attempt)
            return jobs.move(
                connection, job.id, state, who=who, attempt=job.attempt, error=error, progress=progress, note=note
            )

        self._facts.send()
        future = self._store.write(change)
        self._drop(active, keep=True)
        future.add_done_callback(lambda done: self._ended(active, done))

    def _ended(self, active: Active, done: Future[JobInfo]) -> None:
        """The commit is back (called by the store's writer): now the job is what it says."""
        error = done.exception()
        if error is not None and not isinstance(error, _NOT_OURS):
            self._attempt_lost(active, error)
            return
        with self._lock:
            if self._active.get(active.job.id) is active:
                del self._active[active.job.id]
                self._turns.pop(active.job.id, None)
            if error is None:
                self._over[active.job.id] = done.result()
            if len(self._over) > _MOST_OVER:
                del self._over[next(iter(self._over))]
        self._on_change(active.job.id)

    def _break(self, job: JobInfo, error: Exception) -> None:
        """The lab itself failed with a job: end it and say so."""
        for line in traceback.format_exception(error):
            self._facts.line(job.id, job.attempt, line.rstrip())
        text = f"The lab could not go on with this job ({type(error).__name__}: {error}); its log says where."
        active = self._active.get(job.id)
        if active is None:
            self._end_unstarted(job, text)
        else:
            self._end(active, "FAILED", error=text)

    def _end_unstarted(self, job: JobInfo, error: str | None, who: str = "lab") -> None:
        state: Any = "FAILED" if error else "CANCELLED"
        future = self._store.write(
            lambda c: jobs.move(c, job.id, state, who=who, attempt=job.attempt, error=error, progress=0.0)
        )

        def written(done: Future[JobInfo]) -> None:
            failed = done.exception()
            if failed is not None and not isinstance(failed, _NOT_OURS):
                self._tell(lambda: self._set_aside(job, failed, lambda: self._end_unstarted(job, error, who)))
            self._on_change(job.id)

        future.add_done_callback(written)

    def _forget_job(self, job: str) -> None:
        self._agenda.take(job)
        self._stalled.pop(job, None)
        self._turns.pop(job, None)
        if job in self._active:
            self._drop(self._active[job])

    def _drop(self, active: Active, keep: bool = False) -> None:
        """Forget an attempt: words of its runs that come later are of no attempt. Its slots free themselves."""
        self._floor.drop(active)
        if not keep and self._active.get(active.job.id) is active:
            del self._active[active.job.id]

    def _moved(self, active: Active, done: Future[JobInfo]) -> None:
        error = done.exception()
        if error is None:
            with self._lock:
                if self._active.get(active.job.id) is active:
                    active.job = done.result()
        elif isinstance(error, _NOT_OURS):
            self._tell(lambda: self._drop(active))
        else:
            self._attempt_lost(active, error)
        self._on_change(active.job.id)

    # -- a store that refuses ---------------------------------------------------------------------------------------

    def _attempt_lost(self, active: Active, error: BaseException) -> None:
        """A change of an attempt was refused. Of one that starts over already it says nothing about the next."""
        if not active.lost:
            self._store_failed(error)

    def _store_failed(self, error: BaseException) -> None:
        """Facts were lost (a full disk): no job in flight may end as if they were written; all start over.

        Called by the store's writer, before it takes the next change.
        """
        with self._lock:
            for active in self._active.values():
                active.lost = str(error)
            self._memory.forget()  # some of it may be what was lost
        self._tell(lambda: self._stall(error))

    def _stall(self, error: BaseException) -> None:
        note = "Goes on after the lab's memory could not be written"
        for active in [a for a in self._active.values() if a.lost]:
            self._drop(active)
            order = partial(self._requeue, active, 0.0, note, active.job.options)
            if active.cancelling:
                order = partial(self._end_unstarted, active.job, None, active.cancelled_by)
            self._set_aside(active.job, error, order)

    def _set_aside(self, job: JobInfo, error: BaseException, order: Callable[[], None]) -> None:
        """Do something about a job when the store may have recovered; until then its note says what it waits for."""
        if job.id in self._active:
            self._drop(self._active[job.id])
        self._stalled[job.id] = f"Waits for the lab's memory: {error}"
        self._agenda.put(job, _STALL, order)
        self._on_change(job.id)


_LOST = (
    "The process that ran {step} is gone, perhaps for want of memory; try a smaller tile or picture, or close "
    "other programs."
)
