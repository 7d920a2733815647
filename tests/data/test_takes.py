"""Takes: recorded once, found by what they show, and judged without losing any."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from blocks.errors import InputError, UnknownName
from data import scores, takes
from data.blobs import Blobs
from data.cleaning import plan
from data.records import FileRef, TakeInfo
from data.results import remember_blobs
from data.store import Connection, Store

SCORE = {"scorable": True, "raw": 0.5, "calibrated": 0.9, "passed": True, "gate": 0.85, "embedder": "e"}


def picture(blobs: Blobs, text: str) -> FileRef:
    blob = blobs.put_bytes(text.encode())
    return FileRef(blob.digest, f"{text}.png", "image/png", blob.size)


def take(ref: FileRef, name: str = "", **facts: Any) -> TakeInfo:
    return TakeInfo(
        id=name or takes.take_id("j", "draw", -1, ref.digest), picture=ref, **{"job": "j", "at": 5.0, **facts}
    )


def record(store: Store, one: TakeInfo) -> bool:
    return store.write(lambda c: takes.record(c, one, "draw")).result()


def scored(name: str, score: dict[str, Any], at: float, connection: Connection) -> None:
    scores.record(connection, name, score, at)


def test_a_take_comes_back_as_it_was_given(store: Store, blobs: Blobs) -> None:
    one = take(picture(blobs, "a"), seed=2**63 - 1, prompt="hey", parents=("x", "y"), settings={"steps": 3})
    assert record(store, one)
    assert takes.get(store, one.id) == one


def test_to_record_it_again_is_to_record_it_once(store: Store, blobs: Blobs) -> None:
    one = take(picture(blobs, "a"))
    assert [record(store, one), record(store, replace(one, prompt="other"))] == [True, False]
    assert takes.find(store) == [one]
    assert len(store.read("SELECT 1 FROM audit WHERE action = 'take.record'")) == 1


def test_what_a_step_gave_has_one_name_and_another_picture_another() -> None:
    names = {takes.take_id("j", "s", 0, "p"), takes.take_id("j", "s", 0, "p"), takes.take_id("j", "s", 0, "q")}
    assert len(names) == 2


def test_takes_are_found_newest_first_and_page_by_page(store: Store, blobs: Blobs) -> None:
    for number in range(5):
        record(store, take(picture(blobs, str(number)), str(number), character="c" if number % 2 else None, batch="b"))
    assert [one.id for one in takes.find(store, batch="b", limit=2)] == ["4", "3"]
    assert [one.id for one in takes.find(store, batch="b", before="3", limit=2)] == ["2", "1"]
    assert [one.id for one in takes.find(store, character="c")] == ["3", "1"]
    assert takes.find(store, job="another") == []


def test_stars_and_hiding_are_a_persons_word_and_are_written_down(store: Store, blobs: Blobs) -> None:
    for name in ("one", "two"):
        record(store, take(picture(blobs, name), name))
    store.write(lambda c: takes.change(c, "one", "kim", "take.star", stars=4)).result()
    store.write(lambda c: takes.change(c, "two", "kim", "take.hide", hidden=True)).result()
    assert [one.id for one in takes.find(store, stars=4)] == ["one"]
    assert [one.id for one in takes.find(store)] == ["one"]
    assert [one.id for one in takes.find(store, hidden=True)] == ["two", "one"]
    rows = store.read("SELECT who, subject FROM audit WHERE action = 'take.star'")
    assert rows == [{"who": "kim", "subject": "one"}]


@pytest.mark.parametrize("stars", [-1, 6, 2.5, None])
def test_there_are_no_more_than_five_stars(store: Store, blobs: Blobs, stars: Any) -> None:
    record(store, take(picture(blobs, "one"), "one"))
    with pytest.raises(InputError, match="0 to 5"):
        store.write(lambda c: takes.change(c, "one", "kim", "take.star", stars=stars)).result()


def test_a_take_that_is_not_there_is_said(store: Store) -> None:
    with pytest.raises(UnknownName, match="no take 'gone'"):
        takes.get(store, "gone")
    with pytest.raises(UnknownName, match="no take 'gone'"):
        store.write(lambda c: takes.change(c, "gone", "kim", "take.keep", kept=True)).result()


def test_cleaning_leaves_what_a_take_shows_or_was_made_from(store: Store, blobs: Blobs) -> None:
    shown, start, other = (picture(blobs, name) for name in ("shown", "start", "other"))
    wire = {"$blob": start.digest, "name": start.name, "type": start.media_type, "size": start.size, "as": "file"}
    store.write(lambda c: remember_blobs(c, [shown, start, other], {}, 1.0)).result()
    record(store, take(shown, settings={"image": wire}))
    assert {going.digest for going in plan(store, blobs).going} == {other.digest}


def test_the_newest_score_is_shown(store: Store, blobs: Blobs) -> None:
    one = take(picture(blobs, "a"))
    record(store, one)
    for at, raw, embedder in ((1.0, 0.1, "e"), (2.0, 0.2, "f")):
        store.write(partial(scored, one.id, {**SCORE, "raw": raw, "embedder": embedder}, at)).result()
    found = takes.get(store, one.id).score
    assert found is not None and found["raw"] == 0.2


def test_a_gallery_of_thousands_is_told_what_it_shows_and_no_more(store: Store, blobs: Blobs) -> None:
    for name, facts in (("plain", {"prompt": "p" * 99}), ("cell", {"label": "base_face", "stars": 3}), ("gone", {})):
        record(store, take(picture(blobs, name), name, character="c", **facts))
    store.write(lambda c: takes.change(c, "gone", "kim", "take.hide", hidden=True)).result()
    for at, figures in ((1.0, {"calibrated": 0.9, "passed": True}), (2.0, {"calibrated": 0.4, "passed": False})):
        store.write(partial(scored, "cell", {**SCORE, **figures, "embedder": str(at)}, at)).result()
    cell, plain = takes.marks(store, "c", 10)
    assert (cell.id, cell.label, cell.stars, cell.score, cell.flagged) == ("cell", "base_face", 3, 0.4, True)
    assert (plain.label, plain.score, plain.flagged) == ("p" * 60, None, False)
    assert takes.marks(store, "c", 1) == [cell]
