"""What the Generate page shows for what lies on its desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.errors import LabError
from data.records import FINAL
from workbench import components as parts
from workbench.access import User
from workbench.casting import People
from workbench.components import generating, takes
from workbench.components.views import ACTIVE
from workbench.pages.drawing_views import Drawn, beside, character, shown
from workbench.pages.generate_acts import Room
from workbench.pages.generate_desk import Desk

__all__ = ["draw", "estimate"]

SHOWN_JOBS = 60


def draw(room: Room, user: User, desk: Desk) -> Drawn:
    """The page but for its form."""
    people = _people(room, user, desk)
    jobs = shown(room.takes.jobs(user, SHOWN_JOBS), desk)
    page = room.takes.page(user, desk.show, desk.of, desk.wanted)
    of = character(room, desk.of)
    found = {
        "whom": _whom(room, user, desk, people),
        "drawing": takes.drawing(jobs),
        "plots": takes.plots(room.plots.look(user)),
        "gallery": takes.gallery([takes.cell(one) for one in page.takes], desk.show, page.more, of.name if of else ""),
        "viewer": _viewer(room, user, desk, [one.id for one in page.takes]),
    }
    busy = any(job.state in ACTIVE for job in jobs) or (people is not None and people.job.state not in FINAL)
    return Drawn(found, busy)


def estimate(room: Room, user: User, desk: Desk, values: Mapping[str, Any]) -> str:
    """Time and space, or what keeps the pictures from being drawn."""
    try:
        wish = room.takes.wish(user, values)
        return generating.estimate_line(room.takes.estimate(user, wish, desk.whom))
    except LabError as error:
        return parts.estimate(str(error))


def _people(room: Room, user: User, desk: Desk) -> People | None:
    if not desk.people:
        return None
    try:
        return room.casting.people(user, desk.people)
    except LabError:
        return None


def _whom(room: Room, user: User, desk: Desk, people: People | None) -> str:
    try:
        items = room.services.items(user, desk.files)
    except LabError as error:
        return parts.problems([str(error)])
    cast = [] if desk.character else room.services.lab.characters(limit=60)
    carrying = [item.digest for item in items[:8] if item.facts.kind == "picture" and room.takes.carries(item.digest)]
    return generating.whom(items, people, desk.identity, character(room, desk.character), cast, carrying)


def _viewer(room: Room, user: User, desk: Desk, order: list[str]) -> str:
    if not desk.take:
        return ""
    try:
        take = room.takes.take(user, desk.take)
    except LabError:
        return ""
    return takes.take_view(take, room.takes.tries(user, take), *beside(take.id, order))
