"""A dataset: pictures of one character that are worth training on, a caption each, and which set each is in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blocks.block import block
from blocks.errors import InputError
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, silent
from lora.captions import LONGEST, caption_of, check_trigger, look_of
from lora.likeness import NEAR, Signature, near_duplicates, signature

__all__ = ["LEFT_OUT", "MOST", "Dataset", "make_dataset", "rows", "split"]

MOST = 500
"""Pictures of a dataset."""

LEFT_OUT = "left out"
"""Why a picture is not in a dataset that a person did not want in it."""

_SMALLEST = 32  # pixels of a side; less is a thumbnail
_SETS = ("train", "select", "report")
_FEWEST_SPLIT = 6


class Dataset(NamedTuple):
    """What is trained on.

    Attributes:
        pictures: PNG files, upright, RGB, without whatever else the originals carried.
        table: a row a picture: file, caption, set (train, select, report), width, height, source, and what was known.
        dropped: what was left out and why: file, why, and like (the file it repeats).
        trigger: the word that stands for the character.
    """

    pictures: list[Path]
    table: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    trigger: str


@block(version="1", grace=5.0)
def make_dataset(
    pictures: Sequence[Path],
    trigger: str,
    kind: str = "",
    about: Sequence[dict[str, Any]] | None = None,
    captions: Mapping[str, str] | None = None,
    leave_out: Sequence[str] | None = None,
    near: float = NEAR,
    hold_out: bool = True,
    seed: int = 0,
    read: bool = False,
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Dataset:
    """Gather a dataset.

    Args:
        pictures: references, takes, cells of a grid; PNG, JPEG or WebP.
        trigger: one word that means nothing else.
        kind: what the character is, as in "woman".
        about: what is known of each picture, in order: ``file`` (its name, if not the file's own), keys of its look,
            ``prompt`` or ``caption``, ``source``, and ``out``: why it is not to be trained on.
        captions: by the picture's name, instead of what would be said.
        leave_out: names of pictures that are not wanted.
        near: how alike pictures are of which one is dropped; see `lora.likeness.apart`. 0 keeps all.
        hold_out: keep some aside, to choose a version by and to report on.
        read: look at pictures of which nothing is known, with the reader of the lab's own drawings.

    Raises:
        InputError: there are none, too many, or the facts do not fit the pictures.
        UnreadableFile, UnsafeFile: a picture is damaged, no picture, or too large.
    """
    trigger = check_trigger(trigger)
    known = [dict(one) for one in about or [{}] * len(pictures)]
    _check(len(pictures), len(known))
    said, unwanted, taken, dropped = captions or {}, set(leave_out or ()), list[_Taken](), list[dict[str, Any]]()
    for number, (path, facts) in enumerate(zip(pictures, known, strict=True)):
        progress(number / len(pictures), f"picture {number + 1} of {len(pictures)}")
        name, out = str(facts.pop("file", "") or path.name), str(facts.pop("out", ""))
        out = LEFT_OUT if name in unwanted else out
        picture = None if out else open_pictures([path])[0]
        if picture is None or min(picture.size) < _SMALLEST:
            dropped.append({"file": name, "why": out or f"smaller than {_SMALLEST} pixels"})
            continue
        # A new file, so that nothing of the original but its colours goes on (place, camera, a prompt).
        picture.save(scratch / f"{number:03d}.png")
        own = str(said.get(name) or "").strip()[:LONGEST]
        facts = look_of(picture) | facts if read and not ({"prompt", "caption"} & facts.keys()) else facts
        row = {"caption": own or caption_of(facts, trigger, kind), "width": picture.width, "height": picture.height}
        taken.append(_Taken(scratch / f"{number:03d}.png", {**facts, "file": name, **row}, signature(picture)))
    repeated = near_duplicates([one.signature for one in taken], near)
    dropped += [
        {"file": taken[place].row["file"], "why": "shows the same", "like": taken[first].row["file"]}
        for place, first in repeated.items()
    ]
    left = [one for place, one in enumerate(taken) if place not in repeated]
    if not left:
        raise InputError("No picture is left to train on: all were left out or are too small. Add larger ones.")
    sets = split(len(left), seed) if hold_out else ["train"] * len(left)
    table = [{**one.row, "set": name} for one, name in zip(left, sets, strict=True)]
    return Dataset([one.path for one in left], table, dropped, trigger)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A picture that was read: its new file, its row, and its small copy."""

    path: Path
    row: dict[str, Any]
    signature: Signature


def _check(pictures: int, facts: int) -> None:
    if not pictures:
        raise InputError("There are no pictures to make a dataset of; add ten to twenty of the same person.")
    if facts != pictures:
        raise InputError(f"There are {pictures} pictures and facts of {facts}; give one for each.")
    if pictures > MOST:
        raise InputError(f"{pictures} pictures are more than the {MOST} that a LoRA is trained on; choose the best.")


def split(count: int, seed: int = 0) -> list[str]:
    """Which set each of so many pictures is in; disjoint, about a sixth each held out, at most eight.

    Fewer than six are all trained on: there would be nothing left to learn from.
    """
    held = 0 if count < _FEWEST_SPLIT else min(8, max(1, math.floor(count / 6)))
    order = np.random.default_rng([seed, count]).permutation(count)
    sets = ["train"] * count
    for place in order[:held]:
        sets[int(place)] = "select"
    for place in order[held : 2 * held]:
        sets[int(place)] = "report"
    return sets


def rows(
    pictures: Sequence[Path], table: Sequence[Mapping[str, Any]], name: str
) -> list[tuple[Path, Mapping[str, Any]]]:
    """The pictures and rows of one set.

    Raises:
        InputError: there is no such set, or the table does not fit the pictures.
    """
    if name not in _SETS:
        raise InputError(f"There is no set {name!r}; there are {', '.join(_SETS)}.")
    if len(pictures) != len(table):
        raise InputError(f"There are {len(pictures)} pictures and a table of {len(table)}; make the dataset again.")
    return [(path, row) for path, row in zip(pictures, table, strict=True) if row.get("set", "train") == name]
