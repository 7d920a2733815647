"""The audit chain: what was written is hashed to what came before, and every way to lose some is noticed."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from blocks.errors import AuditBroken, InputError
from data import audit
from data.audit import GENESIS, Head
from data.store import Store


def chain(length: int) -> list[tuple[object, ...]]:
    rows, head = [], GENESIS
    for n in range(length):
        entry = audit.follow(head, 1000.0 - n, "ada", "job.submit", f"job {n} \N{SNOWMAN}", '{"n":1}')
        head = Head(entry.sequence, entry.hash)
        rows.append(astuple(entry))
    return rows


def head_of(rows: list[tuple[object, ...]]) -> Head:
    return Head(rows[-1][0], rows[-1][-1])  # type: ignore[arg-type]


def test_a_whole_chain_is_accepted() -> None:
    rows = chain(5)
    assert audit.verify(rows, head_of(rows)) == head_of(rows)
    assert audit.verify([], GENESIS) == GENESIS


def test_a_head_that_lags_behind_is_a_crash_and_fine() -> None:
    rows = chain(5)
    assert audit.verify(rows, head_of(rows[:3])) == head_of(rows)
    assert audit.verify(rows, GENESIS) == head_of(rows)


@pytest.mark.parametrize("keep", [0, 1, 4])
def test_a_shortened_chain_is_refused(keep: int) -> None:
    rows = chain(5)
    with pytest.raises(AuditBroken, match="cut short: entry 5 was acknowledged"):
        audit.verify(rows[:keep], head_of(rows))


@pytest.mark.parametrize("column", range(8))
def test_an_edit_of_any_column_is_refused(column: int) -> None:
    rows = chain(5)
    edited = list(rows[2])
    edited[column] = "f" * 64 if isinstance(edited[column], str) else edited[column] + 1  # type: ignore[operator]
    with pytest.raises(AuditBroken):
        audit.verify([*rows[:2], tuple(edited), *rows[3:]], head_of(rows))


def test_a_removed_entry_is_refused() -> None:
    rows = chain(5)
    with pytest.raises(AuditBroken, match="entry 3 was removed"):
        audit.verify(rows[:2] + rows[3:], head_of(rows))


def test_another_chain_of_the_same_length_is_refused() -> None:
    rows = chain(3)
    with pytest.raises(AuditBroken, match="not the one"):
        audit.verify(rows, Head(3, "0" * 64))
    with pytest.raises(AuditBroken, match="not the one"):
        audit.verify(rows, Head(2, "0" * 64))


def test_an_entry_is_written_with_its_change_and_says_who_did_what(store: Store) -> None:
    entry = store.write(lambda c: audit.append(c, "ada", "job.submit", "j1", {"b": 1, "a": [None, True]})).result()
    [row] = store.read("SELECT * FROM audit WHERE sequence = ?", [entry.sequence])
    assert (row["who"], row["action"], row["subject"]) == ("ada", "job.submit", "j1")
    assert row["detail"] == '{"a":[null,true],"b":1}'
    assert row["hash"] == entry.hash


def test_the_head_is_kept_before_the_write_is_acknowledged(home: Path, store: Store) -> None:
    entry = store.write(lambda c: audit.append(c, "ada", "job.submit", "j1", {})).result()
    assert audit.read_head(home / "audit.head") == Head(entry.sequence, entry.hash)


@pytest.mark.parametrize("detail", [{"x": Path("a")}, {"x": float("nan")}, {"x": {1, 2}}])
def test_a_detail_that_is_not_plain_json_is_refused(store: Store, detail: dict[str, object]) -> None:
    with pytest.raises(InputError, match="not plain JSON"):
        store.write(lambda c: audit.append(c, "ada", "job.submit", "j1", detail)).result()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"sequence": "many", "hash": ""}', b"\xff\xfe"])
def test_a_damaged_head_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "audit.head").write_bytes(content)
    with pytest.raises(AuditBroken, match="damaged"):
        audit.read_head(tmp_path / "audit.head")
