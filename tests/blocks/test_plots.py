"""Pictures are put into one where they belong, none made smaller."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError
from blocks.plots import compose_plot

COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200), (200, 30, 200)]


def pictures(folder: Path, size: tuple[int, int] = (200, 240)) -> list[Path]:
    paths = [folder / f"{place}.png" for place in range(len(COLOURS))]
    for path, colour in zip(paths, COLOURS, strict=True):
        Image.new("RGB", size, colour).save(path)
    return paths


def seen(path: Path) -> list[tuple[int, ...]]:
    """The pictures' colours in reading order, by where each first stands."""
    pixels = np.asarray(Image.open(path))
    corners = []
    for colour in COLOURS:
        found = np.argwhere((pixels == colour).all(axis=2))
        if len(found):
            corners.append((*found[0], colour, len(found)))
    assert all(count == corners[0][3] for *_, count in corners)
    return [colour for *_, colour, _ in sorted(corners)]


def test_places_count_along_the_columns_then_the_rows_then_the_sheets(tmp_path: Path) -> None:
    paths = pictures(tmp_path)
    given = {"columns": ["4", "8", "12"], "rows": ["a", "b"], "title": "steps"}
    assert seen(compose_plot(paths, list(range(6)), **given, scratch=tmp_path)) == COLOURS
    turned = compose_plot(paths, [5, 4, 3, 2, 1, 0], ["x"], ["a", "b", "c"], ["one", "two"], scratch=tmp_path)
    assert seen(turned) == COLOURS[::-1]


def test_a_picture_that_is_missing_leaves_its_place_empty(tmp_path: Path) -> None:
    path = compose_plot(pictures(tmp_path)[:2], [0, 2], ["1", "2", "3"], scratch=tmp_path)
    with Image.open(path) as plot:
        assert plot.width > 3 * 200 and plot.height > 240
    assert seen(path) == COLOURS[:2]


def test_small_pictures_are_enlarged_whole_times_and_none_is_made_smaller(tmp_path: Path) -> None:
    path = compose_plot(pictures(tmp_path, (64, 64)), list(range(6)), list("abcdef"), scratch=tmp_path)
    count = (np.asarray(Image.open(path)) == COLOURS[0]).all(axis=2).sum()
    assert count == (64 * 3) ** 2


@pytest.mark.parametrize(("places", "columns"), [([0, 0], ["a", "b"]), ([0, 2], ["a", "b"]), ([0], ["a", "b"])])
def test_places_that_do_not_fit_are_refused(tmp_path: Path, places: list[int], columns: list[str]) -> None:
    with pytest.raises(InputError):
        compose_plot(pictures(tmp_path)[:2], places, columns, scratch=tmp_path)


def test_what_could_not_be_shown_is_refused_before_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Take fewer values"):
        compose_plot(pictures(tmp_path)[:1], [0], ["a"] * 1000, ["b"] * 1000, scratch=tmp_path)
