"""Search by face over everything stored gives DuckDB's own answer, whatever happened to the copy it is read from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import DiskFull, InputError
from data import embeddings
from data.likeness import Likeness
from data.store import Store
from data.vectors import VectorIndex

ONE, OTHER = "a" * 64, "b" * 64


def unit(seed: int) -> list[float]:
    vector = np.random.default_rng(seed).normal(size=512)
    return (vector / np.linalg.norm(vector)).tolist()


def put(store: Store, *numbers: int, embedder: str = ONE, at: float = 0.0, character: str = "", turn: int = 0) -> None:
    def change(conn: object) -> None:
        for n in numbers:
            embeddings.record(conn, f"take-{n:04d}", embedder, unit(n + turn), at)  # type: ignore[arg-type]
        if character:
            conn.add("takes", [{"id": f"take-{n:04d}", "character": character} for n in numbers])  # type: ignore[attr-defined]

    store.write(change).result()


@pytest.fixture
def search(store: Store, tmp_path: Path) -> Iterator[Likeness]:
    put(store, *range(40))
    yield Likeness(store, tmp_path / "vectors")


def same(search: Likeness, store: Store, seed: int = 500, **narrowed: str) -> bool:
    ours = search.nearest(unit(seed), ONE, **narrowed)
    theirs = embeddings.nearest(store, unit(seed), ONE, **narrowed)
    assert [one["take"] for one in ours] == [one["take"] for one in theirs]
    assert [one["cosine"] for one in ours] == pytest.approx([one["cosine"] for one in theirs], abs=1e-5)
    return bool(ours)


def test_the_answer_is_the_databases_own(search: Likeness, store: Store) -> None:
    assert same(search, store)
    assert search.nearest(unit(7), ONE, k=1) == [{"take": "take-0007", "cosine": pytest.approx(1.0, abs=1e-5)}]


def test_what_is_added_changed_or_forgotten_shows_at_once(search: Likeness, store: Store) -> None:
    assert same(search, store)
    put(store, *range(40, 50))
    assert same(search, store, 41)
    assert search.nearest(unit(41), ONE, 1)[0]["take"] == "take-0041"
    put(store, 3, at=1.0, turn=900)
    assert search.nearest(unit(903), ONE, 1)[0] == {"take": "take-0003", "cosine": pytest.approx(1.0, abs=1e-5)}
    store.write(lambda conn: conn.execute("DELETE FROM embeddings WHERE take = 'take-0041'") and None).result()
    assert search.nearest(unit(41), ONE, 1)[0]["take"] != "take-0041"
    assert same(search, store, 41)


def test_new_rows_are_added_and_the_old_ones_left_where_they_are(
    search: Likeness, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    same(search, store)

    def refuse(*_: object) -> None:
        raise AssertionError("the copy was made again")

    monkeypatch.setattr(VectorIndex, "rewrite", refuse)
    put(store, 100, 101)
    assert same(search, store, 100)
    search.nearest(unit(1), ONE)


def test_only_the_takes_of_a_character(search: Likeness, store: Store) -> None:
    put(store, *range(60, 70), character="mara")
    assert same(search, store, 5, character="mara")
    assert search.nearest(unit(5), ONE, character="nobody") == []


def test_recognisers_are_never_mixed(search: Likeness, store: Store) -> None:
    put(store, 7, embedder=OTHER)
    assert len(search.nearest(unit(7), OTHER)) == 1
    assert len(search.nearest(unit(7), ONE, 100)) == 40
    assert search.nearest(unit(7), "c" * 64) == []


def test_a_copy_left_behind_by_another_day_is_brought_up(store: Store, tmp_path: Path) -> None:
    put(store, *range(10))
    Likeness(store, tmp_path / "vectors").nearest(unit(1), ONE)
    put(store, *range(10, 15))
    assert same(Likeness(store, tmp_path / "vectors"), store)
    for path in (tmp_path / "vectors").glob("*.ids"):
        path.write_bytes(b"")
    assert same(Likeness(store, tmp_path / "vectors"), store)


def test_garbage_in_the_copy_is_noticed_and_made_good(search: Likeness, store: Store, tmp_path: Path) -> None:
    same(search, store)
    (rows,) = (tmp_path / "vectors").glob("*.vectors")
    with rows.open("r+b") as file:
        file.write(np.full(512, np.nan, np.float32).tobytes())
    assert same(search, store)
    assert same(Likeness(store, tmp_path / "vectors"), store)


def test_where_no_copy_can_be_kept_the_database_answers(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, *range(10))

    def full(*_: object) -> None:
        raise DiskFull("No space left.")

    monkeypatch.setattr(VectorIndex, "rewrite", full)
    assert same(Likeness(store, tmp_path / "vectors"), store)


def test_what_is_no_face_is_refused(search: Likeness) -> None:
    with pytest.raises(InputError):
        search.nearest([0.0] * 512, ONE)
