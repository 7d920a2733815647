"""What can be said of a dataset before any time is spent on training with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blocks.block import block
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, silent
from lora.dataset import rows
from lora.likeness import signature, variety

__all__ = ["Note", "advise", "notes_on"]

FEW, GOOD, MANY = 6, 10, 40
_VIEWS = ("front", "half_left", "half_right", "side_left", "side_right")
_ALIKE = 0.08  # of `variety`, below which pictures are much the same
_UNLIKE = 0.25  # raw likeness below which a picture is perhaps of somebody else
_CHANGING = ("expression", "lighting", "background", "outfit", "hair")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know.

    Attributes:
        level: "good", "hint" (would help), "warn" (will be seen in the pictures) or "stop" (do not train with it).
    """

    level: Literal["good", "hint", "warn", "stop"]
    about: str
    text: str


@block(version="1", grace=5.0)
def advise(
    pictures: Sequence[Path],
    table: Sequence[dict[str, Any]],
    steps: int = 400,
    batch: int = 4,
    flip: bool = False,
    reference: Sequence[float] | None = None,
    embedder: str = "",
    pack: str = "",
    models: str = "",
    marks: str = "",
    size: int = 0,
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Look at a dataset as a person who has trained many would.

    Args:
        steps, batch, flip: of the training that is planned.
        reference: the character's face as an embedding, by the recogniser that `embedder` is the digest of; it is left
            aside where the face pack has another.
        pack, models: the face pack; "" for the one that comes with the lab. Without one, faces are not looked at.
        marks: what is on one side of the face only, as in "mole on the left cheek"; "" if that is not known.
        size: shorter side of the training pictures; 0 if it is the model's own.

    Returns:
        verdict ("good", "fair", "poor"), notes (see `Note`), count, variety, views, missing, likeness (a number a
        picture, None where no face was found), passes (how often each picture is looked at), augmentations.
    """
    chosen = rows(pictures, table, "train")
    read = open_pictures([path for path, _ in chosen])
    progress(0.2, "looking at faces")
    likeness, seen = _faces([np.asarray(one) for one in read], reference, embedder, pack, models)
    views = Counter(str(row.get("view") or view) for (_, row), view in zip(chosen, seen, strict=True))
    varied = variety([signature(one) for one in read])
    passes = steps * batch / max(1, len(chosen))
    names = [str(row["file"]) for _, row in chosen]
    notes = notes_on(
        names,
        [row for _, row in chosen],
        views=views,
        varied=varied,
        passes=passes,
        likeness=likeness,
        flip=flip,
        marks=marks,
    )
    small = [row["file"] for _, row in chosen if size and min(row["width"], row["height"]) < 0.75 * size]
    if small:
        notes.append(Note("warn", "size", f"{_some(small)}: smaller than {size} pixels; enlarge them first (Enhance)."))
    levels = {note.level for note in notes}
    verdict = "poor" if "stop" in levels else "fair" if "warn" in levels else "good"
    return {
        "verdict": verdict,
        "notes": [asdict(note) for note in notes],
        "count": len(chosen),
        "variety": round(varied, 4),
        "views": dict(views),
        "missing": [view for view in _VIEWS if not views.get(view)],
        "likeness": dict(zip(names, likeness, strict=True)),
        "passes": round(passes, 1),
        "augmentations": _augmentations(marks),
    }


def notes_on(
    names: Sequence[str],
    table: Sequence[Mapping[str, Any]],
    *,
    views: Mapping[str, int],
    varied: float,
    passes: float,
    likeness: Sequence[float | None],
    flip: bool,
    marks: str,
) -> list[Note]:
    """What is to be said of these facts, the gravest first."""
    notes = [_on_count(len(names)), *_on_likeness(names, likeness), *_on_views(views)]
    if len(names) > 1 and varied < _ALIKE:
        notes.append(
            Note("warn", "variety", "The pictures are much the same; the LoRA will learn their place and light too. "
                 "Add other backgrounds, light and clothes.")
        )  # fmt: skip
    notes += _on_keys(table)
    if passes > 250:
        notes.append(
            Note("warn", "overfitting", f"Each picture is looked at {passes:.0f} times; beyond about 150 a LoRA begins "
                 "to copy its pictures. Take fewer steps or add pictures; the best version is chosen afterwards.")
        )  # fmt: skip
    if passes < 15:
        notes.append(Note("hint", "steps", f"Each picture is looked at only {passes:.0f} times; take more steps."))
    if flip:
        notes.append(_on_flip(marks))
    order = ("stop", "warn", "hint", "good")
    return sorted(notes, key=lambda note: order.index(note.level))


def _on_count(count: int) -> Note:
    if count < FEW:
        return Note("stop" if count < 3 else "warn", "count", f"{count} pictures are few: the LoRA will copy them "
                    f"rather than learn a face. {GOOD} to 20 are best.")  # fmt: skip
    if count < GOOD:
        return Note("hint", "count", f"{count} pictures can do; {GOOD} to 20 are better.")
    if count > MANY:
        return Note("hint", "count", f"{count} pictures are many; twenty good ones are often better than all.")
    return Note("good", "count", f"{count} pictures are a good number.")


def _on_likeness(names: Sequence[str], likeness: Sequence[float | None]) -> list[Note]:
    known = [(name, value) for name, value in zip(names, likeness, strict=True) if value is not None]
    if not known:
        return []
    notes = []
    if others := [name for name, value in known if value < _UNLIKE]:
        notes.append(Note("warn", "likeness", f"{_some(others)}: perhaps somebody else. Leave out what is not them."))
    if faceless := [name for name, value in zip(names, likeness, strict=True) if value is None]:
        notes.append(
            Note("hint", "likeness", f"{_some(faceless)}: no face found; that is fine for a view from behind.")
        )
    return notes


def _on_views(views: Mapping[str, int]) -> list[Note]:
    if not any(views.get(view) for view in _VIEWS):
        return []
    missing = [view.replace("_", " ") for view in _VIEWS if not views.get(view)]
    if not missing:
        return [Note("good", "views", "Every view of the face is there.")]
    return [Note("hint", "views", f"No picture shows the face from {', '.join(missing)}; it will be guessed there.")]


def _on_keys(table: Sequence[Mapping[str, Any]]) -> list[Note]:
    """What never changes goes into the trigger word, wanted or not."""
    notes = []
    for key in _CHANGING:
        values = {str(row[key]) for row in table if row.get(key)}
        if len(values) == 1 and sum(bool(row.get(key)) for row in table) == len(table) > 2:
            value = values.pop().replace("_", " ")
            notes.append(
                Note("hint", "variety", f"{key.replace('_', ' ').capitalize()} is {value} in every picture and will "
                     "become part of the character; add others if it should not.")
            )  # fmt: skip
    return notes


def _on_flip(marks: str) -> Note:
    if marks:
        return Note("stop", "flip", f"Mirrored pictures would put the {marks} on both sides. Switch mirroring off.")
    return Note("warn", "flip", "Mirroring is wrong for a face with a mole, a scar or a parting on one side; switch it "
                "off unless the face is the same on both.")  # fmt: skip


def _augmentations(marks: str) -> list[dict[str, Any]]:
    side = f"there is a {marks}" if marks else "a mole, a scar or a parting would change sides"
    return [
        {"name": "empty captions", "use": True, "why": "one in ten without its caption, so that guidance still works"},
        {"name": "other clothes and places", "use": True, "why": "cells of a grid show the same face in them"},
        {"name": "mirroring", "use": False, "why": side},
        {"name": "colours", "use": False, "why": "skin and eyes are part of who it is"},
    ]


def _faces(
    pictures: Sequence[Any], reference: Sequence[float] | None, embedder: str, pack: str, models: str
) -> tuple[list[float | None], list[str]]:
    """Likeness to the reference, or to their own mean, and view of the largest face of each picture."""
    from blocks.faces import open_faces
    from lora.faces import alike, look_at, middle

    seen = look_at(pictures, pack, models)
    if seen is None:
        return [None] * len(pictures), [""] * len(pictures)
    known = [one.first if one else None for one in seen]
    comparable = reference and embedder in ("", open_faces(pack, models).embedder)
    centre = np.asarray(reference) if comparable else middle(known)
    return [alike(one, centre) for one in known], [one.view if one else "" for one in seen]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
