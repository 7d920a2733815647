"""What can be pressed on every page that draws pictures (Generate and Blend): what is done, and where that leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from workbench import components as parts
from workbench.access import User
from workbench.pages.drawing_desk import DrawingDesk, dismissing
from workbench.services import Services
from workbench.takes import Takes

__all__ = ["IN_COMMON", "Act", "DrawingRoom", "Turn", "Values", "stay"]

Values = dict[str, Any]
AnyDesk = TypeVar("AnyDesk", bound=DrawingDesk)


@dataclass(frozen=True)
class DrawingRoom:
    """The services that every such page works with."""

    services: Services
    takes: Takes


@dataclass(frozen=True, slots=True)
class Act(Generic[AnyDesk]):
    """What was pressed, on what, and what the form holds."""

    user: User
    desk: AnyDesk
    subject: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn(Generic[AnyDesk]):
    """Where an act leads.

    Attributes:
        values: the form is filled anew with these; None leaves it as the person has it.
        notes: what could not be filled in.
        said: what to say about it.
        asked: a question over the page.
        painter: the place to paint a mask; "" for none.
    """

    desk: AnyDesk
    values: Values | None = None
    notes: tuple[str, ...] = ()
    said: str = ""
    asked: str = ""
    painter: str = ""


def stay(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    """Nothing more: what was pressed has done its work in the browser."""
    return Turn(act.desk)


def _redraw(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    return Turn(act.desk, act.values)


def _cancel(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    room.takes.cancel(act.user, [act.subject])
    return Turn(act.desk)


def _retry(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    room.takes.retry(act.user, act.subject)
    return Turn(act.desk)


def _dismiss(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    return Turn(dismissing(act.desk, act.subject))


def _open(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    return Turn(replace(act.desk, take=act.subject))


def _leave(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    return Turn(replace(act.desk, take=""))


def _say(room: DrawingRoom, act: Act[AnyDesk]) -> Turn[AnyDesk]:
    return Turn(act.desk, said=parts.problems([act.subject[:500]]))


IN_COMMON: Mapping[str, Callable[[DrawingRoom, Act[Any]], Turn[Any]]] = {
    "model": _redraw, "redraw": _redraw, "cancel": _cancel, "retry": _retry, "dismiss": _dismiss,
    "open": _open, "leave": _leave, "say": _say,
}  # fmt: skip
