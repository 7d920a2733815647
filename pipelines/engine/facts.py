"""What happened, on its way to the store.

A step that takes no time must not wait for a disk, so facts gather here and go to the store together: the first
one schedules a write, and that write takes all that has come by the time it runs. Because writes are first in,
first out, a job's end never overtakes the facts it rests on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from data import jobs, results
from data.records import LogLine, Result
from data.store import Connection, Store

__all__ = ["Facts"]


@dataclass
class _Batch:
    results: dict[str, Result] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[LogLine]] = field(default_factory=dict)


class Facts:
    """Results and log lines that wait for the next commit."""

    def __init__(self, store: Store, failed: Callable[[BaseException], None]) -> None:
        """
        Args:
            failed: told when a commit failed; what was gathered for it is lost, and so is whatever rests on it.
        """
        self._store, self._failed = store, failed
        self._lock = threading.Lock()
        self._open: _Batch | None = None

    def result(self, result: Result, kept: bool) -> None:
        """A step is finished.

        Args:
            kept: its files are what the chain is for; else they are cache, which can be made again.
        """
        with self._lock:
            batch = self._batch()
            batch.results[result.key] = result
            if kept:
                batch.classes.update((ref.digest, "kept") for ref in results.blob_refs(result.outputs))

    def line(self, job: str, attempt: int, text: str) -> None:
        """A line for a job's log."""
        with self._lock:
            self._batch().lines.setdefault(job, []).append(LogLine(time.time(), attempt, text))

    def _batch(self) -> _Batch:
        """The batch that is being filled; a new one is queued for writing at once, and closed when that runs."""
        if self._open is None:
            batch = self._open = _Batch()
            self._store.write(lambda connection: self._save(connection, batch)).add_done_callback(self._saved)
        return self._open

    def _save(self, connection: Connection, batch: _Batch) -> None:
        with self._lock:
            if self._open is batch:
                self._open = None
        results.record(connection, list(batch.results.values()), batch.classes)
        for job, said in batch.lines.items():
            jobs.log(connection, job, said)

    def _saved(self, done: Future[None]) -> None:
        error = done.exception()
        if error is not None:
            self._failed(error)
