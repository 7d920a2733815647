"""What happens when something on the LoRA page is pressed: what is done, and where that leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from blocks.errors import InputError
from workbench import components as parts
from workbench.access import User
from workbench.components import lora_form as forms
from workbench.loras import LoraDesk
from workbench.pages.turn import Place, without

__all__ = ["Done", "act_on", "form_of", "importing_of"]

Entries = list[dict[str, str]]

_OF_A_PERSON = {"trigger": "Trigger word", "kind": "Kind", "marks": "On one side only"}


@dataclass(frozen=True, slots=True)
class Done:
    """Where an act leads.

    Attributes:
        said: what to say about it; "" and nothing is said any more.
        form, brought, chosen: the form, the one for files made elsewhere, and the pictures that are chosen; None and
            they stay.
    """

    place: Place
    said: str = ""
    form: str | None = None
    brought: str | None = None
    chosen: Entries | None = None


def act_on(
    desk: LoraDesk, user: User, place: Place, act: str, subject: str, values: dict[str, Any], chosen: Entries
) -> Done:
    """Do what was pressed.

    Raises:
        LabError: it could not be done; the page stays as it is.
    """
    if act == "open":
        return Done({**place, "job": subject})
    if act == "clear":
        return Done(place, chosen=[])
    if act == "dismiss":
        return Done(place)
    if act == "changed":
        return _changed(desk, user, place, subject, values)
    if act in ("look", "train", "confirm"):
        return _begin(desk, user, place, act, values, chosen)
    if act not in _DO:
        raise InputError(f"The page has no button {act[:40]!r}; load it again.")
    return _DO[act](desk, user, place, subject, values)


def form_of(desk: LoraDesk, user: User, values: Mapping[str, Any], notes: tuple[str, ...] = ()) -> str:
    """The form, filled; the trigger word that a character has stands in it."""
    character = str(values.get("character") or "")
    found, first = desk.gathered(user, character) if character else (None, "")
    return forms.form(
        values,
        family=desk.family(user, str(values.get("model") or "")),
        models=_models(desk, user),
        characters=desk.characters(user),
        found=found,
        first=first,
        notes=notes,
    )


def importing_of(desk: LoraDesk, user: User) -> str:
    """The form by which a LoRA that was made elsewhere comes in."""
    return forms.importing(_models(desk, user), desk.characters(user))


def _models(desk: LoraDesk, user: User) -> list[tuple[str, str]]:
    return [(name, name or "Pocket, the lab's own") for name in desk.models(user)]


def _changed(desk: LoraDesk, user: User, place: Place, what: str, values: dict[str, Any]) -> Done:
    """Another character, model or preset: what is shown beside follows, and what a person chose stays."""
    if what != "character":
        return Done(place, form=form_of(desk, user, values))
    character, before = str(values.get("character") or ""), place.get("character", "")
    there = {**place, "character": character} if character else without(place, "character")
    notes, values = _of_another(desk, user, before, values) if before else ((), values)
    return Done(without(there, "look"), form=form_of(desk, user, values, notes))


def _of_another(
    desk: LoraDesk, user: User, before: str, values: dict[str, Any]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The form without what was said of the person before, and a note of that."""
    said = [
        f"{label} “{text}”" for name, label in _OF_A_PERSON.items() if (text := str(values.get(name) or "").strip())
    ]
    name = dict(desk.characters(user)).get(before, "somebody else")
    notes = (f"Emptied, because it was said of {name}: {', '.join(said)}.",) if said else ()
    return notes, {**values, **dict.fromkeys(_OF_A_PERSON, "")}


def _plain(desk: LoraDesk, user: User, place: Place, subject: str, values: dict[str, Any]) -> Done:
    return Done(place, form=form_of(desk, user, forms.plain(values)))


