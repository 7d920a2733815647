"""What happened, on its way to the store.

A step that takes no time must not wait for a disk, so facts gather here for a moment and go to the store together.
Because writes are first in, first out, a job's end never overtakes the facts it rests on: `send` before writing it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from data import jobs, results
from data.records import LogLine, Result
from data.store import Connection, Store

__all__ = ["Facts"]

_LINGER = 0.05  # seconds that facts wait for more; a crash costs no more work than that

_Waiting = tuple[Callable[[Connection], Any], Callable[[Future[Any]], None]]


@dataclass
class _Batch:
    since: float
    results: dict[str, Result] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    classes: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[LogLine]] = field(default_factory=dict)
    changes: list[_Waiting] = field(default_factory=list)


class Facts:
    """Results, log lines and changes that nobody waits for. Used by one thread."""

    def __init__(self, store: Store, failed: Callable[[BaseException], None]) -> None:
        """
        Args:
            failed: told when a commit failed; what was gathered for it is lost, and so is whatever rests on it.
        """
        self._store, self._failed = store, failed
        self._open: _Batch | None = None

    def result(self, result: Result, kept: Iterable[str], new: bool) -> None:
        """A step is finished.

        Args:
            kept: ports whose files are what the chain is for; the others' are cache, which can be made again.
            new: nothing is recorded under its key yet.
        """
        batch = self._batch()
        batch.results[result.key] = result
        if new:
            batch.new.add(result.key)
        wanted = [result.outputs[port] for port in kept]
        batch.classes.update((ref.digest, "kept") for ref in results.blob_refs(wanted))

    def line(self, job: str, attempt: int, text: str) -> None:
        """A line for a job's log."""
        self._batch().lines.setdefault(job, []).append(LogLine(time.time(), attempt, text))

    def later(self, change: Callable[[Connection], Any], done: Callable[[Future[Any]], None]) -> None:
        """A change of its own, which may fail alone; `done` is called by the store's writer."""
        self._batch().changes.append((change, done))

    def patience(self) -> float | None:
        """Seconds until what has gathered should be sent; None if there is nothing."""
        return None if self._open is None else max(0.0, self._open.since + _LINGER - time.monotonic())

    def send(self) -> None:
        """Hand everything to the store now."""
        batch, self._open = self._open, None
        if batch is None:
            return
        if batch.results or batch.lines:
            self._store.write(lambda connection: _save(connection, batch)).add_done_callback(self._saved)
        for change, done in batch.changes:
            self._store.write(change).add_done_callback(done)

    def _batch(self) -> _Batch:
        if self._open is None:
            self._open = _Batch(time.monotonic())
        return self._open

    def _saved(self, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._failed(error)


def _save(connection: Connection, batch: _Batch) -> None:
    results.record(connection, list(batch.results.values()), batch.classes, batch.new)
    for job, said in batch.lines.items():
        jobs.log(connection, job, said)
