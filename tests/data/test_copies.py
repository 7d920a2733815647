"""Copies of the database: one a day, a few of each kind, whole or not at all."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from blocks.errors import Conflict, DiskFull
from data.copies import COPIES, copy_is_due, how_to_restore, latest_copy, take_copy
from data.store import Store


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    database, head = tmp_path / "lab.duckdb", tmp_path / "audit.head"
    database.write_bytes(b"database")
    head.write_bytes(b"head")
    return database, head


def copies(home: Path) -> list[Path]:
    return sorted((home / "backups").glob("*"))


def test_a_lab_with_a_past_is_copied_once_a_day(home: Path) -> None:
    Store.open(home).close()
    assert copies(home) == []  # there was nothing to lose yet
    for _ in range(3):
        Store.open(home).close()
    [first] = copies(home)
    os.utime(first, (time.time() - 90_000,) * 2)
    first.rename(first.with_name("20200101-120000-daily"))
    Store.open(home).close()
    assert len(copies(home)) == 2


def test_a_daily_copy_can_be_put_back(home: Path) -> None:
    with Store.open(home) as store:
        store.write(lambda conn: conn.add("jobs", [{"id": "j"}])).result()
    Store.open(home).close()
    (home / "lab.duckdb").write_bytes(b"ruined")
    copy = latest_copy(home)
    assert copy is not None and str(copy) in how_to_restore(home)
    for file in copy.iterdir():
        shutil.copy(file, home / file.name)
    with Store.open(home) as store:
        assert store.read("SELECT id FROM jobs") == [{"id": "j"}]


def test_a_daily_copy_that_does_not_fit_keeps_nobody_from_working(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Store.open(home).close()
    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with Store.open(home) as store:
        store.write(lambda conn: conn.add("jobs", [{"id": "j"}])).result()
    assert copies(home) == []


def test_a_copy_is_not_due_where_it_would_fill_the_disk(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = files[0].parent
    assert copy_is_due(home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))  # type: ignore[attr-defined]
    assert not copy_is_due(home)


def test_the_last_few_of_each_kind_are_kept(files: tuple[Path, Path]) -> None:
    before = [take_copy(*files, f"before-{n}") for n in range(COPIES + 2)]
    take_copy(*files, "daily")
    assert [copy.exists() for copy in before] == [False] * 2 + [True] * COPIES
    assert latest_copy(files[0].parent) == copies(files[0].parent)[-1]


def test_what_is_not_a_copy_is_left_alone(files: tuple[Path, Path]) -> None:
    mine = files[0].parent / "backups" / "my own notes"
    mine.mkdir(parents=True)
    for n in range(COPIES + 2):
        take_copy(*files, f"before-{n}")
    assert mine.exists()


def test_what_a_killed_copy_left_is_cleared_by_the_next(files: tuple[Path, Path]) -> None:
    half = files[0].parent / "backups" / ".new"
    half.mkdir(parents=True)
    (half / "lab.duckdb").write_bytes(b"half")
    assert latest_copy(files[0].parent) is None
    copy = take_copy(*files, "daily")
    assert copies(files[0].parent) == [copy]


def test_half_a_copy_is_none(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DiskFull):
        take_copy(*files, "before-people")
    assert copies(files[0].parent) == []


def test_a_copy_of_an_open_database_can_be_put_back(home: Path) -> None:
    with Store.open(home) as store:
        store.write(lambda conn: conn.add("jobs", [{"id": "before"}])).result()
        copy = store.copy()
        store.write(lambda conn: conn.add("jobs", [{"id": "after"}])).result()
        assert len(store.read("SELECT id FROM jobs")) == 2
    assert sorted(path.name for path in copy.iterdir()) == ["audit.head", "lab.duckdb"]
    (home / "lab.duckdb").unlink()
    for file in copy.iterdir():
        shutil.copy(file, home / file.name)
    with Store.open(home) as store:
        assert store.read("SELECT id FROM jobs") == [{"id": "before"}]
        with pytest.raises(Conflict):
            store.write(lambda conn: conn.add("jobs", [{"id": "before"}])).result()


def test_a_copy_of_an_open_database_leaves_its_lock(home: Path) -> None:
    with Store.open(home) as store:
        store.copy()
        held = Path("/proc/locks").read_text() if Path("/proc/locks").exists() else None
        inode = (home / "lab.duckdb").stat().st_ino
        assert held is None or f":{inode} " in held


def test_an_open_copy_that_does_not_fit_harms_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Store.open(home) as store:
        with monkeypatch.context() as patch:
            patch.setattr("data.copies.write_head", refuse)
            with pytest.raises(DiskFull):
                store.copy()
        assert copies(home) == []
        assert store.copy().is_dir()
