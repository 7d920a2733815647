"""What every page that draws pictures (Generate and Blend) shows: its form, its prompt, its jobs, a take in its row."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blocks.errors import LabError
from data.records import CharacterInfo, JobInfo
from workbench.access import User
from workbench.components import generating
from workbench.components.views import ACTIVE
from workbench.pages.drawing_acts import DrawingRoom
from workbench.pages.drawing_desk import DrawingDesk

__all__ = ["Drawn", "beside", "character", "form", "report", "shown"]

_NEWS = 3600.0  # seconds for which a failure is news


@dataclass(frozen=True, slots=True)
class Drawn:
    """Every part that follows from the desk and the lab; `busy` while something is worked on."""

    parts: dict[str, str]
    busy: bool


def form(
    room: DrawingRoom, user: User, values: Mapping[str, Any], notes: tuple[str, ...] = (), *, blending: bool = False
) -> str:
    """The form of the model that is chosen, filled; `blending`: without what a blend has no use for."""
    texts = {str(name): str(value) for name, value in values.items() if isinstance(value, str | int | float)}
    about = room.takes.form(user, texts.get("model", ""))
    return generating.form(about, texts, room.takes.models(user), notes=notes, blending=blending)


def report(room: DrawingRoom, user: User, values: Mapping[str, Any]) -> str:
    """What is sent of the prompt."""
    prompt = str(values.get("prompt") or "")
    if not prompt.strip():
        return ""
    return generating.report(room.takes.report(user, str(values.get("model") or ""), prompt))


def shown(jobs: Sequence[JobInfo], desk: DrawingDesk) -> list[JobInfo]:
    """Jobs that go on, and failures of late that nobody has looked away from: an old one greets nobody forever."""

    def is_news(job: JobInfo) -> bool:
        recent = job.finished_at is not None and time.time() - job.finished_at < _NEWS
        return job.state == "FAILED" and recent and job.id not in desk.dismissed

    return [job for job in jobs if job.state in ACTIVE or is_news(job)]


def beside(take: str, order: Sequence[str]) -> tuple[str, str, str]:
    """The takes before and after one, "" where it is the first or last, and its place among them in words."""
    if take not in order:
        return "", "", ""
    at = order.index(take)
    before = order[at - 1] if at > 0 else ""
    after = order[at + 1] if at < len(order) - 1 else ""
    return before, after, f"{at + 1} of {len(order)}"


def character(room: DrawingRoom, known: str | None) -> CharacterInfo | None:
    """A character by its id; None where there is none."""
    if not known:
        return None
    try:
        return room.services.lab.character(known)
    except LabError:
        return None
