"""The floor: which runs are at work in which slots, and whose words the workers' words are."""

from __future__ import annotations

import itertools
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from blocks.block import Device
from data.blobs import Blobs
from pipelines.engine.active import Active
from pipelines.engine.allowed import Allowed
from pipelines.engine.lineage import lineage
from pipelines.engine.plan import Step
from pipelines.engine.pool import Pool
from pipelines.engine.runs import Run
from pipelines.engine.worker import Task

__all__ = ["Floor", "Word"]

_ABANDONED = 30 * 24 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Word:
    """What a worker said of a run.

    Attributes:
        kind: "progress", "log", "done", "failed", or "lost" for a process that is gone.
        rest: what goes with it (see `pipelines.engine.worker`).
    """

    job: str
    attempt: int
    ticket: str
    run: Run
    kind: str
    rest: tuple[Any, ...]

    @property
    def last(self) -> bool:
        """Whether the run is over with it."""
        return self.kind in ("done", "failed", "lost")


@dataclass(frozen=True, slots=True)
class _Ticket:
    job: str
    attempt: int
    run: Run


class Floor:
    """Runs at work. Equal keys never run side by side: the second waits for what the first gives."""

    def __init__(
        self, slots: Sequence[str], scratch: Path, blobs: Blobs, allowed: Callable[[], Allowed | None] = lambda: None
    ) -> None:
        """
        Args:
            slots: see `Pool`.
            scratch: folder for the files of running steps.
            allowed: which models may run now; None lets every model run.
        """
        self.pool = Pool(slots)
        self._scratch, self._blobs, self._allowed = scratch, blobs, allowed
        self._tickets: dict[str, _Ticket] = {}
        self._keys: set[str] = set()
        self._numbers = itertools.count()
        self._unfinished = scratch.with_name("unfinished")
        self._finished: list[Path] = []
        self._forget_abandoned()

    def takes(self, run: Run) -> bool:
        """Whether a run can start now."""
        if run.key in self._keys or self._group_full(run.step):
            return False
        return self.pool.free(run.step.block.device) is not None

    def begin(self, active: Active, run: Run) -> None:
        """Start a run that `takes` said yes to."""
        while self._finished:  # only now, when the store surely has what they came to
            shutil.rmtree(self._finished.pop(), ignore_errors=True)
        step, slot = run.step, self.pool.free(run.step.block.device)
        assert step.call is not None and slot is not None
        ticket = f"{next(self._numbers)}-{secrets.token_hex(4)}"
        self._tickets[ticket] = _Ticket(active.job.id, active.job.attempt, run)
        self._keys.add(run.key)
        run.state = "running"
        active.running[ticket] = run
        task = Task(
            ticket=ticket,
            call=step.call,
            inputs=run.inputs,
            outputs=step.outputs,
            files=step.files,
            scratch=self._scratch / ticket,
            blobs=str(self._blobs.root),
            device=slot.device,
            recipe=lineage(active.plan, step, active.keys) if "recipe" in step.block.takes else None,
            unfinished=self._unfinished / run.key if "unfinished" in step.block.takes else None,
            allowed=self._allowed() if step.block.models is not None else None,
        )
        self.pool.run(slot, task)

    def words(self, wake: Connection, patience: float | None) -> Iterator[Word]:
        """What the workers said of runs that are still somebody's; waits for it, or for `wake`."""
        for kind, ticket, *rest in self.pool.messages(wake, patience):
            if kind == "lost":
                shutil.rmtree(self._scratch / ticket, ignore_errors=True)
                self._blobs.remove_stale()
            about = self._tickets.get(ticket)
            if about is None:
                continue  # a late word of an attempt that is over
            word = Word(about.job, about.attempt, ticket, about.run, kind, tuple(rest))
            if word.last:
                self._clear(ticket, about.run)
            if kind == "done" and "unfinished" in about.run.step.block.takes:
                self._finished.append(self._unfinished / about.run.key)
            yield word

    def stop(self, active: Active) -> None:
        """Ask every run of an attempt to stop; who does not within its grace is stopped by force."""
        for ticket, run in active.running.items():
            self.pool.cancel(ticket, run.step.block.grace)

    def drop(self, active: Active) -> None:
        """Forget an attempt: words of its runs that come later are nobody's. Its slots free themselves."""
        self.stop(active)
        for ticket, run in active.running.items():
            self._clear(ticket, run)
        active.running.clear()
        active.ready.clear()

    def has(self, device: Device) -> bool:
        """Whether any slot could ever run a block with that need."""
        return self.pool.has(device)

    def _forget_abandoned(self) -> None:
        """What nobody went on with for a month."""
        for folder in self._unfinished.iterdir() if self._unfinished.is_dir() else ():
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(folder, ignore_errors=True)

    def _clear(self, ticket: str, run: Run) -> None:
        self._tickets.pop(ticket, None)
        self._keys.discard(run.key)

    def _group_full(self, step: Step) -> bool:
        if step.group is None:
            return False
        return sum(t.run.step.group == step.group for t in self._tickets.values()) >= step.limit
