"""The store: what is acknowledged is on the disk, in order, and one bad change harms no other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from blocks.errors import Conflict, HomeBusy, StoreError
from data import _readers, audit
from data.store import Connection, Store


def job(name: str, **facts: object) -> dict[str, object]:
    return {"id": name, **facts}


def hold_writer(store: Store) -> threading.Event:
    """Keep the writer busy until the event is set, so that what follows lands in one group."""
    go, busy = threading.Event(), threading.Event()

    def wait(conn: Connection) -> None:
        busy.set()
        go.wait(10)

    store.write(wait)
    busy.wait(10)
    return go


def names(store: Store) -> list[str]:
    return [row["id"] for row in store.read("SELECT id FROM jobs ORDER BY rowid")]


def test_an_acknowledged_fact_is_there_after_reopening(home: Path) -> None:
    with Store.open(home) as store:
        store.write(lambda conn: conn.add("jobs", [job("j1", state="QUEUED", priority=3)])).result()
    with Store.open(home) as store:
        assert store.read("SELECT id, state, priority FROM jobs") == [{"id": "j1", "state": "QUEUED", "priority": 3}]


def test_a_change_returns_its_answer(store: Store) -> None:
    assert store.write(lambda conn: conn.rows("SELECT 6 * 7 AS answer")[0]["answer"]).result() == 42


def test_writes_keep_the_order_they_came_in(store: Store) -> None:
    go = hold_writer(store)
    for n in range(20):
        store.write(lambda conn, n=n: conn.add("jobs", [job(f"j{n:02}")]))
    go.set()
    store.flush()
    assert names(store) == [f"j{n:02}" for n in range(20)]


def test_only_the_culprit_of_a_group_fails(store: Store) -> None:
    go = hold_writer(store)
    first = store.write(lambda conn: conn.add("jobs", [job("a")]))
    broken = store.write(lambda conn: 1 / 0)
    twin = store.write(lambda conn: conn.add("jobs", [job("a")]))
    last = store.write(lambda conn: conn.add("jobs", [job("b")]))
    go.set()
    assert first.result() is None
    assert last.result() is None
    with pytest.raises(ZeroDivisionError):
        broken.result()
    with pytest.raises(Conflict, match="nothing was overwritten"):
        twin.result()
    assert names(store) == ["a", "b"]


def test_a_failed_change_leaves_nothing_of_itself_and_no_gap_in_the_chain(home: Path) -> None:
    def half(conn: Connection) -> None:
        conn.execute("INSERT INTO jobs (id) VALUES ('half')")
        audit.append(conn, "ada", "job.submit", "half", {})
        raise KeyError("second half")

    with Store.open(home) as store:
        with pytest.raises(KeyError):
            store.write(half).result()
        store.write(lambda conn: audit.append(conn, "ada", "job.submit", "whole", {})).result()
        assert names(store) == []
    with Store.open(home) as store:  # opening walks the chain
        assert [r["subject"] for r in store.read("SELECT subject FROM audit WHERE who = 'ada'")] == ["whole"]


def test_wrong_sql_is_a_store_error_and_the_store_goes_on(store: Store) -> None:
    with pytest.raises(StoreError, match="no_such_table"):
        store.write(lambda conn: conn.execute("DELETE FROM no_such_table")).result()
    with pytest.raises(StoreError, match="no_such_table"):
        store.read("SELECT * FROM no_such_table")
    store.write(lambda conn: conn.add("jobs", [job("after")])).result()
    assert names(store) == ["after"]


def test_one_row_may_change_many_times_in_one_group(store: Store) -> None:
    go = hold_writer(store)
    store.write(lambda conn: conn.add("steps", [{"job": "j", "name": "n", "item": 0, "state": "waiting"}]))
    for state in ("running", "failed", "running"):
        store.write(lambda conn, s=state: conn.execute("UPDATE steps SET state = ? WHERE job = 'j'", [s]) and None)
    store.write(lambda conn: conn.execute("DELETE FROM steps WHERE job = 'j'") and None)
    store.write(lambda conn: conn.add("steps", [{"job": "j", "name": "n", "item": 0, "state": "waiting"}]))
    store.write(lambda conn: conn.put("steps", [{"job": "j", "name": "n", "item": 0, "state": "done"}]))
    go.set()
    store.flush()
    assert store.read("SELECT state FROM steps") == [{"state": "done"}]


def test_readers_see_only_what_is_committed(store: Store) -> None:
    seen: list[int] = []

    def look_from_outside(conn: Connection) -> None:
        conn.execute("INSERT INTO jobs (id) VALUES ('j')")
        reader = threading.Thread(target=lambda: seen.append(len(names(store))))
        reader.start()
        reader.join(10)

    store.write(look_from_outside).result()
    assert seen == [0]
    assert names(store) == ["j"]


def test_many_threads_read_and_write_at_once(store: Store) -> None:
    failed: list[BaseException] = []

    def work(n: int) -> None:
        try:
            for i in range(10):
                store.write(lambda conn, i=i: conn.add("jobs", [job(f"{n}-{i}")])).result()
                assert {f"{n}-{i}"} <= set(names(store))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len(names(store)) == 80


def test_closing_writes_what_is_queued(home: Path) -> None:
    store = Store.open(home)
    go = hold_writer(store)
    queued = store.write(lambda conn: conn.add("jobs", [job("late")]))
    threading.Timer(0.05, go.set).start()
    store.close()
    assert queued.done()
    with Store.open(home) as again:
        assert names(again) == ["late"]


def test_a_closed_store_says_so(home: Path) -> None:
    store = Store.open(home)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(lambda conn: None)
    with pytest.raises(StoreError, match="closed"):
        store.read("SELECT 1")


def test_a_withdrawn_write_does_not_happen(store: Store) -> None:
    go = hold_writer(store)
    withdrawn = store.write(lambda conn: conn.add("jobs", [job("withdrawn")]))
    assert withdrawn.cancel()
    go.set()
    store.flush()
    assert names(store) == []


def test_a_connection_that_broke_is_made_anew(store: Store) -> None:
    def break_it(conn: Connection) -> None:
        conn.execute("INSERT INTO jobs (id) VALUES ('lost')")
        store._raw.close()

    store.write(lambda conn: conn.add("jobs", [job("before")])).result()
    assert names(store) == ["before"]
    with pytest.raises(StoreError):
        store.write(break_it).result()
    store.write(lambda conn: conn.add("jobs", [job("after")])).result()
    assert names(store) == ["before", "after"]


def test_a_home_has_one_owner(home: Path, store: Store) -> None:
    with pytest.raises(HomeBusy, match=r"in use by process \d+"):
        Store.open(home)


def test_a_home_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="writable"):
        Store.open(tmp_path / "file" / "home")


def test_a_home_without_permission_is_a_clear_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        Store.open(home)


def test_a_clock_that_jumps_back_matters_to_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for now in (2e9, 1e9, 0.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        with Store.open(home) as store:
            store.write(lambda conn, now=now: audit.append(conn, "ada", "tick", str(now), {})).result()
    with Store.open(home) as store:
        ticks = store.read("SELECT subject FROM audit WHERE who = 'ada' ORDER BY sequence")
    assert [row["subject"] for row in ticks] == ["2000000000.0", "1000000000.0", "0.0"]


def test_closing_waits_for_those_who_are_reading(home: Path) -> None:
    store = Store.open(home)
    store.write(lambda c: c.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(200000)")).result()
    answers: list[object] = []
    reading = threading.Event()

    def read_on() -> None:
        try:
            while True:
                reading.set()
                answers.append(store.read("SELECT sum(a.n * b.n % 7) AS s FROM numbers a JOIN numbers b USING (n)"))
        except StoreError as closed:
            answers.append(closed)

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    reading.wait()
    store.close()
    for reader in readers:
        reader.join()
    Store.open(home).close()  # the home was given back
    assert sum(isinstance(a, StoreError) for a in answers) == 3


def test_closing_does_not_wait_for_ever_for_one_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_readers, "_PATIENCE", 0.01)
    store = Store.open(home)
    answers: list[object] = []
    reading = threading.Event()

    def read_for_hours() -> None:
        reading.set()
        try:
            answers.append(store.read("SELECT sum(a.range * b.range) AS s FROM range(10000000) a, range(10000000) b"))
        except StoreError as stopped:
            answers.append(stopped)

    reader = threading.Thread(target=read_for_hours)
    reader.start()
    reading.wait()
    store.close()
    reader.join()
    assert isinstance(answers[0], StoreError)
    Store.open(home).close()


def test_a_connection_that_broke_is_made_anew_under_those_who_read(store: Store) -> None:
    store.write(lambda conn: conn.add("jobs", [job("before")])).result()
    over = threading.Event()
    seen: list[int] = []
    failed: list[StoreError] = []

    def read_on() -> None:
        while not over.is_set():
            try:
                seen.append(len(names(store)))
            except StoreError as broken:
                failed.append(broken)

    readers = [threading.Thread(target=read_on) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(5):
        store._reconnect()
    over.set()
    for reader in readers:
        reader.join()
    assert failed == []
    assert set(seen) == {1}
    store.write(lambda conn: conn.add("jobs", [job("after")])).result()
    assert names(store) == ["before", "after"]