def _begin(desk: LoraDesk, user: User, place: Place, act: str, values: dict[str, Any], chosen: Entries) -> Done:
    """Look at the dataset, or train; before a long training it is asked whether that is meant."""
    only_advice = act == "look"
    character = str(values.get("character") or "")
    if act == "train" and (question := desk.question(user, chosen, character, _asked(desk, user, values))):
        return Done(place, parts.confirm("Start this training?", question, yes="Train"))
    job = desk.begin(
        user,
        chosen,
        str(values.get("trigger") or "").strip(),
        character=character,
        captions=forms.captions_of(values),
        only_advice=only_advice,
        once=uuid4().hex,
        **_asked(desk, user, values),
    )
    there = {**without(place, "job"), "look": job.id} if only_advice else {**place, "job": job.id}
    return Done(there, "" if only_advice else parts.said(f"{job.title}: on its way."))


def _asked(desk: LoraDesk, user: User, values: dict[str, Any]) -> dict[str, Any]:
    """What the chain is asked for, beside the pictures."""
    model = str(values.get("model") or "")
    return {
        "kind": str(values.get("kind") or ""),
        "model": model,
        "preset": str(values.get("preset") or "balanced"),
        "marks": str(values.get("marks") or ""),
        "settings": forms.settings_of(values, desk.family(user, model)),
        "others": _count(values.get("others")),
        "leave_out": forms.unwanted(values),
    }


def _count(value: Any) -> int:
    text = str(value or "0").strip()
    if not text.isdigit():
        raise InputError(f"Other people are {text[:20]!r}; give how many pictures of them to draw, as in 20.")
    return int(text)


def _stop(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    return Done({**place, "job": desk.stop(user, job).id}, parts.said("It stops; what it came to is kept."))


def _resume(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    return Done({**place, "job": desk.resume(user, job).id}, parts.said("It goes on where it was stopped."))


def _longer(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    made = desk.longer(user, job, _count(values.get("longer")))
    return Done({**place, "job": made.id}, parts.said("It goes on from its last version."))


def _pick(desk: LoraDesk, user: User, place: Place, subject: str, values: dict[str, Any]) -> Done:
    job, _, version = subject.partition("/")
    made = desk.pick(user, job, int(version) if version.isdigit() else -1)
    return Done({**place, "job": made.id}, parts.said(f"Version {version}: its files are being written."))


def _use(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    model, person = desk.use(user, job)
    whose = f" {person.name} is drawn with it from now on." if person else ""
    return Done({**place, "job": job}, parts.said(f"{model.name} is among the models.{whose}"))


def _delete(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    gone = desk.take_away(user, job)
    out = f" Taken out of the models: {', '.join(gone)}; the Models page can put it back." if gone else ""
    return Done({**place, "job": job}, parts.said(f"Deleted.{out}"))


def _again(desk: LoraDesk, user: User, place: Place, job: str, values: dict[str, Any]) -> Done:
    """The form, pictures and captions as they were for a training, to change something and train again."""
    known, given = desk.asked_for(user, job)
    there = {**without(place, "character"), "look": job, **({"character": known} if known else {})}
    entries: Entries = given.pop("entries")
    given["turn"] = -int(values.get("turn") or 1)  # nothing of what is in the form stays
    note = "Filled as it was for this training; change what you like, then train."
    return Done(there, form=form_of(desk, user, given, (note,)), chosen=entries)


def _import(desk: LoraDesk, user: User, place: Place, subject: str, values: dict[str, Any]) -> Done:
    told = desk.bring(
        user,
        str(values.get("file") or ""),
        model=str(values.get("import.model") or ""),
        character=str(values.get("import.character") or ""),
        name=str(values.get("import.name") or ""),
    )
    return Done(place, parts.said(told), brought=importing_of(desk, user))


_DO: dict[str, Callable[[LoraDesk, User, Place, str, dict[str, Any]], Done]] = {
    "stop": _stop,
    "resume": _resume,
    "longer": _longer,
    "pick": _pick,
    "use": _use,
    "delete": _delete,
    "again": _again,
    "import": _import,
    "plain": _plain,
}
