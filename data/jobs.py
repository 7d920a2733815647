"""The durable record of jobs: what was asked, how it stands, every transition with who and when.

Functions that take a connection run inside a store change and are therefore serial: a transition reads the
row, checks that it may happen, writes the row and its audit entry, all or nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from blocks.errors import Conflict, UnknownName
from data import audit
from data.records import DISCARDED, FINAL, JobInfo, LogLine, State
from data.store import Connection, Store

__all__ = [
    "ALLOWED",
    "add",
    "discard",
    "find",
    "get",
    "log",
    "move",
    "read_log",
    "save_steps",
    "step_rows",
    "unfinished",
    "wanting",
]

ALLOWED: dict[str, frozenset[str]] = {
    "QUEUED": frozenset({"RUNNING", "CANCELLED", "FAILED", "QUEUED"}),
    "RUNNING": frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "QUEUED"}),
    "SUCCEEDED": frozenset(),
    "FAILED": frozenset({"QUEUED"}),
    "CANCELLED": frozenset({"QUEUED"}),
}
"""Which state may follow which. Back to QUEUED is a retry, or the recovery of a lab that was stopped."""

_MOVING = ("state", "attempt", "started_at", "finished_at", "progress", "note", "error", "not_before")
_FIXED = ("id", "pipeline", "title", "user", "priority", "max_attempts", "batch", "parent", "created_at")
_PLAIN = _FIXED + _MOVING
_COLUMNS = ", ".join(f'"{name}"' for name in (*_PLAIN, "inputs", "options", "once"))


def add(connection: Connection, job: JobInfo, inputs: dict[str, Any], once: str | None = None) -> JobInfo:
    """Record a submission; with a `once` token that was used before, the earlier job is returned instead.

    Args:
        inputs: wire values by input name.
    """
    if once is not None:
        earlier = connection.rows(f"SELECT {_COLUMNS} FROM jobs WHERE once = ?", [once])
        if earlier:
            return _job(earlier[0])
    entry = audit.append(connection, job.user, "job.submit", job.id, {"pipeline": job.pipeline, "title": job.title})
    facts = {name: getattr(job, name) for name in _PLAIN}
    written = {"inputs": json.dumps(inputs), "options": json.dumps(job.options), "once": once}
    connection.add("jobs", [facts | written | {"sequence": entry.sequence}])
    connection.memory["job", job.id] = replace(job, inputs=inputs)
    return job


def move(
    connection: Connection,
    job: str,
    to: State,
    *,
    who: str,
    attempt: int,
    next_attempt: int | None = None,
    error: str | None = None,
    progress: float | None = None,
    note: str = "",
    not_before: float = 0.0,
    options: dict[str, Any] | None = None,
    only: State | None = None,
) -> JobInfo:
    """One transition, matched on (job, attempt).

    Args:
        only: the state it must be in, where others that allow the transition mean something else.

    Raises:
        UnknownName: no such job.
        Conflict: the job is in another attempt (a late result), or its state does not allow this.
    """
    before = connection.memory.get(("job", job)) or _read(connection, job)
    if before.attempt != attempt:
        raise Conflict(f"Job {job} is in attempt {before.attempt}; a result of attempt {attempt} came too late.")
    if to not in ALLOWED[before.state] or only not in (None, before.state):
        raise Conflict(f"Job {job} is {before.state} and cannot become {to}.")
    now = time.time()
    after = replace(
        before,
        state=to,
        attempt=next_attempt or attempt,
        started_at=now if to == "RUNNING" and before.started_at is None else before.started_at,
        finished_at=now if to in FINAL else None,
        progress=before.progress if progress is None else progress,
        note=note,
        error=error,
        not_before=not_before,
        options=before.options if options is None else options,
    )
    connection.update(
        "jobs", [{"id": job, "options": json.dumps(after.options)} | {n: getattr(after, n) for n in _MOVING}]
    )
    detail: dict[str, Any] = {"from": before.state, "to": to, "attempt": after.attempt}
    if error:
        detail["error"] = error
    audit.append(connection, who, f"job.{to.lower()}", job, detail)
    if to in FINAL:
        connection.memory.pop(("job", job), None)
    else:
        connection.memory["job", job] = after
    return after


def discard(connection: Connection, job: str, who: str) -> JobInfo:
    """Note that what an ended job made is not wanted any more; another attempt of it counts again.

    Raises:
        UnknownName: no such job.
        Conflict: it has not ended.
    """
    before = _read(connection, job)
    if before.state not in FINAL:
        raise Conflict(f"{before.title} is still {before.state}; stop it before you delete what it makes.")
    after = replace(before, options=before.options | {DISCARDED: before.attempt})
    if not before.discarded:
        connection.update("jobs", [{"id": job, "options": json.dumps(after.options)}])
        audit.append(connection, who, "job.discard", job, {"attempt": before.attempt})
    return after


def get(store: Store, job: str) -> JobInfo:
    """One job.

    Raises:
        UnknownName: no such job.
    """
    rows = store.read(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", (job,))
    if not rows:
        raise UnknownName(f"There is no job {job}; `jobs` lists those that exist.")
    return _job(rows[0])


def find(store: Store, *, state: str | None = None, batch: str | None = None, limit: int = 50) -> list[JobInfo]:
    """Jobs, newest first."""
    where, params = [], []
    if state is not None:
        where.append("state = ?")
        params.append(state)
    if batch is not None:
        where.append("batch = ?")
        params.append(batch)
    clause = f"WHERE {' AND '.join(where)}" if where else ""
    rows = store.read(f"SELECT {_COLUMNS} FROM jobs {clause} ORDER BY sequence DESC LIMIT ?", (*params, limit))
    return [_job(row) for row in rows]


def wanting(store: Store, batches: str) -> list[JobInfo]:
    """Jobs that wait, run or have failed, of all batches whose name begins so; newest first."""
    states = "state IN ('QUEUED', 'RUNNING', 'FAILED')"
    rows = store.read(
        f"SELECT {_COLUMNS} FROM jobs WHERE {states} AND starts_with(batch, ?) ORDER BY sequence DESC", (batches,)
    )
    return [_job(row) for row in rows]


def unfinished(store: Store) -> list[JobInfo]:
    """Jobs that still have work to do, in the order they came."""
    rows = store.read(f"SELECT {_COLUMNS} FROM jobs WHERE state IN ('QUEUED', 'RUNNING') ORDER BY sequence")
    return [_job(row) for row in rows]


def log(connection: Connection, job: str, lines: Sequence[LogLine]) -> None:
    """Append lines to a job's log."""
    connection.add("job_log", ({"job": job, **{n: getattr(x, n) for n in ("attempt", "at", "line")}} for x in lines))


