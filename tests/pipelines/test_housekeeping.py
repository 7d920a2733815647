"""The disk, the copies and the record of a home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.errors import Denied
from pipelines.lab import Lab

OpenLab = Callable[..., Lab]


@pytest.fixture
def mine(open_lab: OpenLab) -> Lab:
    return open_lab(warm=0)


def test_use_counts_everything_in_the_home(mine: Lab, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"x" * 1000)
    mine.import_file(tmp_path / "a.bin")
    mine.copy_database()
    use = mine.disk_use()
    assert use["classes"]["kept"] == {"files": 1, "bytes": 1000}
    assert use["others"]["database"]["bytes"] > 0
    assert use["others"]["copies"]["files"] == 2
    assert use["trash"] == {"files": 0, "bytes": 0}
    assert use["free"] > 0


def test_a_copy_is_taken_while_the_lab_is_open_and_listed(mine: Lab) -> None:
    assert mine.copies() == []
    taken = mine.copy_database("ada")
    assert taken.path.is_dir() and taken.bytes > 0
    assert mine.copies() == [taken]
    assert mine.audit()[0].action == "store.copy"


def test_the_record_is_whole_and_tells_who_did_what(mine: Lab, tmp_path: Path) -> None:
    mine.clean(dry=False, user="ada")
    check = mine.check_audit()
    assert check.problem == ""
    assert check.entries == mine.audit()[0].sequence
    assert [entry.action for entry in mine.audit(1)] == [mine.audit()[0].action]


def test_an_entry_that_was_edited_is_found(mine: Lab) -> None:
    mine.copy_database()
    mine._store.write(lambda conn: conn.execute("UPDATE audit SET who = 'eve' WHERE sequence = 1")).result()  # type: ignore[attr-defined]
    assert "edited" in mine.check_audit().problem


def test_nobody_is_refused(mine: Lab) -> None:
    for order in (mine.copy_database, mine.undo_clean, mine.empty_trash):
        with pytest.raises(Denied):
            order(user="")
