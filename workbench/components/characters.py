"""Characters as the pages show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.characters import FIELDS
from data.records import CharacterInfo, FileRef
from workbench.casting import People
from workbench.characters import Collision
from workbench.components.fields import Field
from workbench.components.filling import fill
from workbench.components.views import job_view
from workbench.components.words import clock

if TYPE_CHECKING:
    from pipelines.lora_characters import LoraState

__all__ = [
    "LABELS",
    "Row",
    "cast",
    "cast_head",
    "chosen_set",
    "conflict",
    "form",
    "frames",
    "head",
    "people",
    "read_fields",
    "references",
    "version_pair",
    "versions",
]

VIEWS = (
    ("about", "About"),
    ("variations", "Variations"),
    ("takes", "Takes"),
    ("scores", "Scores"),
    ("history", "History"),
)

LABELS: Mapping[str, str] = {
    "name": "Name",
    "trigger": "Trigger word",
    "description": "Description",
    "tags": "Tags",
    "positive": "Always in the prompt",
    "negative": "Never in the picture",
    "age_range": "Age range",
    "ethnicity": "Ethnicity",
    "build": "Build",
    "hair": "Hair",
    "features": "Distinguishing features",
    "wardrobe": "Default wardrobe",
    "persona": "Persona",
    "voice": "Voice notes",
    "source": "Source",
    "lora": "LoRA",
    "lora_weight": "Its weight",
    "lora_model": "Its model",
    "headshot": "Base face",
    "references": "References",
}

GROUPS: Sequence[tuple[str, Sequence[str]]] = (
    ("", ("name", "trigger", "description", "tags")),
    ("Prompt words", ("positive", "negative")),
    ("Looks", ("age_range", "ethnicity", "build", "hair", "features", "wardrobe")),
    ("Persona and source", ("persona", "voice", "source")),
    ("LoRA", ("lora", "lora_weight", "lora_model")),
)
LONG = frozenset({"description", "positive", "negative", "persona", "features", "wardrobe", "voice"})
CHOICES: Mapping[str, Sequence[str]] = {name: words for name, words in FIELDS.items() if words}
NOTES: Mapping[str, str] = {
    "trigger": "A word of its own that stands for this person in prompts.",
    "tags": "Separated by commas.",
    "positive": "Added to every prompt of this character.",
    "negative": "Added to what is not wanted.",
    "lora": "A file among the models that was trained on this person; used by itself, with the trigger word.",
    "lora_weight": "How strongly it counts; empty for 1.",
    "lora_model": "The model it was trained on; empty for the lab's own.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One field that differs between two versions, in words; of a picture also its digest."""

    label: str
    theirs: str
    yours: str
    theirs_picture: str = ""
    yours_picture: str = ""


def cast(characters: Sequence[CharacterInfo], deleted: Sequence[CharacterInfo], text: str) -> str:
    """Everybody, or what to do where nobody is."""
    return fill("cast.html", characters=[_brief(one) for one in characters], deleted=deleted, text=text)


def cast_head(count: int, text: str) -> str:
    """The search, and the way to a new character."""
    return fill("cast_head.html", count=count, text=text)


def head(character: CharacterInfo, view: str, lora: LoraState | None = None) -> str:
    """Who it is, how its LoRA stands, and the parts of the page."""
    views = [(name, f"{word} ({character.take_count})" if name == "takes" else word) for name, word in VIEWS]
    return fill("character_head.html", character=_brief(character), view=view, views=views, lora=lora)


def form(character: CharacterInfo | None, *, act: str, id: str, title: str, button: str, hint: str = "") -> str:
    """The fields of a character, filled in or empty: the first few open, the rest folded."""
    groups = [(name, [_field(character, one) for one in names]) for name, names in GROUPS]
    filled = {name: sum(1 for field in fields if field.value not in ("", None, 0)) for name, fields in groups}
    return fill(
        "character_form.html", groups=groups, open=filled, act=act, id=id, title=title, button=button, hint=hint
    )


