"""What happens when something on the Blend page is pressed: what is done, and where that leads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from blocks.blending import MOST_PARENTS
from blocks.errors import InputError
from data.records import FINAL
from workbench import components as parts
from workbench.access import User
from workbench.blends import Blends, Source
from workbench.pages.blend_desk import Desk
from workbench.pages.drawing_acts import IN_COMMON, Act, DrawingRoom, Turn, Values, stay
from workbench.services import Services
from workbench.takes import ACTORS, Takes

__all__ = ["POINTS", "Room", "act_on", "with_parent"]

POINTS = 11
EVEN = 0.5  # the weight that somebody comes with


@dataclass(frozen=True)
class Room(DrawingRoom):
    """The services that the page works with."""

    blends: Blends

    @classmethod
    def of(cls, services: Services) -> Room:
        takes = Takes(services)
        return cls(services, takes, Blends(takes))


def act_on(room: Room, user: User, desk: Desk, act: str, subject: str, values: Values) -> Turn[Desk]:
    """Do what was pressed.

    Raises:
        LabError: it could not be done; the page stays as it is.
    """
    do = _DO.get(act)
    if do is None:
        raise InputError(f"The page has no button {act!r}; load it again.")
    return do(room, Act(user, desk.weighed(values), subject, values))


def with_parent(room: Room, user: User, desk: Desk, kind: str, id: str, name: str = "") -> Desk:
    """The desk with one more parent.

    Raises:
        InputError: there are as many as a blend can have, or there is no such file, character or take.
    """
    if len(desk.parents) >= MOST_PARENTS:
        raise InputError(f"A blend has at most {MOST_PARENTS} parents; take somebody out first.")
    source = room.blends.add(user, kind, id, name, weight=EVEN)
    return replace(desk, parents=(*desk.parents, source))


# Parents


def _character(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(with_parent(room, act.user, act.desk, "character", act.subject))


def _take(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take = room.takes.take(act.user, act.subject)
    name = (take.label or take.prompt or "Take")[:60]
    return Turn(replace(with_parent(room, act.user, act.desk, "take", take.id, name), take=""))


def _actor(room: Room, act: Act[Desk], seed: int = 0) -> Turn[Desk]:
    item = room.takes.sample_actor(act.user, seed or secrets.choice(ACTORS))
    return Turn(with_parent(room, act.user, act.desk, "file", item.digest))


def _two_actors(room: Room, act: Act[Desk]) -> Turn[Desk]:
    first, second = secrets.SystemRandom().sample(ACTORS, 2)
    return _actor(room, replace(act, desk=_actor(room, act, first).desk), second)


def _fetch(room: Room, act: Act[Desk]) -> Turn[Desk]:
    item = room.takes.fetch(act.user, act.subject)
    return Turn(with_parent(room, act.user, act.desk, "file", item.digest))


def _drop(room: Room, act: Act[Desk]) -> Turn[Desk]:
    left = tuple(one for one in act.desk.parents if one.key != act.subject)
    return Turn(replace(act.desk, parents=left))


def _nobody(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, parents=()))


def _look_again(room: Room, act: Act[Desk]) -> Turn[Desk]:
    source = _parent(act.desk, act.subject)
    return Turn(_replaced(act.desk, room.blends.look(act.user, source, source.identity)))


def _pick(room: Room, act: Act[Desk]) -> Turn[Desk]:
    key, _, identity = act.subject.partition(" ")
    if not identity.isdecimal():
        raise InputError("That person is not among those found; look again.")
    return Turn(_replaced(act.desk, room.blends.look(act.user, _parent(act.desk, key), int(identity))))


def _parent(desk: Desk, key: str) -> Source:
    source = desk.parent(key)
    if source is None:
        raise InputError("This parent is not on the page any more; load it again.")
    return source


def _replaced(desk: Desk, source: Source) -> Desk:
    return replace(desk, parents=tuple(source if one.key == source.key else one for one in desk.parents))


# The form


def _settings(room: Room, act: Act[Desk]) -> Turn[Desk]:
    found = room.takes.settings_in(act.user, act.subject)
    values, notes = room.takes.fill(act.user, found.settings)
    kept = {name: act.values[name] for name in ("count", "points", "method", "model") if name in act.values}
    told = parts.said("Filled in from the settings of a picture.")
    return Turn(act.desk, kept | values, (*found.notes, *notes), told)


# Drawing


def _blend(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return _drawn(room, act, "blend", 0)


def _sweep(room: Room, act: Act[Desk]) -> Turn[Desk]:
    text = str(act.values.get("points") or POINTS)
    if not text.isdecimal():
        raise InputError(f"A sweep has a whole number of pictures, not {text[:40]!r}.")
    return _drawn(room, act, "sweep", int(text))


def _drawn(room: Room, act: Act[Desk], name: str, sweep: int) -> Turn[Desk]:
    wish = room.takes.wish(act.user, act.values)
    question = room.blends.question(act.user, wish, sweep)
    if question and act.subject != "sure":
        return Turn(act.desk, asked=parts.confirm("Start this?", question, yes="Start", id=name))
    method = str(act.values.get("method") or "")
    jobs = room.blends.blend(act.user, wish, act.desk.parents, method, sweep, act.desk.token)
    after = replace(act.desk, token=uuid4().hex, sweep=jobs[0].id if sweep else act.desk.sweep)
    return Turn(after)


def _confirm(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return (_sweep if act.subject == "sweep" else _blend)(room, replace(act, subject="sure"))


def _cancel_all(room: Room, act: Act[Desk]) -> Turn[Desk]:
    jobs = [job for job in room.blends.jobs(act.user) if job.user == act.user.name and job.state not in FINAL]
    room.takes.cancel(act.user, [job.id for job in jobs])
    return Turn(act.desk)


# What came of it


def _show_sweep(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, sweep=act.subject))


def _measure(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, measure="raw" if act.subject == "raw" else "second"))


def _keep(room: Room, act: Act[Desk]) -> Turn[Desk]:
    made = room.blends.keep(act.user, act.desk.take, act.subject)
    return Turn(act.desk, said=parts.said(f"{made.name} is a character now, and knows its parents."))


_DO: Mapping[str, Callable[[Room, Act[Desk]], Turn[Desk]]] = {
    **IN_COMMON,
    "character": _character, "take": _take, "actor": _actor, "two-actors": _two_actors, "fetch": _fetch,
    "drop": _drop, "nobody": _nobody, "look-again": _look_again, "pick": _pick, "role": stay, "settings": _settings,
    "blend": _blend, "sweep": _sweep, "confirm": _confirm, "cancel-all": _cancel_all, "show-sweep": _show_sweep,
    "measure": _measure, "keep": _keep, "stay": stay,
}  # fmt: skip
