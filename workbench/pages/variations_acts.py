"""What happens when something in a variation grid is pressed."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

from blocks.errors import InputError
from workbench import components as parts
from workbench.access import User
from workbench.components.grid import SHAPES
from workbench.pages.turn import Place, Turn, without
from workbench.variations import VariationGrids

__all__ = ["DO", "GO"]

GO: dict[str, Callable[[Place, str], Place]] = {
    "cell": lambda place, subject: {**without(place, "other", "pose"), "cell": subject},
    "grid-sort": lambda place, subject: {**place, "order": subject},
    "grid-show": lambda place, subject: {**place, "show": subject},
    "grid-part": lambda place, subject: {**place, "part": subject} if subject else without(place, "part"),
    "grid-model": lambda place, subject: {**place, "model": subject} if subject else without(place, "model"),
    "pose": lambda place, subject: {**place, "pose": subject} if subject else without(place, "pose"),
    "beside": lambda place, subject: {**place, "beside": subject} if subject else without(place, "beside"),
    "dismiss": lambda place, subject: place,
    "weigh": lambda place, subject: {**place, "other": subject} if subject else without(place, "other"),
}
"""Acts that only show something else."""


def _settings(place: Place) -> dict[str, str]:
    """What new pictures are drawn with beside what their cells say."""
    return {"model": place["model"]} if place.get("model") else {}


def _make(grids: VariationGrids, user: User, place: Place, key: str, values: dict[str, Any]) -> Turn:
    grids.make(user, place["character"], [key], settings=_settings(place))
    return Turn(place)


def _make_missing(grids: VariationGrids, user: User, place: Place, section: str, values: dict[str, Any]) -> Turn:
    grids.make(user, place["character"], section=section, which="missing", settings=_settings(place))
    return Turn(place)


def _redo_flagged(grids: VariationGrids, user: User, place: Place, section: str, values: dict[str, Any]) -> Turn:
    jobs = grids.make(user, place["character"], section=section, which="flagged", settings=_settings(place))
    return Turn(
        place, parts.said(f"{len(jobs)} made again; each waits beside the current picture until you confirm it.")
    )


def _stop(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    count = grids.stop(user, place["character"])
    return Turn(place, parts.said(f"{count} stopped. What is missing is made when you ask for it again."))


def _confirm(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    key, _, take = subject.partition(" ")
    grids.confirm(user, place["character"], key, take)
    return Turn(without(place, "other"))


def _discard(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    key, _, take = subject.partition(" ")
    grids.discard(user, place["character"], key, take)
    return Turn(without(place, "other"))


def _sheet(grids: VariationGrids, user: User, place: Place, kind: str, values: dict[str, Any]) -> Turn:
    grids.sheet(user, place["character"], kind)
    return Turn(place)


def _draw_sheet(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    kind, _, model = subject.partition(" ")
    grids.draw_sheet(user, place["character"], kind, model)
    return Turn(place)


def _add(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    title = " ".join(str(values.get("title", "")).split())
    key = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")
    if not key:
        raise InputError("Say what the cell shows, in letters or digits; its key is made of that.")
    cell: dict[str, Any] = {"key": f"own_{key}"[:64], "title": title, "prompt": str(values.get("prompt", ""))}
    cell |= {"pose": str(values.get("pose", "")), "aspect": SHAPES.get(str(values.get("shape")), 1.0)}
    section = str(values.get("section", "")).strip()
    grids.add_cell(user, place["character"], cell | ({"section": section} if section else {}))
    return Turn(place, parts.said(f"“{title}” is in the grid."), anew=True)


def _keep_pose(grids: VariationGrids, user: User, place: Place, key: str, values: dict[str, Any]) -> Turn:
    try:
        points = json.loads(str(values.get("points") or "[]"))
    except ValueError as error:
        raise InputError("The joints did not arrive whole; keep the pose again.") from error
    if not isinstance(points, list):
        raise InputError("The joints did not arrive whole; keep the pose again.")
    cell = grids.pose(user, place["character"], key, points)
    how = "with the joints where you put them" if cell.points else "as set"
    if not values.get("draw"):
        return Turn(without(place, "pose"), parts.said(f"The pose is kept, {how}; the next picture is drawn with it."))
    grids.make(user, place["character"], [key], settings=_settings(place))
    return Turn(without(place, "pose"), parts.said(f"The cell is drawn anew, {how}; the new picture comes here."))


def _drop(grids: VariationGrids, user: User, place: Place, key: str, values: dict[str, Any]) -> Turn:
    grids.drop_cell(user, place["character"], key)
    words = "The cell is out of the grid. Its pictures stay among the takes."
    return Turn(without(place, "cell", "other"), parts.said(words), anew=True)


def _save(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    made = grids.save_template(user, place["character"], str(values.get("name", "")))
    return Turn(place, parts.said(f"“{made.name}” is saved; apply it to any character."), anew=True)


def _apply(grids: VariationGrids, user: User, place: Place, template: str, values: dict[str, Any]) -> Turn:
    changes = grids.template_changes(user, place["character"], template)
    if changes.harmless:
        return _applied(grids, user, place, template, values)
    name = next((one.name for one in grids.templates(user) if one.id == template), "the standard set")
    id = f"apply-template {secrets.token_hex(3)} {template}"  # asked again, it is another question to the browser
    asked = parts.confirm(f"Apply {name}?", changes.words(), yes="Apply", no="Leave the grid as it is", id=id)
    return Turn(place, asked)


def _applied(grids: VariationGrids, user: User, place: Place, template: str, values: dict[str, Any]) -> Turn:
    before = grids.written(user, place["character"])
    cells = grids.apply_template(user, place["character"], template, sure=True)
    words = f"The grid has {len(cells)} cells now. Every picture is kept."
    kept = json.dumps([grids.mark(user, place["character"]), before])
    notice = parts.undoable(words, kept, act="undo-template") if before else parts.said(words)
    return Turn(without(place, "cell", "part"), notice, anew=True)


def _undo(grids: VariationGrids, user: User, place: Place, kept: str, values: dict[str, Any]) -> Turn:
    try:
        mark, before = json.loads(kept)
    except (ValueError, TypeError) as error:
        raise InputError("The grid from before did not arrive whole; apply a template instead.") from error
    cells = grids.rewrite(user, place["character"], str(before), str(mark))
    return Turn(without(place, "cell", "part"), parts.said(f"The grid has its {len(cells)} cells again."), anew=True)


def _sure(grids: VariationGrids, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    act, _, template = (*subject.split(" ", 2), "", "")[:3]
    if act != "apply-template":
        raise InputError("The page asked something that it does not know any more; load it again.")
    return _applied(grids, user, place, template, values)


def _delete(grids: VariationGrids, user: User, place: Place, template: str, values: dict[str, Any]) -> Turn:
    grids.delete_template(user, template)
    return Turn(place, parts.said("The template is gone; grids made from it stay as they are."), anew=True)


DO: dict[str, Callable[[VariationGrids, User, Place, str, dict[str, Any]], Turn]] = {
    "make": _make,
    "make-missing": _make_missing,
    "make-section": _make_missing,
    "redo-flagged": _redo_flagged,
    "stop-grid": _stop,
    "confirm-cell": _confirm,
    "discard-cell": _discard,
    "sheet": _sheet,
    "draw-sheet": _draw_sheet,
    "add-cell": _add,
    "drop-cell": _drop,
    "keep-pose": _keep_pose,
    "save-template": _save,
    "apply-template": _apply,
    "undo-template": _undo,
    "confirm": _sure,
    "delete-template": _delete,
}
"""Acts that change something; all of them are about the character that is open."""
