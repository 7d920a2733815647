"""A sheet as one generated picture: what is asked of a model that can lay out several views of a person itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.models.profiles import Profile, Size
from blocks.quality import first_try
from blocks.sheets import DPI
from blocks.takes import finish_take

__all__ = [
    "LAYOUTS",
    "NOT_WANTED",
    "Asked",
    "FinishedSheet",
    "ask_for_sheet",
    "finish_sheet",
    "layout_of",
    "sheet_size",
]

NOT_WANTED = "text, letters, labels, watermark, logo, signature, frames, lines, several people"


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of drawn sheet.

    Attributes:
        shape: width to height.
        faces: how many should be seen.
        words: where everything stands.
    """

    shape: tuple[int, int]
    faces: int
    words: str


LAYOUTS: Mapping[str, Layout] = {
    "profile": Layout(
        (9, 16),
        3,
        "Upright sheet. In the middle, from the lower edge up: the whole body in front view with a neutral face, "
        "standing straight, arms at the sides, from head to shoes, about 70 % of the picture's height. In the two "
        "upper corners: a small headshot each, smiling on the left, surprised on the right.",
    ),
    "views": Layout(
        (16, 9),
        7,
        "Eight views in two rows of four, all of one height. Upper row: the head in front view, from the left side, "
        "from the right side, the upper body half turned. Lower row: the whole body in front view, the whole body from "
        "behind, walking, the head smiling.",
    ),
}
"""Sheets that can be asked for as one picture."""

_SAME = "One and the same person as in the reference pictures, several times on one sheet"
_PLAIN = (
    "The same face, hair and clothes everywhere. Plain light grey background, even light. No text, no labels, no "
    "watermark, no frames, no lines."
)


class Asked(NamedTuple):
    """What a sheet is drawn with: arguments of `blocks.generate.generate`, and how many faces should be seen."""

    prompt: str
    pictures: list[Path] | None
    faces: int


class FinishedSheet(NamedTuple):
    """A PNG at 300 dots an inch with its recipe in it, and what is known of it: ``kind``, ``facts`` and ``score``."""

    picture: Path
    about: dict[str, Any]


def layout_of(kind: str) -> Layout:
    """What a kind of drawn sheet looks like.

    Raises:
        InputError: there is none of that kind.
    """
    if kind not in LAYOUTS:
        raise InputError(f"A {kind[:40]} sheet cannot be drawn as one picture; {' and '.join(LAYOUTS)} can.")
    return LAYOUTS[kind]


def sheet_size(profile: Profile, kind: str) -> Size:
    """Width and height in the sheet's shape, as many pixels as the model is made for."""
    across, down = layout_of(kind).shape
    unit = math.isqrt(profile.size[0] * profile.size[1] // (across * down)) // profile.multiple * profile.multiple
    unit = max(unit, profile.multiple)
    return across * unit, down * unit


@block(version="1")
def ask_for_sheet(
    references: dict[str, Any],
    pictures: Sequence[Path],
    prompt: str = "",
    kind: str = "profile",
    way: str = "",
    most: int = 0,
) -> Asked:
    """The words of a sheet's layout, and the pictures of the person that the model is shown: the sharpest, front first.

    Args:
        references, pictures: a reference set and the pictures of its members.
        prompt: hair, clothes and whatever else is to be seen, in words.
        kind: see `LAYOUTS`.
        way, most: how the model takes references, and how many; see `blocks.models.taking`.

    Raises:
        InputError: the model cannot draw a sheet, or there is none of that kind.
    """
    layout = layout_of(kind)
    if way != "images":
        raise InputError(
            "This model is not shown pictures of the person, so it draws one view at a time and no sheet. Choose one "
            "that takes reference pictures itself, or compose the sheet from the cells of the grid."
        )
    same = f"{_SAME}: {prompt}" if prompt.strip() else _SAME
    whole = f"{same}. {layout.words} {_PLAIN}"
    chosen = first_try(references, pictures, whole, way=way, most=most)
    return Asked(whole, chosen.pictures, layout.faces)


@block(version="1")
def finish_sheet(
    picture: Path, facts: dict[str, Any], score: dict[str, Any], kind: str, *, recipe: dict[str, Any], scratch: Path
) -> FinishedSheet:
    """The pixels as they were drawn, at 300 dots an inch, with the recipe and the model in the file.

    Raises:
        InputError, UnreadableFile: see `blocks.takes.finish_take`.
    """
    from PIL import Image

    path = scratch / "dots" / f"{kind}.png"
    path.parent.mkdir()
    with Image.open(picture) as drawn:
        drawn.save(path, "PNG", dpi=(DPI, DPI))
    finished = finish_take(path, facts, recipe=recipe, scratch=scratch)
    return FinishedSheet(finished.picture, {"kind": kind, "facts": facts, "score": score})
