"""Sheets put together from the pictures of a grid: at 300 dots an inch, no picture made smaller, nothing written on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from blocks.block import block
from blocks.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["DPI", "PROFILE_BODY", "PROFILE_HEADS", "VIEW_KEYS", "compose_sheet"]

Kind = Literal["contact", "views", "profile"]

VIEW_KEYS = (
    *("sheet_front", "sheet_profile_left", "sheet_profile_right", "sheet_three_quarter"),
    *("sheet_full_front", "sheet_full_back", "sheet_action", "sheet_expression"),
)
"""Cells of the 8-view sheet, row by row."""

PROFILE_BODY = ("sheet_full_front", "pose_standing")
"""Cells that can be the profile sheet's body, the best first."""

PROFILE_HEADS = ("expression_happy", "expression_surprised", "expression_angry")
"""Cells of the profile sheet's headshots."""

DPI = 300
"""Dots an inch of every sheet."""
_LARGEST = 300_000_000  # pixels of a sheet
_PLAIN = (244, 243, 240)
_GAP = 0.04  # of the widest picture
_NINE, _SIXTEEN = 9, 16
_LOWEST = 120  # sixteenths of 16 pixels: a profile sheet has 1080x1920 or more
_BODY, _EDGE = 0.7, 0.015  # of a profile sheet's height
_HEAD, _THIRD = 0.46, 0.26  # sides of headshots above, and of the one beside the body, in shares of the width


@block(version="1")
def compose_sheet(pictures: Sequence[Path], kind: str = "contact", columns: int = 0, *, scratch: Path) -> Path:
    """Put pictures together on one sheet, a PNG.

    Args:
        pictures: of a contact sheet, any number in order; of views eight, as VIEW_KEYS; of a profile the full body and
            two or three heads.
        kind: "contact"; "views", 4 by 2; or "profile", 9:16 with the body at 70 % of the height and heads in corners.
        columns: of a contact sheet; 0 for about as many as rows.

    Raises:
        InputError: there is no such sheet, not the right number of pictures, or it would become too large.
        UnreadableFile, UnsafeFile: a picture cannot be read.
    """
    from blocks.models.pictures import open_pictures

    _check(kind, len(pictures))
    opened = open_pictures(pictures)
    if kind == "profile":
        sheet = _profile(opened[0], opened[1:])
    else:
        across = 4 if kind == "views" else columns or math.ceil(math.sqrt(len(opened)))
        sheet = _rows(opened, max(1, min(across, len(opened))))
    path = scratch / f"{kind}.png"
    sheet.save(path, dpi=(DPI, DPI))
    return path


def _check(kind: str, count: int) -> None:
    wanted = {"contact": range(1, 10_000), "views": range(8, 9), "profile": range(3, 5)}
    if kind not in wanted:
        raise InputError(f"There is no sheet {kind!r}; there are {', '.join(wanted)}.")
    if count not in wanted[kind]:
        needs = {"contact": "one picture or more", "views": "eight", "profile": "a full body and two or three heads"}
        raise InputError(
            f"This sheet needs {needs[kind]} and there are {count} pictures; make the missing cells first."
        )


def _rows(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Row by row, each picture as large as its place allows; a row is as high as its highest picture."""
    wide = max(picture.width for picture in pictures)
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    heights = [max(round(picture.height * wide / picture.width) for picture in row) for row in rows]
    gap = max(2, round(_GAP * wide))
    sheet = _empty(columns * (wide + gap) + gap, sum(heights) + gap * (len(rows) + 1), _PLAIN)
    top = gap
    for row, high in zip(rows, heights, strict=True):
        for place, picture in enumerate(row):
            shown = _larger(picture, wide, high)
            left = gap + place * (wide + gap) + (wide - shown.width) // 2
            sheet.paste(shown, (left, top + (high - shown.height) // 2))
        top += high + gap
    return sheet


def _profile(body: Image.Image, heads: Sequence[Image.Image]) -> Image.Image:
    """The body below, headshots in the corners above; a third one stands beside the body, which makes room."""
    three = len(heads) > 2
    sides = (_HEAD, _HEAD, _THIRD)
    # No part is made smaller: the sheet grows until every picture has its own size or more.
    needs = [body.height / (_BODY * _SIXTEEN), body.width / ((1 - _THIRD - 0.06 if three else 0.94) * _NINE)]
    needs += [max(head.size) / (side * _NINE) for head, side in zip(heads, sides, strict=False)]
    unit = max(_LOWEST, math.ceil(max(needs)))
    width, height = _NINE * unit, _SIXTEEN * unit
    sheet = _empty(width, height, _ground(body))
    edge = round(_EDGE * height)
    room = width - 2 * edge - (round(_THIRD * width) + edge if three else 0)
    shown = _larger(body, room, round(_BODY * height))
    left = edge + (room - shown.width) // 2 if three else (width - shown.width) // 2
    sheet.paste(shown, (left, height - edge - shown.height))
    for place, (head, side) in enumerate(zip(heads, sides, strict=False)):
        small = _larger(head, round(side * width), round(side * width))
        x = edge if place == 0 else width - edge - small.width
        y = edge if place < 2 else height - edge - small.height
        sheet.paste(small, (x, y))
    return sheet


def _empty(width: int, height: int, colour: tuple[int, ...]) -> Image.Image:
    from PIL import Image

    if width * height > _LARGEST:
        raise InputError(
            f"This sheet would have {width * height / 1e6:.0f} megapixels, more than {_LARGEST // 10**6}; choose fewer "
            "pictures, for none is made smaller."
        )
    return Image.new("RGB", (width, height), colour)


def _larger(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Enlarged to fill a place as far as its shape allows; never made smaller."""
    from PIL import Image

    factor = min(width / picture.width, height / picture.height)
    if factor <= 1:
        return picture
    return picture.resize(
        (max(1, int(picture.width * factor)), max(1, int(picture.height * factor))), Image.Resampling.LANCZOS
    )


def _ground(picture: Image.Image) -> tuple[int, ...]:
    """The colour that a picture's upper edge and sides have most in common, so that it stands on the sheet's own."""
    import numpy as np

    pixels = np.asarray(picture)
    around = np.concatenate([pixels[0], pixels[: len(pixels) // 2, 0], pixels[: len(pixels) // 2, -1]])
    return tuple(int(x) for x in np.median(around, axis=0))
