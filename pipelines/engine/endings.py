"""How an attempt at a job ends: done, failed, tried again, cancelled; or the store refuses, and all start over.

A job is told finished only when the commit of its last fact has come back.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from blocks.errors import Conflict, CorruptBlob, StoreError, UnknownName
from data import jobs, results
from data.records import FileRef, JobInfo
from pipelines.engine.active import Active
from pipelines.engine.means import Means
from pipelines.engine.plan import Plan
from pipelines.engine.runs import Run

__all__ = ["Endings", "seconds_until"]

_BACKOFF = (1.0, 5.0, 30.0)  # seconds before the first, second and later retries
_STALL = 5.0  # seconds before a job is tried again that the store refused
_TRANSIENT = frozenset({"TransientError", "WorkerLost", "CorruptBlob"})
_NOT_OURS = (
    Conflict,
    UnknownName,
)  # somebody else ended this attempt, or it was never recorded: it must not go on here


def seconds_until(job: JobInfo) -> float:
    """Seconds until a queued job is due; a backoff at most, for the clock may have been wrong when that was written."""
    return min(max(0.0, job.not_before - time.time()), _BACKOFF[-1])


class Endings:
    """Called by the runner's thread, but where it says otherwise."""

    def __init__(self, means: Means, begin: Callable[[JobInfo, Plan], None]) -> None:
        """
        Args:
            begin: begins the next attempt of a job.
        """
        self._store, self._blobs, self._facts = means.store, means.blobs, means.facts
        self._floor, self._memory, self._agenda = means.floor, means.memory, means.agenda
        self._roster, self._tell, self._on_change = means.roster, means.inbox.tell, means.on_change
        self._begin = begin

    # -- done, or cancelled -----------------------------------------------------------------------------------------

    def if_complete(self, active: Active) -> None:
        """A run has given something: perhaps it was the last that was wanted."""
        if active.complete and self._roster.get(active.job.id) is not None and not active.cancelling:
            self._end(active, "SUCCEEDED", progress=1.0)

    def if_stopped(self, active: Active) -> None:
        """A run of an attempt that is cancelled is over: perhaps it was the last at work."""
        if not active.running:
            self._end(active, "CANCELLED", who=active.cancelled_by, progress=active.progress())

    def cancel(self, job: JobInfo, who: str) -> None:
        """Stop a job: queued ones at once, running ones by asking and then by force."""
        active = self._roster.get(job.id)
        if active is None:
            self._roster.go_on(job.id)
            waiting = self._agenda.take(job.id)  # perhaps a later attempt than was meant
            self.unstarted(waiting or job, None, who)
            return
        if active.cancelling:
            return
        active.cancelling, active.cancelled_by = True, who
        active.ready.clear()
        self._floor.stop(active)
        self.if_stopped(active)
        self._on_change(job.id)

    def unstarted(self, job: JobInfo, error: str | None, who: str = "lab") -> None:
        """A job ends that has no attempt in flight: failed for an error, or else cancelled."""
        state: Any = "FAILED" if error else "CANCELLED"
        future = self._store.write(
            lambda c: jobs.move(c, job.id, state, who=who, attempt=job.attempt, error=error, progress=0.0)
        )

        def written(done: Future[JobInfo]) -> None:
            failed = done.exception()
            if failed is not None and not isinstance(failed, _NOT_OURS):
                self._tell(lambda: self._set_aside(job, failed, lambda: self.unstarted(job, error, who)))
            self._on_change(job.id)

        future.add_done_callback(written)

    def forget(self, job: str) -> None:
        """A job is not this lab's to go on with."""
        self._agenda.take(job)
        self._roster.forget(job)
        active = self._roster.get(job)
        if active is not None:
            self.drop(active)

    def drop(self, active: Active) -> None:
        """Forget an attempt: words of its runs that come later are of no attempt. Its slots free themselves."""
        self._floor.drop(active)
        self._roster.strike(active)

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
        self._floor.drop(active)  # on the roster it stays until this is written
        future.add_done_callback(lambda done: self._ended(active, done))

    def _ended(self, active: Active, done: Future[JobInfo]) -> None:
        """The commit is back (called by the store's writer): now the job is what it says."""
        error = done.exception()
        if error is not None and not isinstance(error, _NOT_OURS):
            self.attempt_lost(active, error)
            return
        self._roster.ended(active, done.result() if error is None else None)
        self._on_change(active.job.id)

    # -- failed, and perhaps tried again ----------------------------------------------------------------------------

    def fail(self, active: Active, run: Run, kind: str, message: str, detail: str) -> None:
        """A run has failed: its job is tried again where that may help, and else it has failed too."""
        if active.cancelling:
            run.state = "cancelled"
            self.if_stopped(active)
            return
        run.state = "failed"
        about = active.steps[run.step.name]
        about.state, about.error = "failed", message
        where = f"{run.step.name} (item {run.item})" if run.item >= 0 else run.step.name
        for line in (f"{where} failed: {message}", *detail.splitlines()):
            self._facts.line(active.job.id, active.job.attempt, line)
        self._floor.stop(active)
        failures = int(active.job.options.get("failures", 0)) + 1
        if kind in _TRANSIENT and failures < active.job.max_attempts:
            if kind == CorruptBlob.__name__:
                self._memory.distrust(run.inputs)
            self._retry(active, message, failures)
        else:
            self._end(active, "FAILED", error=f"{where}: {message}", progress=active.progress())

    def break_off(self, job: JobInfo, error: Exception) -> None:
        """The lab itself failed with a job: end it and say so."""
        for line in traceback.format_exception(error):
            self._facts.line(job.id, job.attempt, line.rstrip())
        text = f"The lab could not go on with this job ({type(error).__name__}: {error}); its log says where."
        active = self._roster.get(job.id)
        if active is None:
            self.unstarted(job, text)
        else:
            self._end(active, "FAILED", error=text)

    def _retry(self, active: Active, message: str, failures: int) -> None:
        delay = _BACKOFF[min(failures, len(_BACKOFF)) - 1]
        note = f"Attempt {active.job.attempt + 1} in {delay:.0f} s, after: {message}"
        self._facts.line(active.job.id, active.job.attempt, note)
        self.drop(active)
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
                self._tell(lambda: self.forget(job.id))
            elif error is not None:
                self._tell(lambda: self._set_aside(job, error, again))
            self._on_change(job.id)

        self._roster.go_on(job.id)
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
        self._agenda.put(later, delay, lambda: self._begin(later, active.plan))

    # -- a store that refuses ---------------------------------------------------------------------------------------

    def moved(self, active: Active, done: Future[JobInfo]) -> None:
        """The store has moved the job of an attempt, or refused to (called by the store's writer)."""
        error = done.exception()
        if error is None:
            self._roster.moved(active, done.result())
        elif isinstance(error, _NOT_OURS):
            self._tell(lambda: self.drop(active))
        else:
            self.attempt_lost(active, error)
        self._on_change(active.job.id)

    def attempt_lost(self, active: Active, error: BaseException) -> None:
        """A change of an attempt was refused. Of one that starts over already it says nothing about the next."""
        if not active.lost:
            self.store_failed(error)

    def store_failed(self, error: BaseException) -> None:
        """Facts were lost (a full disk): no job in flight may end as if they were written; all start over.

        Called by the store's writer, before it takes the next change.
        """
        with self._roster.lock:
            for active in self._roster.all():
                active.lost = str(error)
            self._memory.forget()  # some of it may be what was lost
        self._tell(lambda: self._stall(error))

    def _stall(self, error: BaseException) -> None:
        note = "Goes on after the lab's memory could not be written"
        for active in [a for a in self._roster.all() if a.lost]:
            self.drop(active)
            order = partial(self._requeue, active, 0.0, note, active.job.options)
            if active.cancelling:
                order = partial(self.unstarted, active.job, None, active.cancelled_by)
            self._set_aside(active.job, error, order)

    def _set_aside(self, job: JobInfo, error: BaseException, order: Callable[[], None]) -> None:
        """Do something about a job when the store may have recovered; until then its note says what it waits for."""
        active = self._roster.get(job.id)
        if active is not None:
            self.drop(active)
        self._roster.stall(job.id, f"Waits for the lab's memory: {error}")
        self._agenda.put(job, _STALL, order)
        self._on_change(job.id)
