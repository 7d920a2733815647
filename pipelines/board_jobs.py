"""The jobs that were started from a canvas, followed to their end for every window that looks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from blocks.errors import LabError
from data.records import FINAL, JobInfo, StepInfo
from pipelines.lab import Lab
from pipelines.sheets import Sheet

__all__ = ["DONE", "Followed", "Following", "aside"]

DONE = frozenset({"done", "reused"})

_PATIENCE = 1.0  # seconds a watcher of a job waits for a change before it looks again anyway
_WATCHERS = 32  # jobs that can be followed at a time, over all canvases
_threads = ThreadPoolExecutor(_WATCHERS, "canvas")

Tell = Callable[[str, dict[str, Any]], Awaitable[None]]
Show = Callable[[str, list[StepInfo]], Awaitable[None]]


async def aside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """A call of the lab, which may wait for a disk, beside the event loop."""
    return await asyncio.to_thread(call, *args, **named)


@dataclass(eq=False)
class Followed:
    """A job that was started from a sheet and has not ended.

    Attributes:
        run: what the windows call it.
        told: state of each step that they were told.
        last: the last message about it.
    """

    job: str
    sheet: str
    run: str
    told: dict[str, str] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)


class Following:
    """Tells the windows on a sheet how its jobs go.

    Args:
        tell: sends a message to every window on a sheet.
        show: sends them the graph, with steps of a job whose results may not be written yet.
    """

    def __init__(self, lab: Lab, tell: Tell, show: Show) -> None:
        self._lab, self._tell, self._show = lab, tell, show
        self._jobs: dict[str, Followed] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, sheet: str) -> list[Followed]:
        """What runs for a sheet."""
        return [followed for followed in self._jobs.values() if followed.sheet == sheet]

    def begin(self, job: str, sheet: str, run: str, target: str = "") -> None:
        """Follow a job; `target` is the node whose button was pressed."""
        followed = self._jobs[job] = Followed(job, sheet, run)
        task = asyncio.create_task(self._watch(followed, target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def take_up(self, sheet: Sheet) -> None:
        """Follow a job again that was started from a sheet before this process was."""
        if sheet.job and sheet.job not in self._jobs:
            try:
                job = await aside(self._lab.job, sheet.job)
            except LabError:  # its record is gone, so there is nothing to follow
                return
            if job.state not in FINAL:
                self.begin(job.id, sheet.id, job.id)

    async def _watch(self, followed: Followed, target: str) -> None:
        version, loop = -1, asyncio.get_running_loop()
        try:
            while True:
                watched = loop.run_in_executor(_threads, self._lab.watch, followed.job, version, _PATIENCE)
                job, version = await watched
                await self._report(followed, job)
                if job.state in FINAL:
                    return
        except LabError as error:
            await self._tell(followed.sheet, {"type": "lab", "problem": str(error), "job": None})
        finally:
            self._jobs.pop(followed.job, None)
            if target:
                await self._tell(followed.sheet, {"type": "node_complete", "completed_node": target})

    async def _report(self, followed: Followed, job: JobInfo) -> None:
        steps = await aside(self._lab.steps, followed.job)
        ended = job.state in FINAL
        new = [step for step in steps if followed.told.get(step.name) != step.state]
        for step in new:
            ran = followed.told.get(step.name) == "running"
            followed.told[step.name] = step.state
            message = _step_words(step, followed.run, ran)
            if message is not None:
                await self._tell(followed.sheet, message)
        if ended or any(step.state in DONE for step in new):
            await self._show(followed.sheet, steps)
        followed.last = {"type": "lab", "job": _job_words(job, steps)}
        await self._tell(followed.sheet, followed.last)
        if ended:
            await self._tell(followed.sheet, _end_words(followed, job, steps))


def _step_words(step: StepInfo, run: str, ran: bool) -> dict[str, Any] | None:
    if step.state == "running":
        return {"type": "node_started", "started_node": step.name, "run_id": run}
    if step.state in DONE or (step.state == "skipped" and ran):
        took = None if step.state == "reused" or step.seconds is None else step.seconds * 1000
        return {"type": "node_complete", "completed_node": step.name, "execution_time_ms": took}
    return None


def _end_words(followed: Followed, job: JobInfo, steps: list[StepInfo]) -> dict[str, Any]:
    if job.state != "FAILED":
        return {"type": "cancelled", "run_id": followed.run}  # daggr's word for: nothing of this run goes on
    failed = next((s.name for s in steps if s.state == "failed"), "")
    error = {"type": "error", "error": job.error or "It failed.", "node": failed, "run_id": followed.run}
    return {**error, "nodes_to_clear": [s.name for s in steps]}


def _job_words(job: JobInfo, steps: list[StepInfo]) -> dict[str, Any]:
    return {
        "id": job.id,
        "title": job.title,
        "state": job.state,
        "progress": job.progress,
        "note": job.note,
        "eta": job.eta,
        "cancelling": job.cancelling,
        "error": job.error,
        "ran": sum(s.ran for s in steps),
        "reused": sum(s.reused for s in steps),
    }
