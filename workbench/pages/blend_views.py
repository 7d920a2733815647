"""What the Blend page shows for what lies on its desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blocks.errors import LabError
from data.records import JobInfo, TakeInfo
from pipelines.blends import SWEEP
from workbench import components as parts
from workbench.access import User
from workbench.blends import Point
from workbench.components import blending, generating, takes
from workbench.components.views import ACTIVE
from workbench.pages.blend_acts import POINTS, Room
from workbench.pages.blend_desk import Desk
from workbench.pages.drawing_views import Drawn, beside, character, shown

__all__ = ["draw", "estimate", "methods"]

SHOWN_BLENDS, SHOWN_SWEEPS, SHOWN_TAKES = 24, 20, 18


def draw(room: Room, user: User, desk: Desk) -> Drawn:
    """The page but for its form."""
    about = room.takes.form(user, desk.model)
    jobs = room.blends.jobs(user)
    met = [room.blends.meet(user, source, about) for source in desk.parents]
    sweeps = [job for job in jobs if job.pipeline == SWEEP][:SHOWN_SWEEPS]
    sweep, points = _sweep(room, user, desk, sweeps)
    blends = _blends(room, user, jobs)
    found = {
        "parents": blending.parents(met, room.blends.cast(user), _to_choose(room, user)),
        "drawing": takes.drawing(shown(jobs, desk)),
        "sweep": blending.sweep(sweep, points, sweeps, desk.measure, desk.take),
        "results": blending.results(blends, desk.measure) if blends or sweep is None else "",
        "viewer": _viewer(room, user, desk, points, blends),
    }
    busy = any(job.state in ACTIVE for job in jobs) or any(one.busy for one in met)
    return Drawn(found, busy)


def methods(room: Room, user: User, desk: Desk, values: Mapping[str, Any]) -> str:
    """What the chosen model can do with the parents there are."""
    about = room.takes.form(user, str(values.get("model") or ""))
    faces = sum(one.role == "face" for one in desk.parents)
    return blending.methods(room.blends.methods(about, faces), str(values.get("method") or ""), about.title, faces)


def estimate(room: Room, user: User, values: Mapping[str, Any]) -> str:
    """Time and space of one blend and of the sweep, or what keeps them from being drawn."""
    try:
        wish = room.takes.wish(user, values)
        points = str(values.get("points") or POINTS)
        whole = room.blends.estimate(user, wish, int(points) if points.isdecimal() else POINTS)
        return generating.estimate_line(room.blends.estimate(user, wish), whole)
    except LabError as error:
        return parts.estimate(str(error))


def _to_choose(room: Room, user: User) -> list[TakeInfo]:
    return list(room.takes.page(user, wanted=SHOWN_TAKES).takes)


def _sweep(room: Room, user: User, desk: Desk, sweeps: Sequence[JobInfo]) -> tuple[JobInfo | None, list[Point]]:
    """The sweep that was chosen, or the newest that came to anything."""
    useful = [job for job in sweeps if job.state in ACTIVE or job.state == "SUCCEEDED"]
    chosen = next((job for job in sweeps if job.id == desk.sweep), next(iter(useful), None))
    return chosen, room.blends.points(user, chosen.id) if chosen else []


def _blends(room: Room, user: User, jobs: Sequence[JobInfo]) -> list[TakeInfo]:
    return room.blends.drawn(user, [job for job in jobs if job.pipeline != SWEEP], SHOWN_BLENDS)


def _viewer(room: Room, user: User, desk: Desk, points: Sequence[Point], blends: Sequence[TakeInfo]) -> str:
    if not desk.take:
        return ""
    try:
        take = room.takes.take(user, desk.take)
    except LabError:
        return ""
    along = [point.take.id for point in points if point.take]
    order = along if take.id in along else [one.id for one in blends]
    near, whose = room.blends.near(user, take.id), character(room, take.character)
    return blending.view(take, near, whose, desk.measure, *beside(take.id, order))
