"""What is to be done later: a job's retry, by a clock that nobody can set."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from data.records import JobInfo

__all__ = ["Agenda"]

Order = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Entry:
    at: float
    job: JobInfo
    order: Order


class Agenda:
    """One order a job, each with its moment."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def put(self, job: JobInfo, delay: float, order: Order) -> None:
        """Have an order given in `delay` seconds, or now; a later one for the same job replaces it."""
        if delay <= 0:
            order()
        else:
            self._entries[job.id] = _Entry(time.monotonic() + delay, job, order)

    def take(self, job: str) -> JobInfo | None:
        """Strike a job's order out; the job as it was to go on, or None if nothing was planned."""
        entry = self._entries.pop(job, None)
        return entry.job if entry is not None else None

    def due(self) -> Iterator[Order]:
        """Orders whose moment has come."""
        now = time.monotonic()
        for job, entry in list(self._entries.items()):
            if entry.at <= now:
                del self._entries[job]
                yield entry.order

    def patience(self) -> float | None:
        """Seconds until the next one, or None."""
        return min((max(0.0, e.at - time.monotonic()) for e in self._entries.values()), default=None)
