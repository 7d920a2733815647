"""Scores and embeddings: what could not be measured has no figure, and vectors of two recognisers never meet."""

from __future__ import annotations

import math
from typing import Any

import pytest

from blocks.errors import Conflict, InputError
from data import embeddings, scores, takes
from data.records import FileRef, TakeInfo
from data.store import Store

SCORE: dict[str, Any] = {
    "scorable": True,
    "raw": 0.5,
    "calibrated": 0.9,
    "passed": True,
    "gate": 0.85,
    "embedder": "e",
    "references": "r",
    "second": {"raw": 0.4, "ceiling": 0.7},
}
NOT_SCORABLE = {"scorable": False, "why": "no face", "raw": None, "calibrated": None, "passed": None, "gate": 0.85}


def unit(*numbers: float) -> list[float]:
    return [*numbers, *[0.0] * (embeddings.WIDTH - len(numbers))]


def add(store: Store, name: str, score: dict[str, Any], character: str = "c") -> None:
    ref = FileRef(name.ljust(64, "0"), "a.png", "image/png", 1)
    take = TakeInfo(name, ref, character=character, at=5.0, model="pencil")

    def change(connection: Any) -> None:
        takes.record(connection, take)
        scores.record(connection, name, score, 5.0)

    store.write(change).result()


def test_a_score_comes_back_without_its_embedding(store: Store) -> None:
    add(store, "one", {**SCORE, "embedding": unit(1.0), "characters": [{"raw": 0.5, "embedding": unit(1.0)}]})
    assert takes.get(store, "one").score == {**SCORE, "characters": [{"raw": 0.5}]}


def test_what_is_not_scorable_has_no_figures(store: Store) -> None:
    add(store, "one", NOT_SCORABLE)
    [row] = scores.history(store, "c")
    assert (row["scorable"], row["raw"], row["calibrated"], row["passed"]) == (False, None, None, None)
    assert embeddings.nearest(store, unit(1.0), "") == []


def test_the_history_is_that_of_a_character_oldest_first(store: Store) -> None:
    for name, raw, whose in (("one", 0.1, "c"), ("two", 0.2, "d"), ("three", 0.3, "c"), ("four", 0.4, "c")):
        add(store, name, {**SCORE, "raw": raw}, whose)
    assert [(row["take"], row["raw"], row["second"]) for row in scores.history(store, "c", 2)] == [
        ("three", 0.3, 0.4),
        ("four", 0.4, 0.4),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"raw": math.nan}, {"calibrated": math.inf}, {"gate": "high"}, {"scorable": "yes"}, {"scorable": False}],
)
def test_a_score_with_a_figure_that_is_none_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="score"):
        add(store, "one", {**SCORE, **wrong})
    assert takes.find(store) == []


@pytest.mark.parametrize("vector", [unit(0.0), unit(math.nan), unit(math.inf), unit(2.0), [1.0], []])
def test_a_vector_that_would_sort_first_is_refused(store: Store, vector: list[float]) -> None:
    with pytest.raises(InputError, match="length"):
        embeddings.check_unit(vector)


@pytest.mark.parametrize("number", [0.0, math.nan, 2.0])
def test_the_table_itself_refuses_it_too(store: Store, number: float) -> None:
    sql = "INSERT INTO embeddings VALUES ('t', 'e', 0, ?::FLOAT[512])"
    with pytest.raises(Conflict, match="CHECK"):
        store.write(lambda c: c.execute(sql, [unit(number)]) and None).result()


@pytest.mark.parametrize("length", [0.9921, 1.0079])
def test_what_is_let_in_is_let_in_by_the_table_too(store: Store, length: float) -> None:
    add(store, "one", {**SCORE, "embedding": unit(length)})
    assert len(embeddings.nearest(store, unit(1.0), "e")) == 1
    with pytest.raises(InputError, match="length"):
        embeddings.check_unit(unit(1 + (length - 1) * 1.05))


def test_the_nearest_are_exact_and_of_one_recogniser(store: Store) -> None:
    add(store, "far", {**SCORE, "embedding": unit(0.0, 1.0)})
    add(store, "near", {**SCORE, "embedding": unit(0.8, 0.6)})
    add(store, "other", {**SCORE, "embedder": "f", "embedding": unit(1.0)})
    add(store, "whose", {**SCORE, "embedding": unit(1.0)}, "d")
    assert [row["take"] for row in embeddings.nearest(store, unit(1.0), "e")] == ["whose", "near", "far"]
    assert [row["take"] for row in embeddings.nearest(store, unit(1.0), "e", 1, "c")] == ["near"]
    [row] = embeddings.nearest(store, unit(1.0), "f")
    assert (row["take"], row["cosine"]) == ("other", 1.0)


def test_a_take_scored_again_has_the_newer_score(store: Store) -> None:
    add(store, "one", SCORE)
    store.write(lambda c: scores.record(c, "one", {**SCORE, "raw": 0.6, "embedding": unit(1.0)}, 6.0)).result()
    assert [row["raw"] for row in scores.history(store, "c")] == [0.6]