def read_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form of `form` holds, as the lab takes it."""
    found: dict[str, Any] = {}
    for name in (one for _, names in GROUPS for one in names):
        if name not in values:
            continue
        text = str(values[name]).strip()
        if name == "tags":
            found[name] = [tag for part in text.split(",") if (tag := part.strip())]
        elif name in CHOICES:
            choices = ("", *CHOICES[name])
            found[name] = choices[int(text)] if text.isdigit() and int(text) < len(choices) else ""
        else:
            found[name] = text
    return found


def frames(files: Sequence[FileRef]) -> str:
    """Where frames are brought in."""
    return fill("character_new.html", files=files)


def people(found: People | None, picked: int | None = None) -> str:
    """Who is in the frames, to choose from."""
    if found is None:
        return fill("people.html", job=None)
    return fill(
        "people.html",
        job=job_view(found.job),
        people=found.people,
        frames=found.frames,
        dropped=found.dropped,
        picked=picked,
    )


def references(character: CharacterInfo) -> str:
    """What takes are scored against."""
    found = character.references
    members, views = _members(found or {}, (found or {}).get("pictures") or ())
    return fill(
        "references.html",
        references=found,
        members=members,
        views=views,
        ceiling=_ceiling(found),
    )


def chosen_set(found: Mapping[str, Any], pictures: Sequence[FileRef], job: str, character: CharacterInfo | None) -> str:
    """The set of somebody who was just picked; with a character, a button that makes it theirs."""
    members, views = _members(found, pictures)
    return fill(
        "chosen_set.html",
        references=found,
        members=members,
        views=views,
        ceiling=_ceiling(found),
        job=job,
        of=character,
    )


def conflict(collision: Collision, kept: str) -> str:
    """Both versions of an edit that somebody else overtook.

    Args:
        kept: the unsaved changes, as the act "mine" hands them back.
    """
    rows = [
        Row(LABELS.get(name, name), _words(collision.theirs, name), _said(value))
        for name, value in collision.mine.items()
    ]
    theirs = [
        Row(row.label, row.yours, "")
        for row in differences(collision.base, collision.theirs)
        if row.label not in {one.label for one in rows}
    ]
    return fill("conflict.html", base=collision.base, theirs=collision.theirs, rows=rows + theirs, kept=kept)


def differences(before: CharacterInfo, after: CharacterInfo) -> list[Row]:
    """The fields in which two versions differ."""
    found = []
    for name, label in LABELS.items():
        old, new = _words(before, name), _words(after, name)
        if old != new:
            pictures = (_picture(before), _picture(after)) if name == "headshot" else ("", "")
            found.append(Row(label, old, new, *pictures))
    return found


def versions(history: Sequence[CharacterInfo], chosen: str) -> str:
    """Every version, newest first."""
    return fill("versions.html", versions=history, chosen=chosen, clock=clock)


def version_pair(before: CharacterInfo, after: CharacterInfo) -> str:
    """An old version beside the one that counts."""
    return fill("version_pair.html", before=before, after=after, rows=differences(before, after))


def _brief(character: CharacterInfo) -> dict[str, Any]:
    return {
        "id": character.id,
        "name": character.name,
        "version": character.version,
        "headshot": character.headshot,
        "take_count": character.take_count,
        "trigger": character.fields.get("trigger", ""),
        "tags": character.fields.get("tags") or [],
    }


def _field(character: CharacterInfo | None, name: str) -> Field:
    value = _words(character, name) if character else ""
    more: dict[str, Any] = {"info": NOTES.get(name, ""), "required": name == "name"}
    if name in CHOICES:
        choices = ("", *CHOICES[name])
        words = tuple(one.replace("_", " ").capitalize() or "Not said" for one in choices)
        return Field(name, LABELS[name], "select", choices.index(value) if value in choices else "", choices=words)
    return Field(name, LABELS[name], "long" if name in LONG else "text", value, **more)


def _words(character: CharacterInfo, name: str) -> str:
    """A field as text."""
    if name == "name":
        return character.name
    if name == "headshot":
        return character.headshot.name if character.headshot else ""
    if name == "references":
        found = character.references
        return f"{found.get('count')} frames, {str(found.get('digest'))[:12]}" if found else ""
    return _said(character.fields.get(name))


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _picture(character: CharacterInfo) -> str:
    return character.headshot.digest if character.headshot else ""


def _members(found: Mapping[str, Any], pictures: Sequence[FileRef]) -> tuple[list[dict[str, Any]], str]:
    """Each face of a set with its picture, and how many there are of each view, in words."""
    names = [str(one.get("view") or "") for one in found.get("members") or ()]
    shown = [*pictures, *[None] * len(names)]
    members = [{"view": view, "picture": picture} for view, picture in zip(names, shown, strict=False)]
    counts = Counter(filter(None, names))
    return members, ", ".join(f"{count} {view.replace('_', ' ')}" for view, count in counts.most_common())


def _ceiling(found: Mapping[str, Any] | None) -> float | None:
    return ((found or {}).get("ceiling") or {}).get("raw")
