"""The standard set: its keys are a promise, and its words are understood by the model that comes with the lab."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.errors import InputError
from blocks.grid import read_cell, standard_set
from blocks.pocket.captions import read_prompt

CELLS = {cell.key: cell for cell in standard_set()}


def test_the_set_has_the_cells_it_promises() -> None:
    assert len(CELLS) == 1 + 11 + 4 * 9 + 5 + 8
    for key in ("base_face", "expression_scarred", "view_half_left_dimmed_warm", "pose_walking", "sheet_full_back"):
        assert key in CELLS
    assert list(dict.fromkeys(cell.section for cell in CELLS.values())) == [
        "Expressions", "Perspectives and light", "Bodies", "Reference sheet",
    ]  # fmt: skip


def test_only_the_back_is_not_scored() -> None:
    assert [cell.key for cell in CELLS.values() if not cell.scored] == ["sheet_full_back"]


@pytest.mark.parametrize("cell", CELLS.values(), ids=lambda cell: cell.key)
def test_every_word_means_to_the_pocket_model_what_the_key_says(cell: Any) -> None:
    reading = read_prompt(cell.prompt)
    assert reading.unknown == ()
    kind, _, name = cell.key.partition("_")
    if kind == "expression":
        assert reading.keys["expression"] == name
    elif kind == "view":
        assert f"{reading.keys['view']}_{reading.keys['lighting']}" == name
    elif kind == "pose":
        assert reading.keys["pose"] == name == cell.pose


def test_a_cell_comes_back_as_it_was_written() -> None:
    for cell in CELLS.values():
        assert read_cell(cell.write()) == cell
        assert read_cell({"key": cell.key}) == cell


def test_joints_that_were_moved_come_back_too() -> None:
    joint = {"name": "neck", "x": 0.5, "y": 0.25, "seen": True}
    cell = read_cell({"key": "pose_standing", "points": [joint]})
    assert cell.points == (joint,) and cell.pose == "standing"
    assert read_cell(cell.write()) == cell


def test_an_own_cell_needs_a_key_and_words() -> None:
    own = read_cell({"key": "rain", "prompt": " sad,  night street "})
    assert (own.section, own.title, own.prompt, own.scored) == ("Own", "Rain", "sad, night street", True)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"key": "rain"}, "nothing to draw"),
        ({"key": "a", "prompt": "b", "size": 3}, "no size"),
        ({"key": "a", "prompt": "b", "aspect": 9}, "0.25 to 4"),
        ({"key": "a", "prompt": "b", "aspect": "x"}, "0.25 to 4"),
        ({"key": "a", "prompt": "b", "pose": "flying"}, "there are bust"),
        ({"key": "a", "prompt": "b", "points": [{"name": "tail"}]}, "no joint 'tail'"),
        ({"key": "a", "prompt": "b", "points": ["neck"]}, "no joint"),
    ],
)
def test_what_is_no_cell_is_refused(written: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_cell(written)
