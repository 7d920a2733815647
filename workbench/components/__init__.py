"""The parts that pages share, so that one thing looks the same everywhere.

Each is a small template beside this file and a function here that fills it. Whatever comes from people or files
is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.components.views import STATES, FileView, JobView
from workbench.media import media_url, thumb_url

__all__ = [
    "chosen",
    "empty",
    "estimate",
    "home",
    "job_detail",
    "job_table",
    "missing",
    "note",
    "problems",
    "recent",
    "stage",
]


def stage(
    job: JobView | None, before: FileView | None = None, after: FileView | None = None, notes: Sequence[str] = ()
) -> str:
    """The large place for one job: its progress, then what it made beside what went in."""
    return _fill("stage.html", job=job, before=before, after=after, notes=notes)


def recent(jobs: Sequence[JobView], current: str) -> str:
    """A short list of jobs to go back to."""
    return _fill("recent.html", jobs=jobs, current=current)


def chosen(files: Sequence[FileView]) -> str:
    """What will be enhanced, each with a way to take it out again."""
    return _fill("chosen.html", files=files)


def problems(messages: Sequence[str]) -> str:
    """What went wrong and how to fix it."""
    return _fill("problems.html", messages=messages)


def estimate(text: str, note: str = "") -> str:
    """Time and space before a job is started."""
    return _fill("estimate.html", text=text, note=note)


def note(text: str) -> str:
    """A line that comments on a field."""
    return _fill("note.html", text=text)


def missing(choices: Sequence[Any]) -> str:
    """Models that are not here, and how to get each."""
    return _fill("missing.html", choices=choices)


def job_table(jobs: Sequence[JobView], current: str, state: str) -> str:
    """Every job, one a row."""
    return _fill("job_table.html", jobs=jobs, current=current, state=state)


def job_detail(job: JobView | None, steps: Sequence[Any] = (), log: Sequence[tuple[str, str]] = ()) -> str:
    """One job: its steps, its log, its error with the advice."""
    return _fill("job_detail.html", job=job, steps=steps, log=log)


def home(running: Sequence[JobView], done: Sequence[JobView], failed: Sequence[JobView]) -> str:
    """What runs, what is new, what needs attention; first steps where nothing was done yet."""
    return _fill("home.html", running=running, done=done, failed=failed)


def empty(title: str, advice: str) -> str:
    """A place with nothing in it yet, and what to do about that."""
    return _fill("empty.html", title=title, advice=advice)


def _fill(name: str, **values: Any) -> str:
    return str(_templates().get_template(name).render(**values)).strip()


@lru_cache(maxsize=1)
def _templates() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.globals.update(media=media_url, thumb=thumb_url, states=STATES)
    return environment
