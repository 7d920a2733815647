"""Step results by key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from data import results
from data.records import FileRef, Result
from data.store import Store

FILE = FileRef("a" * 64, "a.png", "image/png", 7)
WIRE = {"$blob": FILE.digest, "name": FILE.name, "type": FILE.media_type, "size": FILE.size, "as": "file"}
RECIPE = {"block": "b", "inputs": {"model": {"value": "m"}, "scale": {"value": 2}}}
RESULT = Result("k1", "b", "1", RECIPE, {"out": WIRE, "n": 1}, 2.0, 4.0, "software", "j1", 1)


def record(store: Store, *found: Result, classes: dict[str, str] | None = None) -> None:
    store.write(lambda c: results.record(c, list(found), classes or {})).result()


def test_a_result_is_found_by_its_key_with_its_recipe(store: Store) -> None:
    record(store, RESULT)
    assert results.lookup(store, ["k1", "unknown"]) == {"k1": RESULT.outputs}
    assert results.recipe_of(store, "k1") == {**RECIPE, "seconds": 2.0, "environment": "software"}
    assert results.recipe_of(store, "unknown") is None
    assert results.lookup(store, []) == {}


def test_recording_a_key_again_keeps_one(store: Store) -> None:
    record(store, RESULT)
    record(store, replace(RESULT, outputs={"out": 2}))
    assert results.lookup(store, ["k1"]) == {"k1": {"out": 2}}


def test_a_forgotten_key_is_not_known(store: Store) -> None:
    record(store, RESULT, replace(RESULT, key="k2"))
    store.write(lambda c: results.forget(c, ["k1", "unknown"])).result()
    assert set(results.lookup(store, ["k1", "k2"])) == {"k2"}


def blob_class(store: Store) -> str:
    return str(store.read("SELECT class FROM blobs WHERE digest = ?", (FILE.digest,))[0]["class"])


def test_a_file_that_is_kept_once_stays_kept(store: Store) -> None:
    record(store, RESULT)
    assert blob_class(store) == "cache"
    record(store, replace(RESULT, key="k2"), classes={FILE.digest: "kept"})
    assert blob_class(store) == "kept"
    record(store, replace(RESULT, key="k3"), classes={FILE.digest: "transient"})
    assert blob_class(store) == "kept"


def test_rates_are_of_comparable_runs_newest_first(store: Store) -> None:
    for n, scale in enumerate((2, 3, 2)):
        recipe = {**RECIPE, "inputs": {"scale": {"value": scale}}}
        record(store, replace(RESULT, key=f"r{n}", recipe=recipe, seconds=float(n + 1)))
    record(store, replace(RESULT, key="no units", units=None))
    assert results.rates(store, "b", {"scale": 2}) == [0.75, 0.25]
    assert results.rates(store, "b", {"scale": 2}, most=1) == [0.75]
    assert results.rates(store, "other", {}) == []


def test_usual_times_are_the_median_of_a_block(store: Store) -> None:
    for n, seconds in enumerate((1.0, 2.0, 90.0)):
        record(store, replace(RESULT, key=f"t{n}", seconds=seconds))
    assert results.typical_seconds(store, ["b", "never run"]) == {"b": 2.0}


@pytest.mark.parametrize(
    ("wire", "count"),
    [
        (WIRE, 1),
        ([WIRE, {"x": [WIRE]}], 2),
        ({"$tuple": [WIRE, 1]}, 1),
        ({"$dict": {"$blob": WIRE}}, 1),
        ({"$dict": {"$blob": "x", "name": "y", "type": "z", "size": 1}}, 0),
        ({"$dict": {"$blob": 1}}, 0),
        ("text", 0),
        (None, 0),
    ],
)
def test_files_are_found_wherever_they_stand_in_a_value(wire: Any, count: int) -> None:
    assert list(results.blob_refs(wire)) == [FILE] * count
