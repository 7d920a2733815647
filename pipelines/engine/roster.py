"""The jobs in flight, and what anybody may see of them.

Only the runner's thread brings jobs in and sends them to their end; every other thread reads, and the store's writer
says when an end is written. Both hold the lock.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

from data.records import JobInfo, StepInfo
from pipelines.engine.active import Active

__all__ = ["Roster"]

_OPEN = ("QUEUED", "RUNNING")
_MOST_OVER = 4096  # ended jobs kept in mind for those who watch them


class Roster:
    """Attempts in flight, jobs that have just ended, and jobs that wait for the store to recover."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._active: dict[str, Active] = {}
        self._turns: dict[str, int] = {}
        self._numbers = itertools.count()
        self._over: dict[str, JobInfo] = {}
        self._stalled: dict[str, str] = {}

    # -- for the runner's thread ------------------------------------------------------------------------------------

    def enter(self, active: Active) -> None:
        """An attempt begins; its job keeps the turn that it had."""
        self._active[active.job.id] = active
        self._turns.setdefault(active.job.id, next(self._numbers))  # the clock of the day may jump; this does not

    def strike(self, active: Active) -> None:
        """An attempt is over, and another one may follow."""
        if self.holds(active):
            del self._active[active.job.id]

    def forget(self, job: str) -> None:
        """A job is not to go on, and leaves nothing to see."""
        self._stalled.pop(job, None)
        self._turns.pop(job, None)

    def get(self, job: str) -> Active | None:
        """The attempt of a job that is in flight."""
        return self._active.get(job)

    def holds(self, active: Active) -> bool:
        """Whether it is this attempt of its job that is in flight."""
        return self._active.get(active.job.id) is active

    def all(self) -> list[Active]:
        """Every attempt in flight."""
        return list(self._active.values())

    def in_turn(self) -> list[Active]:
        """Every attempt in flight: by priority, then first come first served."""
        return sorted(self._active.values(), key=lambda a: (-a.job.priority, self._turns[a.job.id]))

    def stall(self, job: str, note: str) -> None:
        """A job waits for the store to recover; `note` says so to whoever looks."""
        self._stalled[job] = note

    def go_on(self, job: str) -> None:
        """A job does not wait for the store any more."""
        self._stalled.pop(job, None)

    def begin_anew(self, job: str) -> None:
        """A job that had ended is tried again, or has changed since: what was known of its end is not so any more."""
        with self.lock:
            self._over.pop(job, None)

    # -- for the store's writer -------------------------------------------------------------------------------------

    def moved(self, active: Active, job: JobInfo) -> None:
        """The job of an attempt stands so in the store."""
        with self.lock:
            if self.holds(active):
                active.job = job

    def ended(self, active: Active, job: JobInfo | None) -> None:
        """The end of an attempt is written, and its job stands so; None if somebody else had ended it."""
        with self.lock:
            if self.holds(active):
                del self._active[active.job.id]
                self._turns.pop(active.job.id, None)
            if job is not None:
                self._over[job.id] = job
            if len(self._over) > _MOST_OVER:
                del self._over[next(iter(self._over))]

    # -- for anybody ------------------------------------------------------------------------------------------------

    def seen(self, job: str) -> JobInfo | None:
        """A job in flight, or as it has just ended: whoever watches one need not ask the store."""
        with self.lock:
            active = self._active.get(job)
            return self.overlay(active.job) if active is not None else self._over.get(job)

    def overlay(self, job: JobInfo) -> JobInfo:
        """A stored job with what is known of it here alone: progress, note, preview, time left."""
        with self.lock:
            active = self._active.get(job.id)
            if job.id in self._stalled and job.state in _OPEN:
                return replace(job, note=self._stalled[job.id])
            if active is None or active.job.attempt != job.attempt or job.state not in _OPEN:
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
        with self.lock:
            active = self._active.get(job)
            return active.step_infos() if active is not None else None
