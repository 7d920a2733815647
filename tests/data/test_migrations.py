"""Migrations: in order, once, all or nothing, with a copy taken first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blocks.errors import AuditBroken, NewerStore, StoreError
from data.copies import latest_copy
from data.migrations import MIGRATIONS
from data.store import Store


def the_colours(conn: Any) -> None:
    conn.execute("CREATE TABLE colours (name VARCHAR PRIMARY KEY)")


def the_failing_step(conn: Any) -> None:
    conn.execute("CREATE TABLE never (name VARCHAR)")
    conn.execute("SELECT * FROM no_such_table")


def fill(home: Path) -> None:
    with Store.open(home) as store:
        store.write(lambda c: c.add("jobs", [{"id": "old"}])).result()


def test_a_new_home_takes_every_step_and_writes_it_down(store: Store) -> None:
    done = store.read("SELECT name FROM migrations")
    assert [row["name"] for row in done] == [step.__name__ for step in MIGRATIONS]


def test_an_older_file_is_copied_then_brought_up_to_date(home: Path) -> None:
    fill(home)
    with Store.open(home, migrations=(*MIGRATIONS, the_colours)) as store:
        store.write(lambda c: c.add("colours", [{"name": "red"}])).result()
        assert store.read("SELECT id FROM jobs") == [{"id": "old"}]
    copy = latest_copy(home)
    assert copy is not None
    assert copy.name.endswith("before-the_colours")
    assert {file.name for file in copy.iterdir()} == {"lab.duckdb", "audit.head"}


def test_a_copy_can_be_put_back(home: Path) -> None:
    fill(home)
    Store.open(home, migrations=(*MIGRATIONS, the_colours)).close()
    copy = latest_copy(home)
    assert copy is not None
    (home / "lab.duckdb").write_bytes(b"ruined")
    for file in copy.iterdir():
        (home / file.name).write_bytes(file.read_bytes())
    with Store.open(home) as store:
        assert store.read("SELECT id FROM jobs") == [{"id": "old"}]


def test_a_step_that_fails_changes_nothing(home: Path) -> None:
    fill(home)
    with pytest.raises(StoreError, match="no_such_table"):
        Store.open(home, migrations=(*MIGRATIONS, the_colours, the_failing_step))
    with Store.open(home) as store:
        tables = {row["name"] for row in store.read("SELECT table_name AS name FROM duckdb_tables()")}
    assert not tables & {"colours", "never"}


def test_a_newer_file_is_refused_and_left_alone(home: Path) -> None:
    Store.open(home, migrations=(*MIGRATIONS, the_colours)).close()
    before = (home / "lab.duckdb").read_bytes()
    with pytest.raises(NewerStore, match="the_colours"):
        Store.open(home)
    assert (home / "lab.duckdb").read_bytes() == before


def test_a_damaged_chain_is_refused_before_any_step(home: Path) -> None:
    fill(home)
    (home / "audit.head").write_text('{"hash":"%s","sequence":99}' % ("0" * 64))
    with pytest.raises(AuditBroken):
        Store.open(home, migrations=(*MIGRATIONS, the_colours))
    assert latest_copy(home) is None
