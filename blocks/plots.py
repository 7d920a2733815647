"""Many pictures as one, in rows and columns with a heading each, to see what a setting does."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.block import block
from blocks.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw

__all__ = ["LARGEST_PLOT", "compose_plot"]

LARGEST_PLOT = 120_000_000
"""Pixels; about what browsers and viewers still open."""

LEAST_CELL = 176  # pixels of the shorter side, so that headings have room; smaller pictures are enlarged whole times
GAP = 6
GROUND, INK, FAINT, EMPTY = (250, 250, 250), (28, 28, 28), (96, 96, 96), (226, 226, 226)


@block(version="1")
def compose_plot(
    pictures: Sequence[Path],
    places: list[int],
    columns: list[str],
    rows: list[str] | None = None,
    sheets: list[str] | None = None,
    title: str = "",
    *,
    scratch: Path,
) -> Path:
    """One PNG of all pictures, none made smaller.

    Args:
        pictures: those that there are.
        places: of each, counted along the columns, then the rows, then the sheets; a place without one stays empty.
        columns, rows, sheets: headings; rows and sheets may be left out.
        title: a line over everything; "" for none.

    Raises:
        InputError: the places do not fit the pictures or the headings, or the whole would be too large.
    """
    from PIL import Image, ImageDraw

    rows, sheets = rows or [""], sheets or [""]
    room = len(columns) * len(rows) * len(sheets)
    if not pictures or len(places) != len(pictures) or len(set(places)) != len(places):
        raise InputError(
            f"There are {len(pictures)} pictures and {len(places)} places; give each picture its own place."
        )
    if not all(0 <= place < room for place in places):
        raise InputError(f"A place is outside the plot's {room}; places count from 0.")
    sizes = [_size(path) for path in pictures]
    times = max(1, ceil(LEAST_CELL / max(1, min(min(size) for size in sizes))))
    cell = (times * max(size[0] for size in sizes), times * max(size[1] for size in sizes))
    plot = _Layout(cell, columns, rows, sheets, title)
    if plot.width * plot.height > LARGEST_PLOT:
        raise InputError(
            f"The plot would have {plot.width} × {plot.height} pixels, more than can be shown. Take fewer values or "
            "smaller pictures."
        )
    whole = Image.new("RGB", (plot.width, plot.height), GROUND)
    plot.headings(ImageDraw.Draw(whole))
    filled = dict(zip(places, pictures, strict=True))
    for place in range(room):
        corner = plot.corner(place)
        if place in filled:
            _paste(whole, filled[place], corner, cell, times)
        else:
            whole.paste(EMPTY, (*corner, corner[0] + cell[0], corner[1] + cell[1]))
    path = scratch / "plot.png"
    whole.save(path)
    return path


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as picture:
        return picture.size


def _paste(whole: Picture, path: Path, corner: tuple[int, int], cell: tuple[int, int], times: int) -> None:
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB").resize((opened.width * times, opened.height * times), Image.Resampling.LANCZOS)
    left, top = ((room - side) // 2 for room, side in zip(cell, picture.size, strict=True))
    whole.paste(picture, (corner[0] + left, corner[1] + top))


class _Layout:
    """Where everything stands, in pixels."""

    def __init__(
        self, cell: tuple[int, int], columns: Sequence[str], rows: Sequence[str], sheets: Sequence[str], title: str
    ) -> None:
        self.cell, self.columns, self.rows, self.sheets, self.title = cell, columns, rows, sheets, title
        self.letter = max(13, min(cell) // 14)
        self.font = _font(self.letter)
        line = round(self.letter * 2)
        self.left = GAP + (max(round(self.font.getlength(row)) for row in rows) + 3 * GAP if any(rows) else 0)
        self.left = min(self.left, 2 * cell[0])
        self.top = (line if title else 0) + GAP
        self.heads = line + (line if any(sheets) else 0)
        self.sheet = self.heads + len(rows) * (cell[1] + GAP) + GAP
        self.width = self.left + len(columns) * (cell[0] + GAP)
        self.height = self.top + len(sheets) * self.sheet

    def corner(self, place: int) -> tuple[int, int]:
        """The upper left of a place."""
        above, column = divmod(place, len(self.columns))
        sheet, row = divmod(above, len(self.rows))
        top = self.top + sheet * self.sheet + self.heads + row * (self.cell[1] + GAP)
        return self.left + column * (self.cell[0] + GAP), top

    def headings(self, draw: ImageDraw) -> None:
        """The words around the pictures."""
        if self.title:
            self._write(draw, (GAP, GAP), self.title, self.width - 2 * GAP, INK)
        for sheet, name in enumerate(self.sheets):
            top = self.top + sheet * self.sheet
            if name:
                self._write(draw, (GAP, top + GAP), name, self.width - 2 * GAP, INK)
            for column, word in enumerate(self.columns):
                corner = (self.left + column * (self.cell[0] + GAP), top + self.heads - round(self.letter * 1.6))
                self._write(draw, corner, word, self.cell[0], INK)
            for row, word in enumerate(self.rows):
                _, y = self.corner((sheet * len(self.rows) + row) * len(self.columns))
                self._write(draw, (GAP, y + self.cell[1] // 2 - self.letter // 2), word, self.left - 2 * GAP, FAINT)

    def _write(
        self, draw: ImageDraw, corner: tuple[int, int], text: str, most: int, colour: tuple[int, int, int]
    ) -> None:
        """A line that is cut where its room ends."""
        shown = text
        while shown and self.font.getlength(shown) > most:
            shown = shown[:-2].rstrip("… ") + "…" if len(shown) > 2 else ""
        draw.text(corner, shown, font=self.font, fill=colour)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
