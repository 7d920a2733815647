"""The runner: one permanent thread that takes jobs through their plans.

It alone starts and hears the workers, so nothing here needs a second thought about races: a cancel and a success
are two messages, and one of them comes first. What happened goes to the store as facts.

What it does with a job is told in `course` (from the first step to the last) and `endings`; who may see what of it
meanwhile, in `roster`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from data.blobs import Blobs
from data.records import JobInfo, StepInfo
from data.store import Store
from pipelines.engine.agenda import Agenda
from pipelines.engine.allowed import Allowed
from pipelines.engine.course import Course
from pipelines.engine.endings import Endings, seconds_until
from pipelines.engine.facts import Facts
from pipelines.engine.findings import Findings, Leaves
from pipelines.engine.floor import Floor
from pipelines.engine.inbox import Inbox
from pipelines.engine.means import Means
from pipelines.engine.memory import Memory
from pipelines.engine.plan import Plan
from pipelines.engine.roster import Roster

__all__ = ["Runner"]


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
        self._floor = Floor(slots, scratch, blobs, allowed)
        self._facts = Facts(store, lambda error: self._endings.store_failed(error))
        self._memory, self._agenda = Memory(store, blobs), Agenda()
        self._roster, self._inbox = Roster(), Inbox()
        means = Means(
            store,
            blobs,
            self._floor,
            self._facts,
            self._memory,
            self._agenda,
            self._roster,
            self._inbox,
            on_change,
        )
        self._endings = Endings(means, begin=lambda job, plan: self._course.begin(job, plan))
        self._course = Course(means, self._endings, Findings(means, leaves, self._endings.attempt_lost))
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="runner", daemon=True)

    # -- called from any thread -------------------------------------------------------------------------------------

    def start(self, warm: int = 0) -> None:
        """Begin; `warm` workers are started before they are needed."""
        self._thread.start()
        if warm:
            self._inbox.tell(lambda: self._floor.pool.warm(warm))

    def admit(self, job: JobInfo, plan: Plan) -> None:
        """Take a queued job on, at once or when its time has come; `plan` has the job's inputs bound."""
        self._roster.begin_anew(job.id)
        delay = seconds_until(job)
        self._inbox.tell(lambda: self._agenda.put(job, delay, lambda: self._course.begin(job, plan)))

    def cancel(self, job: JobInfo, who: str) -> None:
        """Stop a job: queued ones at once, running ones by asking and then by force."""
        self._inbox.tell(lambda: self._endings.cancel(job, who))

    def abandon(self, job: str) -> None:
        """Forget an admitted job, because its record could not be written."""
        self._inbox.tell(lambda: self._endings.forget(job))

    def seen(self, job: str) -> JobInfo | None:
        """A job in flight, or as it has just ended: whoever watches one need not ask the store."""
        return self._roster.seen(job)

    def overlay(self, job: JobInfo) -> JobInfo:
        """A stored job with what only the runner knows of it: progress, note, preview, time left."""
        return self._roster.overlay(job)

    def steps(self, job: str) -> list[StepInfo] | None:
        """Steps of a job in flight, or None."""
        return self._roster.steps(job)

    def reread(self, job: str) -> None:
        """A job that has ended was changed in the store, which is asked for it from now on."""
        self._roster.begin_anew(job)

    def forget(self) -> None:
        """Drop results kept in memory, after cleaning."""
        with self._roster.lock:
            self._memory.forget()

    def close(self) -> None:
        """Stop the workers and the thread; what was running will be continued by the next owner."""
        if self._thread.is_alive():
            self._inbox.tell(self._stop)
            self._thread.join()

    # -- the thread -------------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        lock = self._roster.lock
        while not self._stopping:
            for word in self._floor.words(self._inbox.wake, self._patience()):
                with lock:
                    self._course.hear(word)
            for order in self._inbox.orders():
                with lock:
                    order()
            with lock:
                for order in self._agenda.due():
                    order()
                self._course.go_on()
                if self._facts.patience() == 0:
                    self._facts.send()
        self._facts.send()
        self._floor.pool.close()

    def _stop(self) -> None:
        self._stopping = True

    def _patience(self) -> float | None:
        with self._roster.lock:
            waits = (self._agenda.patience(), self._floor.pool.overdue(), self._facts.patience())
        return min((wait for wait in waits if wait is not None), default=None)
