"""Variation grids: which picture stands in a cell, and that nothing which ever stood there is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.errors import Conflict, InputError, UnknownName
from data import grids, takes
from data.grids import Decision, stand
from data.records import FileRef, TakeInfo
from data.store import Store

FILE = FileRef("ab" * 32, "a.png", "image/png", 1)
CELLS = [{"key": "expression_happy", "prompt": "happy"}, {"key": "own_1", "prompt": "asleep"}]


def take(name: str, at: float, job: str = "", score: float | None = None, label: str = "k") -> TakeInfo:
    scored = {"scorable": True, "calibrated": score, "passed": score >= 0.85} if score is not None else None
    return TakeInfo(name, FILE, character="c1", job=job or name, at=at, score=scored, label=label)


def said(name: str, verdict: Any, at: float) -> Decision:
    return Decision("k", name, verdict, at, "kim")


def ids(found: tuple[TakeInfo, ...]) -> list[str]:
    return [one.id for one in found]


def test_the_first_picture_of_a_cell_stands_in_it_by_itself() -> None:
    cell = stand([take("a", 1)], [])["k"]
    assert cell.current is not None
    assert (cell.current.id, cell.candidates, ids(cell.history)) == ("a", (), ["a"])


def test_a_picture_made_later_waits_beside_it_until_it_is_confirmed() -> None:
    made = [take("b", 2), take("a", 1)]
    waiting = stand(made, [])["k"]
    assert (ids(waiting.history), ids(waiting.candidates)) == (["a"], ["b"])
    confirmed = stand(made, [said("b", "current", 3)])["k"]
    assert (ids(confirmed.history), ids(confirmed.candidates)) == (["b", "a"], [])


def test_a_discarded_picture_is_out_of_the_cell_and_of_its_history() -> None:
    cell = stand([take("a", 1), take("b", 2)], [said("b", "discarded", 3)])["k"]
    assert (ids(cell.history), ids(cell.candidates)) == (["a"], [])


def test_an_old_picture_can_come_back_and_both_ways_are_remembered() -> None:
    decided = [said("b", "current", 3), said("a", "current", 4)]
    cell = stand([take("a", 1), take("b", 2)], decided)["k"]
    assert ids(cell.history) == ["a", "b", "a"]


def test_of_several_candidates_the_newest_comes_first_and_a_choice_ends_them_all() -> None:
    made = [take("a", 1), take("b", 2), take("c", 3), take("d", 9)]
    assert ids(stand(made[:3], [])["k"].candidates) == ["c", "b"]
    assert ids(stand(made, [said("c", "current", 5)])["k"].candidates) == ["d"]


def test_of_the_tries_of_one_job_the_likest_stands_in_the_cell() -> None:
    tries = [take("a", 1, "j", 0.4), take("b", 2, "j", 0.9), take("c", 3, "j", 0.6)]
    assert ids(stand(tries, [])["k"].history) == ["b"]
    unscored = [take("a", 1, "j"), take("b", 2, "j")]
    assert ids(stand(unscored, [])["k"].history) == ["b"]


def test_a_take_without_a_label_stands_in_no_cell() -> None:
    assert stand([take("a", 1, label="")], []) == {}


def test_a_decision_is_kept_with_who_and_only_about_a_take_of_that_cell(store: Store) -> None:
    store.write(lambda c: takes.record(c, take("a", 1))).result()
    store.write(lambda c: grids.decide(c, "c1", "k", "a", "current", "kim")).result()
    [found] = grids.decisions(store, "c1")
    assert (found.key, found.take, found.verdict, found.who) == ("k", "a", "current", "kim")
    with pytest.raises(UnknownName, match="not made for the cell other"):
        store.write(lambda c: grids.decide(c, "c1", "other", "a", "current", "kim")).result()
    assert len(grids.decisions(store, "c1")) == 1


def test_a_character_has_the_standard_set_until_it_gets_one_of_its_own(store: Store) -> None:
    assert grids.cells_of(store, "c1") is None
    store.write(lambda c: grids.keep_cells(c, "c1", CELLS, "kim")).result()
    assert grids.cells_of(store, "c1") == CELLS
    store.write(lambda c: grids.keep_cells(c, "c1", None, "kim")).result()
    assert grids.cells_of(store, "c1") is None


def test_a_template_is_found_by_name_and_never_overwritten(store: Store) -> None:
    made = store.write(lambda c: grids.save_template(c, " Night  shoot ", CELLS, "kim")).result()
    assert [(one.name, list(one.cells)) for one in grids.templates(store)] == [("Night shoot", CELLS)]
    assert grids.get_template(store, "Night shoot").id == made
    with pytest.raises(Conflict, match="another name"):
        store.write(lambda c: grids.save_template(c, "Night shoot", CELLS[:1], "kim")).result()
    store.write(lambda c: grids.delete_template(c, made, "kim")).result()
    assert grids.templates(store) == []
    store.write(lambda c: grids.delete_template(c, made, "kim", deleted=False)).result()
    assert [one.id for one in grids.templates(store)] == [made]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([], "1 to 500"),
        ([{"key": "A b"}], "cannot be a cell's key"),
        ([{"prompt": "x"}], "cannot be a cell's key"),
        ([{"key": "a"}, {"key": "a"}], "called a"),
        ([{"key": "a", "prompt": "x" * 9000}], "shorten"),
    ],
)
def test_what_is_no_set_of_cells_is_refused(cells: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(InputError, match=says):
        grids.check_cells(cells)
