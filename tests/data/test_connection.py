"""Rows in bulk: gathered over a group, there for whoever looks, exact about keys and columns."""

from __future__ import annotations

import pytest

from blocks.errors import Conflict, InputError
from data.store import Connection, Store


def test_gathered_rows_are_there_for_a_look_inside_the_change(store: Store) -> None:
    def change(conn: Connection) -> int:
        conn.add("jobs", [{"id": "a"}, {"id": "b"}])
        return len(conn.rows("SELECT * FROM jobs"))

    assert store.write(change).result() == 2


def test_a_statement_that_writes_and_answers_is_kept(store: Store) -> None:
    insert = "INSERT INTO jobs (id) VALUES ('a') RETURNING id"
    assert store.write(lambda c: c.rows(insert)).result() == [{"id": "a"}]
    assert store.read("SELECT id FROM jobs") == [{"id": "a"}]


def test_put_updates_just_the_given_columns(store: Store) -> None:
    def change(conn: Connection) -> None:
        conn.add("jobs", [{"id": "a", "state": "QUEUED", "title": "Portrait"}])
        conn.put("jobs", [{"id": "a", "state": "RUNNING"}])

    store.write(change).result()
    assert store.read("SELECT state, title FROM jobs") == [{"state": "RUNNING", "title": "Portrait"}]


def test_of_several_puts_of_one_row_the_last_counts(store: Store) -> None:
    store.write(lambda c: c.put("jobs", [{"id": "a", "progress": p} for p in (0.1, 0.9, 0.5)])).result()
    assert store.read("SELECT progress FROM jobs") == [{"progress": 0.5}]


def test_a_put_of_a_bare_key_keeps_the_row(store: Store) -> None:
    store.write(lambda c: c.add("jobs", [{"id": "a", "state": "QUEUED"}])).result()
    store.write(lambda c: c.put("jobs", [{"id": "a"}])).result()
    assert store.read("SELECT id, state FROM jobs") == [{"id": "a", "state": "QUEUED"}]


def test_rows_of_different_columns_keep_their_order(store: Store) -> None:
    rows = [{"id": "a", "state": "QUEUED"}, {"id": "a", "note": "waiting"}, {"id": "a", "state": "RUNNING"}]
    store.write(lambda c: c.put("jobs", rows)).result()
    assert store.read("SELECT state, note FROM jobs") == [{"state": "RUNNING", "note": "waiting"}]


def test_missing_values_and_whole_numbers_fit_any_column(store: Store) -> None:
    rows = [{"id": "a", "progress": None, "user": None}, {"id": "b", "progress": 1, "user": "ada"}]
    store.write(lambda c: c.add("jobs", rows)).result()
    assert store.read('SELECT progress, "user" FROM jobs ORDER BY id') == [
        {"progress": None, "user": None},
        {"progress": 1.0, "user": "ada"},
    ]


def test_a_taken_key_is_a_conflict(store: Store) -> None:
    store.write(lambda c: c.add("jobs", [{"id": "a", "state": "QUEUED"}])).result()
    with pytest.raises(Conflict):
        store.write(lambda c: c.add("jobs", [{"id": "a", "state": "RUNNING"}])).result()
    assert store.read("SELECT state FROM jobs") == [{"state": "QUEUED"}]


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("nowhere", {"id": "a"}, "no table nowhere"),
        ("jobs", {"id": "a", "colour": "red"}, "colour"),
        ("jobs", {"state": "QUEUED"}, "primary key"),
        ("job_log", {"line": "hello"}, "primary key"),
        ("jobs", {}, "columns"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_name(store: Store, table: str, row: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        store.write(lambda c: c.put(table, [row])).result()


def test_names_and_values_from_people_are_only_values(store: Store) -> None:
    title = "'); DROP TABLE jobs; -- \N{SNOWMAN} \0 \""
    store.write(lambda c: c.add("jobs", [{"id": "a", "title": title}])).result()
    assert store.read("SELECT title FROM jobs WHERE title = ?", [title]) == [{"title": title}]
