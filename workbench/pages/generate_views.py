"""What the Generate page shows for what lies on its desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks.errors import LabError
from data.records import FINAL, CharacterInfo, JobInfo
from workbench import components as parts
from workbench.access import User
from workbench.casting import People
from workbench.components import generating, takes
from workbench.components.views import ACTIVE
from workbench.pages.generate_acts import Room
from workbench.pages.generate_desk import Desk

__all__ = ["Drawn", "draw", "estimate", "form", "report"]

SHOWN_JOBS = 60


@dataclass(frozen=True, slots=True)
class Drawn:
    """Every part that follows from the desk and the lab; `busy` while something is worked on."""

    parts: dict[str, str]
    busy: bool


def draw(room: Room, user: User, desk: Desk) -> Drawn:
    """The page but for its form."""
    people = _people(room, user, desk)
    jobs = [job for job in room.takes.jobs(user, SHOWN_JOBS) if job.state in ACTIVE or _is_news(job, desk)]
    page = room.takes.page(user, desk.show, desk.of, desk.wanted)
    of = _character(room, desk.of)
    found = {
        "whom": _whom(room, user, desk, people),
        "drawing": takes.drawing(jobs),
        "plots": takes.plots(room.plots.look(user)),
        "gallery": takes.gallery([takes.cell(one) for one in page.takes], desk.show, page.more, of.name if of else ""),
        "viewer": _viewer(room, user, desk, [one.id for one in page.takes]),
    }
    busy = any(job.state in ACTIVE for job in jobs) or (people is not None and people.job.state not in FINAL)
    return Drawn(found, busy)


def form(room: Room, user: User, values: dict[str, Any], notes: tuple[str, ...] = ()) -> str:
    """The form of the model that is chosen, filled."""
    texts = {str(name): str(value) for name, value in values.items() if isinstance(value, str | int | float)}
    about = room.takes.form(user, texts.get("model", ""))
    return generating.form(about, texts, room.takes.models(user), notes=notes)


def report(room: Room, user: User, values: dict[str, Any]) -> str:
    """What is sent of the prompt."""
    prompt = str(values.get("prompt") or "")
    if not prompt.strip():
        return ""
    return generating.report(room.takes.report(user, str(values.get("model") or ""), prompt))


def estimate(room: Room, user: User, desk: Desk, values: dict[str, Any]) -> str:
    """Time and space, or what keeps the pictures from being drawn."""
    try:
        wish = room.takes.wish(user, values)
        return generating.estimate_line(room.takes.estimate(user, wish, desk.whom))
    except LabError as error:
        return parts.estimate(str(error))


def _is_news(job: JobInfo, desk: Desk) -> bool:
    """A failure that nobody has looked away from; only of late, so that an old one does not greet forever."""
    import time

    recent = job.finished_at is not None and time.time() - job.finished_at < 3600
    return job.state == "FAILED" and recent and job.id not in desk.dismissed


def _people(room: Room, user: User, desk: Desk) -> People | None:
    if not desk.people:
        return None
    try:
        return room.casting.people(user, desk.people)
    except LabError:
        return None


def _character(room: Room, character: str) -> CharacterInfo | None:
    if not character:
        return None
    try:
        return room.services.lab.character(character)
    except LabError:
        return None


def _whom(room: Room, user: User, desk: Desk, people: People | None) -> str:
    try:
        items = room.services.items(user, desk.files)
    except LabError as error:
        return parts.problems([str(error)])
    cast = [] if desk.character else room.services.lab.characters(limit=60)
    carrying = [item.digest for item in items[:8] if item.facts.kind == "picture" and room.takes.carries(item.digest)]
    return generating.whom(items, people, desk.identity, _character(room, desk.character), cast, carrying)


def _viewer(room: Room, user: User, desk: Desk, order: list[str]) -> str:
    if not desk.take:
        return ""
    try:
        take = room.takes.take(user, desk.take)
    except LabError:
        return ""
    at = order.index(take.id) if take.id in order else -1
    before = order[at - 1] if at > 0 else ""
    after = order[at + 1] if 0 <= at < len(order) - 1 else ""
    place = f"{at + 1} of {len(order)}" if at >= 0 else ""
    return takes.take_view(take, room.takes.tries(user, take), before, after, place)