def read_log(store: Store, job: str) -> list[LogLine]:
    """A job's log, oldest first."""
    rows = store.read('SELECT "at", attempt, line FROM job_log WHERE job = ? ORDER BY rowid', (job,))
    return [LogLine(row["at"], row["attempt"], row["line"]) for row in rows]


def save_steps(connection: Connection, job: str, attempt: int, rows: Sequence[dict[str, Any]]) -> None:
    """Replace what is recorded of a job's steps (name, item, state, key, seconds, error)."""
    now = time.time()
    write = connection.add if attempt == 1 else connection.put  # of a first attempt nothing is recorded yet
    write("steps", ({"job": job, "attempt": attempt, "finished_at": now, **row} for row in rows))


def step_rows(store: Store, job: str) -> list[dict[str, Any]]:
    """What is recorded of a job's steps; item -1 is the step as a whole."""
    return store.read(
        "SELECT name, item, state, key, seconds, error FROM steps WHERE job = ? ORDER BY item, rowid", (job,)
    )


def _read(connection: Connection, job: str) -> JobInfo:
    rows = connection.rows(f"SELECT {_COLUMNS} FROM jobs WHERE id = ?", [job])
    if not rows:
        raise UnknownName(f"There is no job {job}; `jobs` lists those that exist.")
    return _job(rows[0])


def _job(row: dict[str, Any]) -> JobInfo:
    facts = {name: row[name] for name in _PLAIN}
    return JobInfo(**facts, inputs=json.loads(row["inputs"]), options=json.loads(row["options"]))
