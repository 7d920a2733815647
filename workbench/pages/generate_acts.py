"""What happens when something on the Generate page is pressed: what is done, and where that leads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from blocks.errors import InputError
from data.records import FINAL
from workbench import components as parts
from workbench.access import User
from workbench.casting import Casting
from workbench.components.generating import painter
from workbench.pages.drawing_acts import IN_COMMON, Act, DrawingRoom, Turn, Values, stay
from workbench.pages.generate_desk import Desk
from workbench.plots import Plots
from workbench.services import Services
from workbench.takes import ACTORS, PAGE, Takes

__all__ = ["Room", "act_on", "with_files"]


@dataclass(frozen=True)
class Room(DrawingRoom):
    """The services that the page works with."""

    casting: Casting
    plots: Plots

    @classmethod
    def of(cls, services: Services) -> Room:
        takes = Takes(services)
        return cls(services, takes, Casting(services.lab), Plots(takes))


def act_on(room: Room, user: User, desk: Desk, act: str, subject: str, values: Values) -> Turn[Desk]:
    """Do what was pressed.

    Raises:
        LabError: it could not be done; the page stays as it is.
    """
    do = _DO.get(act)
    if do is None:
        raise InputError(f"The page has no button {act!r}; load it again.")
    return do(room, Act(user, desk, subject, values))


def with_files(room: Room, user: User, desk: Desk, files: list[dict[str, str]]) -> Desk:
    """The desk with other frames on it; the faces in them are looked for at once."""
    items = list({item.digest: item for item in room.services.items(user, files)}.values())
    if desk.people:
        job = room.casting.job(user, desk.people)
        if job.state not in FINAL:
            room.services.cancel(user, job.id)
    desk = replace(desk, files=tuple(item.entry for item in items), people="", identity=-1)
    if items:
        desk = replace(desk, people=room.casting.find_people(user, [item.digest for item in items]).id)
    return desk


# Who


def _drop(room: Room, act: Act[Desk]) -> Turn[Desk]:
    kept = [one for one in act.desk.files if one.get("digest") != act.subject]
    return Turn(with_files(room, act.user, act.desk, kept))


def _nobody(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, files=(), people="", identity=-1, character=""))


def _actor(room: Room, act: Act[Desk]) -> Turn[Desk]:
    item = room.takes.sample_actor(act.user, secrets.choice(ACTORS))
    return Turn(with_files(room, act.user, replace(act.desk, character=""), [item.entry]))


def _fetch(room: Room, act: Act[Desk]) -> Turn[Desk]:
    item = room.takes.fetch(act.user, act.subject)
    return Turn(with_files(room, act.user, act.desk, [*act.desk.files, item.entry]))


def _pick(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, identity=int(act.subject) if act.subject.isdecimal() else -1))


def _look_again(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(with_files(room, act.user, act.desk, list(act.desk.files)))


def _character(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, character=act.subject))


# The form


def _no_start(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(act.desk, _without(act.values, "image", "mask"))


def _settings(room: Room, act: Act[Desk]) -> Turn[Desk]:
    found = room.takes.settings_in(act.user, act.subject)
    values, notes = room.takes.fill(act.user, found.settings)
    source = {"lab": "this lab", "a1111": "A1111", "comfyui": "ComfyUI"}[found.program]
    return Turn(act.desk, _over(act.values, values), (*found.notes, *notes), parts.said(f"Filled in from {source}."))


def _again(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take = room.takes.take(act.user, act.subject)
    settings = {**take.settings, "seed": take.seed, "prompt": take.prompt, "model": take.model}
    values, notes = room.takes.fill(act.user, settings)
    desk = replace(act.desk, take="", character=take.character or act.desk.character)
    return Turn(desk, _over(act.values, values), tuple(notes))


def _as_frame(room: Room, act: Act[Desk]) -> Turn[Desk]:
    picture = room.takes.take(act.user, act.subject).picture
    entry = {"digest": picture.digest, "name": picture.name}
    desk = with_files(room, act.user, replace(act.desk, take=""), [*act.desk.files, entry])
    return Turn(desk, said=parts.said("It is among the frames of the person."))


def _frame(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(with_files(room, act.user, act.desk, [*act.desk.files, {"digest": act.subject, "name": ""}]))


def _as_start(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take = room.takes.take(act.user, act.subject)
    values = {**_without(act.values, "mask"), "image": take.picture.digest}
    return Turn(replace(act.desk, take=""), _like(values, take.prompt))


def _paint(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take = room.takes.take(act.user, act.subject)
    values = {**_without(act.values, "mask"), "image": take.picture.digest}
    return Turn(replace(act.desk, take=""), _like(values, take.prompt), painter=painter(take.picture.digest, ""))


def _mask(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.file(act.user, act.subject)
    return Turn(act.desk, painter=painter(act.subject, str(act.values.get("mask") or "")))


def _masked(room: Room, act: Act[Desk]) -> Turn[Desk]:
    image, _, mask = act.subject.partition(" ")
    for digest in (image, mask):
        room.takes.file(act.user, digest)
    return Turn(act.desk, {**act.values, "image": image, "mask": mask})


# Drawing


def _generate(room: Room, act: Act[Desk]) -> Turn[Desk]:
    wish = room.takes.wish(act.user, act.values)
    question = room.takes.question(act.user, wish, act.desk.whom)
    if question and act.subject != "sure":
        return Turn(act.desk, asked=parts.confirm("Start this?", question, yes="Start", id="generate"))
    room.takes.generate(act.user, wish, act.desk.whom, act.desk.token)
    return Turn(_after(act.desk))


def _plot(room: Room, act: Act[Desk]) -> Turn[Desk]:
    plan = room.plots.plan(act.user, act.values)
    question = room.plots.question(act.user, plan, act.desk.whom)
    if question and act.subject != "sure":
        return Turn(act.desk, asked=parts.confirm("Draw this plot?", question, yes="Draw", id="plot"))
    room.plots.draw(act.user, plan, act.desk.whom, act.desk.token)
    return Turn(_after(act.desk), said=parts.said(f"{plan.count} pictures will be drawn, and put into one."))


def _confirm(room: Room, act: Act[Desk]) -> Turn[Desk]:
    do = _plot if act.subject == "plot" else _generate
    return do(room, replace(act, subject="sure"))


def _after(desk: Desk) -> Desk:
    """The next click is another one."""
    return replace(desk, token=uuid4().hex, show="all" if desk.show == "hidden" else desk.show)


def _cancel_all(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.cancel_all(act.user)
    return Turn(act.desk)


# Takes


def _star(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take, _, stars = act.subject.partition(" ")
    room.takes.star(act.user, take, int(stars) if stars.isdecimal() else 0)
    return Turn(act.desk)


def _keep(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.keep(act.user, act.subject)
    return Turn(act.desk)


def _unkeep(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.keep(act.user, act.subject, False)
    return Turn(act.desk)


def _hide(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.hide(act.user, act.subject)
    return Turn(replace(act.desk, take=""), said=parts.undoable("The take is hidden.", act.subject))


def _unhide(room: Room, act: Act[Desk]) -> Turn[Desk]:
    room.takes.hide(act.user, act.subject, False)
    return Turn(act.desk)


def _base_face(room: Room, act: Act[Desk]) -> Turn[Desk]:
    take = room.takes.take(act.user, act.subject)
    if not take.character:
        raise InputError("This take shows no character. Make one of its frames on the Characters page first.")
    name = room.takes.set_base_face(act.user, take.id, take.character)
    return Turn(act.desk, said=parts.said(f"It is the base face of {name} now."))


def _show(room: Room, act: Act[Desk]) -> Turn[Desk]:
    everybody = act.subject == "all" and act.desk.show == "all"
    return Turn(replace(act.desk, show=act.subject, wanted=PAGE, of="" if everybody else act.desk.of))


def _everybody(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, of="", wanted=PAGE))


def _older(room: Room, act: Act[Desk]) -> Turn[Desk]:
    return Turn(replace(act.desk, wanted=act.desk.wanted + PAGE))


def _without(values: Mapping[str, Any], *names: str) -> Values:
    return {name: value for name, value in values.items() if name not in names}


def _over(values: Values, filled: Mapping[str, str]) -> Values:
    """A form filled from somewhere else keeps only what is no setting of the picture."""
    kept = ("count", "model", "axis.x", "axis.y", "axis.z", "values.x", "values.y", "values.z")
    return {name: values[name] for name in kept if name in values} | dict(filled)


def _like(values: Values, prompt: str) -> Values:
    """Where nothing is written yet, the take's own words."""
    return values if values.get("prompt") else {**values, "prompt": prompt}


_DO: Mapping[str, Callable[[Room, Act[Desk]], Turn[Desk]]] = {
    **IN_COMMON,
    "drop": _drop, "nobody": _nobody, "actor": _actor, "fetch": _fetch, "pick": _pick, "look-again": _look_again,
    "character": _character, "no-start": _no_start, "settings": _settings, "again": _again, "frame": _frame,
    "as-frame": _as_frame, "as-start": _as_start, "paint": _paint, "mask": _mask, "masked": _masked, "unmask": stay,
    "generate": _generate, "plot": _plot, "confirm": _confirm, "cancel-all": _cancel_all, "star": _star,
    "keep": _keep, "unkeep": _unkeep, "hide": _hide, "unhide": _unhide, "restore": _unhide,
    "base-face": _base_face, "show": _show, "everybody": _everybody, "older": _older,
}  # fmt: skip
