"""What happens when something on the Characters page is pressed: what is done, and where that leads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from blocks.errors import InputError
from workbench import components as parts
from workbench.access import User
from workbench.characters import Characters, Collision
from workbench.components import characters as views
from workbench.pages import variations_acts as variations
from workbench.pages.turn import Place, Turn, without

__all__ = ["act_on"]


def act_on(characters: Characters, user: User, place: Place, act: str, subject: str, values: dict[str, Any]) -> Turn:
    """Do what was pressed.

    Raises:
        LabError: it could not be done; the page stays as it is.
    """
    go = _GO.get(act) or variations.GO.get(act)
    if go is not None:
        return Turn(go(place, subject), anew=act in ("theirs", "new"))
    if (act in _OF_ONE or act in variations.DO) and "character" not in place:
        raise InputError("No character is open; choose one first.")
    if act in variations.DO:
        return variations.DO[act](characters.grids, user, place, subject, values)
    if act not in _DO:
        raise InputError(f"The page has no button {act!r}; load it again.")
    return _DO[act](characters, user, place, subject, values)


def _search(place: Place, text: str) -> Place:
    return {"text": text} if text else {}


_GO: dict[str, Callable[[Place, str], Place]] = {
    "all": lambda place, subject: {},
    "search": _search,
    "view": lambda place, subject: {"character": place.get("character", ""), "view": subject},
    "new": lambda place, subject: {
        "new": "frames" if subject == "references" else subject,
        **({"character": place["character"]} if subject == "references" and "character" in place else {}),
    },
    "take": lambda place, subject: {**place, "take": subject},
    "leave": lambda place, subject: without(place, "take", "cell", "other", "pose"),
    "measure": lambda place, subject: {**place, "measure": subject},
    "curve": lambda place, subject: {**place, "curve": "1"},
    "sort": lambda place, subject: {**place, "sort": subject},
    "only": lambda place, subject: {**place, "only": subject},
    "compare": lambda place, subject: {**place, "version": subject} if subject else without(place, "version"),
    "theirs": lambda place, subject: place,
}


def _searched(_: Characters, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    return Turn(_search(place, str(values.get("text", subject)).strip()))


def _create(characters: Characters, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    made = characters.create(user, views.read_fields(values), subject)
    return Turn({"character": made.id}, parts.said(f"{made.name} is here."), anew=True)


def _save(characters: Characters, user: User, place: Place, version: str, values: dict[str, Any]) -> Turn:
    return _saved(characters, user, place, views.read_fields(values), version)


def _mine(characters: Characters, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    try:
        kept = json.loads(subject)
        changes, version = dict(kept["changes"]), str(kept["version"])
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("The changes that were kept cannot be read; make them again.") from error
    return _saved(characters, user, place, changes, version)


def _saved(characters: Characters, user: User, place: Place, changes: dict[str, Any], version: str) -> Turn:
    answer = characters.edit(user, place["character"], changes, version)
    if isinstance(answer, Collision):
        kept = json.dumps({"changes": answer.mine, "version": answer.theirs.version})
        return Turn(place, views.conflict(answer, kept))
    told = "Nothing was different." if answer.version == version else f"Saved as version {answer.version}."
    return Turn(place, parts.said(told), anew=True)


def _face(characters: Characters, user: User, place: Place, take: str, values: dict[str, Any]) -> Turn:
    made = characters.set_base_face(user, place["character"], take)
    words = f"This is the base face of {made.name} now, version {made.version}."
    return Turn(without(place, "take", "cell", "other"), parts.said(words), anew=True)


def _back(characters: Characters, user: User, place: Place, version: str, values: dict[str, Any]) -> Turn:
    made = characters.go_back(user, place["character"], version)
    words = f"Version {version} is back, as version {made.version}."
    return Turn(without(place, "version"), parts.said(words), anew=True)


def _delete(characters: Characters, user: User, place: Place, character: str, values: dict[str, Any]) -> Turn:
    return Turn({}, parts.undoable(f"{characters.delete(user, character).name} is in the trash.", character))


def _restore(characters: Characters, user: User, place: Place, character: str, values: dict[str, Any]) -> Turn:
    made = characters.restore(user, character)
    return Turn({}, parts.said(f"{made.name} is back."))


def _star(characters: Characters, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    take, _, stars = subject.partition(" ")
    characters.star(user, take, int(stars) if stars.isdigit() else 0)
    return Turn(place)


def _hide(characters: Characters, user: User, place: Place, take: str, values: dict[str, Any]) -> Turn:
    characters.hide(user, take, True)
    return Turn(without(place, "take"))


def _show(characters: Characters, user: User, place: Place, take: str, values: dict[str, Any]) -> Turn:
    characters.hide(user, take, False)
    return Turn(place)


def _find(characters: Characters, user: User, place: Place, subject: str, values: dict[str, Any]) -> Turn:
    job = characters.casting.find_people(user, str(values.get("files", "")).split())
    return Turn({**without(place, "picked"), "people": job.id})


def _pick(characters: Characters, user: User, place: Place, identity: str, values: dict[str, Any]) -> Turn:
    job = characters.casting.pick(user, place.get("people", ""), int(identity))
    return Turn({**place, "picked": job.id})


def _use(characters: Characters, user: User, place: Place, job: str, values: dict[str, Any]) -> Turn:
    now = characters.one(user, place["character"])
    made = characters.use_references(user, now.id, job, now.version)
    return Turn(
        {"character": made.id},
        parts.said(f"Takes are scored against the new set from version {made.version} on."),
        anew=True,
    )


def _again(characters: Characters, user: User, place: Place, job: str, values: dict[str, Any]) -> Turn:
    characters.services.retry(user, job)
    return Turn(place)


def _stop(characters: Characters, user: User, place: Place, job: str, values: dict[str, Any]) -> Turn:
    characters.services.cancel(user, job)
    return Turn(place)


_OF_ONE = frozenset({"save", "mine", "face", "back", "use"})
_DO: dict[str, Callable[[Characters, User, Place, str, dict[str, Any]], Turn]] = {
    "find-text": _searched,
    "create": _create,
    "save": _save,
    "mine": _mine,
    "face": _face,
    "back": _back,
    "delete": _delete,
    "restore": _restore,
    "star": _star,
    "hide": _hide,
    "show": _show,
    "find": _find,
    "pick": _pick,
    "use": _use,
    "retry": _again,
    "cancel": _stop,
}
