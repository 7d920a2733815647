"""After the lab was stopped, by whatever: its jobs go on, queued ones as they are, running ones in a new attempt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from blocks.errors import Conflict, InputError, LabError
from data import jobs
from data.records import JobInfo
from data.store import Store
from pipelines.engine.plan import bind
from pipelines.engine.runner import Runner
from pipelines.planner import Planner

__all__ = ["take_up"]

_MOST_RECOVERIES = 50  # ends of the lab that one job may see: it may be what ends it


def take_up(
    left: Sequence[JobInfo], store: Store, planner: Planner, runner: Runner, on_change: Callable[[str], None]
) -> None:
    """Hand the runner what the last owner left."""
    for job in left:
        try:
            if job.state == "RUNNING":
                job = _requeued(job, store)
            if job.options.get("recoveries", 0) > _MOST_RECOVERIES:
                raise InputError(f"the lab was stopped {_MOST_RECOVERIES} times while it ran, perhaps by it")
            runner.admit(job, bind(planner.plan_of(job), job.inputs))
        except Conflict:
            continue  # somebody has cancelled it meanwhile
        except Exception as error:  # a chain that can no longer be read must not keep the others waiting
            _give_up(job, f"It cannot go on after the restart: {error}", store)
        on_change(job.id)


def _requeued(job: JobInfo, store: Store) -> JobInfo:
    note = "Goes on after the lab was stopped"
    return store.write(
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


def _give_up(job: JobInfo, error: str, store: Store) -> None:
    change = store.write(lambda c: jobs.move(c, job.id, "FAILED", who="lab", attempt=job.attempt, error=error))
    with suppress(LabError):  # somebody else has ended it, or the disk is full and the next opening tries again
        change.result()
