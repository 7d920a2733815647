"""What another set of cells would change is told before it does."""

from __future__ import annotations

from blocks.grid import Cell, read_cell, standard_set
from blocks.grid.changes import compare

RAIN = Cell("rain", "Own", "In the rain", "sad, night street")
HAPPY = read_cell({"key": "expression_happy"})
BROADER = read_cell({"key": "expression_happy", "prompt": "laughing"})


def test_cells_that_only_come_harm_nothing() -> None:
    changes = compare([HAPPY], [RAIN, HAPPY], {"expression_happy"})
    assert changes.harmless and changes.pictured == 0
    assert changes.words() == "It adds 1 cell (In the rain)."


def test_the_same_cells_in_another_order_are_no_change() -> None:
    changes = compare([HAPPY, RAIN], [RAIN, HAPPY])
    assert changes.harmless and changes.words() == ""


def test_what_goes_and_what_says_something_else_is_named_with_what_happens_to_its_pictures() -> None:
    changes = compare([HAPPY, RAIN], [BROADER, *standard_set()[:1]], {"expression_happy", "rain"})
    assert not changes.harmless
    assert (changes.removed, changes.changed, changes.added) == (("In the rain",), ("Happy",), ("Base face",))
    words = changes.words()
    assert "takes out 1 cell (In the rain), changes 1 cell (Happy) and adds 1 cell (Base face)" in words
    assert "the words of 1 cell (In the rain) of your own" in words
    assert "No picture is lost: those of 2 cells stay" in words


def test_of_many_cells_a_few_are_named() -> None:
    words = compare(standard_set(), [RAIN]).words()
    assert "takes out 61 cells (Base face, Neutral, Angry, Happy, Surprised, Sleepy, …)" in words
    assert "of your own" not in words
