"""A job as a person sees it: one place that turns its record into words, links and pictures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.components.words import bytes_of, clock, duration, rate
from workbench.facts import Facts
from workbench.media import INLINE, media_url, thumb_url
from workbench.services import Item, Services

if TYPE_CHECKING:
    from data.records import Media
    from workbench.access import User

__all__ = [
    "ACTIVE",
    "STATES",
    "FileView",
    "JobView",
    "StepView",
    "chosen_view",
    "digest_of",
    "file_view",
    "job_view",
    "log_times",
    "result_view",
    "step_view",
]

STATES = {
    "QUEUED": "Queued",
    "RUNNING": "Running",
    "SUCCEEDED": "Done",
    "FAILED": "Failed",
    "CANCELLED": "Cancelled",
}
ACTIVE = frozenset({"QUEUED", "RUNNING"})


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of the lab with its figures in words.

    Attributes:
        url: where to look at it: the file itself, or its thumbnail where browsers do not show its format.
    """

    digest: str
    name: str
    kind: str
    size: str
    figures: tuple[str, ...]
    url: str
    width: int = 0
    height: int = 0
    fps: float = 0.0

    @property
    def brief(self) -> str:
        """The figures that fit on a short line."""
        return " · ".join([*(figure for figure in self.figures if not figure.endswith(" frames")), self.size])


@dataclass(frozen=True, slots=True)
class JobView:
    """A job in words.

    Attributes:
        tone: "busy", "good", "bad" or "still", which is also its colour.
        percent: 0 to 100.
        timing: "8 s left", "took 12 s", "waits for a free place".
        source, thumb: digests of what went in, and of what best shows the job.
    """

    id: str
    title: str
    state: str
    label: str
    tone: str
    kind: str
    percent: int
    note: str
    timing: str
    user: str
    when: str
    attempt: str
    error: str
    source: str | None
    preview: str | None
    can_cancel: bool
    can_retry: bool
    can_open: bool
    result: str | None = None


def job_view(job: Any, result: str | None = None) -> JobView:
    """Put a job's record into words; `result` is the digest of what it made, where that is to be shown."""
    active = job.state in ACTIVE
    return JobView(
        id=job.id,
        title=job.title,
        state=job.state,
        label="Stopping" if active and job.cancelling else STATES.get(job.state, job.state.title()),
        tone={"SUCCEEDED": "good", "FAILED": "bad", "CANCELLED": "still"}.get(job.state, "busy"),
        kind="clip" if "clip" in job.inputs else "picture",
        percent=100 if job.state == "SUCCEEDED" else round(100 * min(1.0, max(0.0, job.progress or 0.0))),
        note=job.note if active else "",
        timing=_timing(job),
        user=job.user,
        when=clock(job.created_at),
        attempt=f"try {job.attempt} of {job.max_attempts}" if job.attempt > 1 else "",
        error=job.error or "" if job.state == "FAILED" else "",
        source=next((found for value in job.inputs.values() if (found := digest_of(value))), None),
        preview=job.preview,
        can_cancel=active and not job.cancelling,
        can_retry=job.state in ("FAILED", "CANCELLED"),
        can_open=job.state == "SUCCEEDED",
        result=result,
    )


def _timing(job: Any) -> str:
    if job.state == "QUEUED":
        return "waiting for a free place"
    if job.state == "RUNNING":
        if job.cancelling:
            return "stopping"
        return f"{duration(job.eta)} left" if job.eta is not None else "working out how long"
    if job.started_at is not None and job.finished_at is not None:
        verb = "took" if job.state == "SUCCEEDED" else "after"
        return f"{verb} {duration(job.finished_at - job.started_at)}"
    return ""


def digest_of(value: Any) -> str | None:
    """The digest in a file value, whichever form a record gives it."""
    found = value.get("digest") if isinstance(value, Mapping) else getattr(value, "digest", None)
    return found if isinstance(found, str) else None


def file_view(file: Item | Media, facts: Facts | None) -> FileView:
    """A file in words."""
    url = media_url(file.digest) if file.media_type in INLINE else thumb_url(file.digest)
    if facts is None:
        return FileView(file.digest, file.name, "file", bytes_of(file.size), (), url)
    figures = [f"{facts.width} × {facts.height}"]
    if facts.kind == "clip":
        frames = f"{facts.frames} frames" if facts.frames else ""
        figures += [part for part in (rate(facts.fps), frames, duration(facts.seconds)) if part]
    fps = float(facts.fps) if facts.fps else 0.0
    size = bytes_of(file.size)
    return FileView(file.digest, file.name, facts.kind, size, tuple(figures), url, facts.width, facts.height, fps)


def chosen_view(items: Sequence[Item]) -> list[FileView]:
    """Files that were chosen, in words."""
    return [file_view(item, item.facts) for item in items]


def result_view(services: Services, user: User, job: JobView) -> tuple[FileView | None, FileView | None, list[str]]:
    """What went in, what came out, and what the steps had to say about it; nothing while it is not done."""
    before = _stored(services, job.source)
    if not job.can_open:
        return before, None, []
    outputs = services.result(user, job.id)
    after = next((found for value in outputs.values() if (found := digest_of(value))), None)
    return before, _stored(services, after), _notes(outputs)


def _stored(services: Services, digest: str | None) -> FileView | None:
    if digest is None:
        return None
    return file_view(services.lab.media(digest), services.facts(digest))


def _notes(outputs: Mapping[str, Any]) -> list[str]:
    notes = outputs.get("notes") or []
    return [str(note) for note in ([notes] if isinstance(notes, str) else notes)]


@dataclass(frozen=True, slots=True)
class StepView:
    """A step in words."""

    name: str
    state: str
    time: str


def step_view(step: Any) -> StepView:
    """Put a step's record into words."""
    return StepView(step.name, step.state, duration(step.seconds) if step.seconds is not None else "")


def log_times(lines: Sequence[Any]) -> list[tuple[str, str]]:
    """Log lines with the time of day."""
    return [(time.strftime("%H:%M:%S", time.localtime(line.at)), line.line) for line in lines]
