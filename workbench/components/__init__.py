"""The parts that pages share, so that one thing looks the same everywhere.

Each is a small template beside this file and a function here that fills it. Whatever comes from people or files
is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.components.filling import fill
from workbench.components.views import FileView, JobView

__all__ = [
    "chosen",
    "confirm",
    "empty",
    "fill",
    "estimate",
    "home",
    "job_detail",
    "job_table",
    "missing",
    "note",
    "problems",
    "recent",
    "said",
    "stage",
    "undoable",
]


def stage(
    job: JobView | None, before: FileView | None = None, after: FileView | None = None, notes: Sequence[str] = ()
) -> str:
    """The large place for one job: its progress, then what it made beside what went in."""
    return fill("stage.html", job=job, before=before, after=after, notes=notes)


def recent(jobs: Sequence[JobView], current: str) -> str:
    """A short list of jobs to go back to."""
    return fill("recent.html", jobs=jobs, current=current)


def chosen(files: Sequence[FileView]) -> str:
    """What will be enhanced, each with a way to take it out again."""
    return fill("chosen.html", files=files)


def problems(messages: Sequence[str]) -> str:
    """What went wrong and how to fix it."""
    return fill("problems.html", messages=messages)


def estimate(text: str, note: str = "") -> str:
    """Time and space before a job is started."""
    return fill("estimate.html", text=text, note=note)


def note(text: str) -> str:
    """A line that comments on a field."""
    return fill("note.html", text=text)


def missing(choices: Sequence[Any]) -> str:
    """Models that are not here, and how to get each."""
    return fill("missing.html", choices=choices)


def job_table(jobs: Sequence[JobView], current: str, state: str) -> str:
    """Every job, one a row."""
    return fill("job_table.html", jobs=jobs, current=current, state=state)


def job_detail(job: JobView | None, steps: Sequence[Any] = (), log: Sequence[tuple[str, str]] = ()) -> str:
    """One job: its steps, its log, its error with the advice."""
    return fill("job_detail.html", job=job, steps=steps, log=log)


def home(running: Sequence[JobView], done: Sequence[JobView], failed: Sequence[JobView]) -> str:
    """What runs, what is new, what needs attention; first steps where nothing was done yet."""
    return fill("home.html", running=running, done=done, failed=failed)


def empty(title: str, advice: str) -> str:
    """A place with nothing in it yet, and what to do about that."""
    return fill("empty.html", title=title, advice=advice)


def said(text: str) -> str:
    """What was just done."""
    return fill("said.html", text=text)


def undoable(text: str, id: str, act: str = "restore") -> str:
    """What was just done, and the button that takes it back."""
    return fill("undoable.html", text=text, id=id, act=act)


def confirm(title: str = "", text: str = "", *, yes: str = "", no: str = "Not now", id: str = "") -> str:
    """A question over the page, answered by the acts "confirm" (with the id) and "dismiss"; nothing without a title."""
    return fill("confirm.html", title=title, text=text, yes=yes, no=no, id=id)
