"""Cleaning: nothing in use goes, nothing is left that points at what went, and a sweep can be taken back."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from blocks.errors import DiskFull, InputError
from data import cleaning
from data.blobs import Blobs
from data.cleaning import Use
from data.store import Connection, Store


class Lab:
    """A store and blobs with short ways to fill them."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self.store, self.blobs = store, blobs

    def put(self, table: str, **row: Any) -> None:
        self.store.write(lambda conn: conn.put(table, [row])).result()

    def blob(self, content: str, kind: str = "cache", age: float = 100.0) -> str:
        blob = self.blobs.put_bytes(content.encode())
        row = {"class": kind, "created_at": time.time() - age}
        self.put("blobs", digest=blob.digest, size=blob.size, name=f"{content}.png", **row)
        return blob.digest

    def result(self, key: str, *digests: str, job: str = "j") -> None:
        outputs = {"output": [{"$blob": digest, "name": "a.png", "type": "image/png", "size": 1} for digest in digests]}
        self.put("results", key=key, outputs=json.dumps(outputs), job=job)

    def planned(self, **how: Any) -> set[str]:
        return {blob.digest for blob in cleaning.plan(self.store, self.blobs, **how).going}

    def sweep(self, **how: Any) -> Use:
        return cleaning.sweep(self.store, self.blobs, cleaning.plan(self.store, self.blobs, **how), who="ada")

    def column(self, sql: str) -> set[Any]:
        return {next(iter(row.values())) for row in self.store.read(sql)}


@pytest.fixture
def lab(store: Store, blobs: Blobs) -> Lab:
    return Lab(store, blobs)


def test_a_plan_takes_cache_and_transient_and_never_what_is_kept(lab: Lab) -> None:
    cache, transient = lab.blob("cache"), lab.blob("transient", "transient")
    lab.blob("kept", "kept")
    assert lab.planned() == {cache, transient}
    assert lab.planned(classes=["transient"]) == {transient}
    for classes in (["kept"], ["cache", "kept"], []):
        with pytest.raises(InputError, match="cache and transient"):
            lab.planned(classes=classes)


def test_a_plan_tells_files_and_bytes_of_each_class(lab: Lab) -> None:
    lab.blob("1234"), lab.blob("123456", "transient")
    plan = cleaning.plan(lab.store, lab.blobs)
    assert plan.bytes == 10
    assert plan.by_class == {"cache": Use(1, 4), "transient": Use(1, 6)}


def test_a_plan_spares_what_is_young(lab: Lab) -> None:
    old = lab.blob("old", age=1000)
    lab.blob("young", age=10)
    lab.blob("from tomorrow", age=-86400)
    assert lab.planned(older_than=100) == {old}


@pytest.mark.parametrize(
    ("state", "spared"), [("QUEUED", True), ("RUNNING", True), ("SUCCEEDED", False), ("FAILED", False)]
)
def test_a_job_that_is_not_over_keeps_its_inputs_and_what_it_made(lab: Lab, state: str, spared: bool) -> None:
    given, made, reused = lab.blob("given"), lab.blob("made"), lab.blob("reused")
    lab.put("jobs", id="j", state=state, inputs=json.dumps({"picture": {"$blob": given, "name": "a.png"}}))
    lab.result("k1", made, job="j")
    lab.result("k2", reused, job="somebody else's")
    lab.put("steps", job="j", name="upscale", item=0, key="k2")
    assert lab.planned() == (set() if spared else {given, made, reused})


def test_a_sweep_hides_the_files_and_forgets_their_results(lab: Lab) -> None:
    going, staying = lab.blob("going"), lab.blob("staying", "kept")
    lab.result("gone", going), lab.result("both", staying, going), lab.result("stays", staying), lab.result("plain")
    assert lab.sweep() == Use(1, 5)
    assert not lab.blobs.has(going)
    assert lab.blobs.has(staying)
    assert lab.column("SELECT key FROM results") == {"stays", "plain"}
    assert lab.column("SELECT digest FROM blobs WHERE trashed_at IS NOT NULL") == {going}
    [entry] = lab.store.read("SELECT who, detail FROM audit WHERE action = 'clean.sweep'")
    assert entry == {"who": "ada", "detail": '{"bytes":{"cache":5},"files":1}'}


def test_an_empty_sweep_is_not_worth_an_entry(lab: Lab) -> None:
    assert lab.sweep() == Use(0, 0)
    assert lab.column("SELECT action FROM audit") == {"store.open"}


def test_what_came_into_use_after_the_plan_stays(lab: Lab) -> None:
    wanted, kept, put_again, going = (lab.blob(name) for name in ("wanted", "kept", "put again", "going"))
    os.utime(lab.blobs.path(put_again), (1e9, 1e9))
    plan = cleaning.plan(lab.store, lab.blobs)
    assert len(plan.going) == 4
    lab.put("jobs", id="j", state="QUEUED", inputs=json.dumps({"picture": {"$blob": wanted}}))
    lab.put("blobs", **{"digest": kept, "class": "kept"})
    lab.blobs.put_bytes(b"put again")
    assert cleaning.sweep(lab.store, lab.blobs, plan, who="ada") == Use(1, len("going"))
    assert {wanted, kept, put_again} == set(lab.blobs.digests())
    assert lab.column("SELECT digest FROM blobs WHERE trashed_at IS NOT NULL") == {going}


def test_undo_brings_back_the_files_and_their_results(lab: Lab) -> None:
    first, second = lab.blob("first"), lab.blob("second")
    lab.result("k1", first), lab.result("k2", second)
    before = lab.store.read("SELECT * FROM results ORDER BY key"), lab.store.read("SELECT * FROM blobs ORDER BY digest")
    lab.sweep()
    assert cleaning.undo(lab.store, lab.blobs, who="ada") == Use(2, 11)
    after = lab.store.read("SELECT * FROM results ORDER BY key"), lab.store.read("SELECT * FROM blobs ORDER BY digest")
    assert after == before
    assert lab.blobs.read(first) == b"first"
    with pytest.raises(InputError, match="no sweep to undo"):
        cleaning.undo(lab.store, lab.blobs, who="ada")


def test_undo_takes_back_the_last_sweep_only(lab: Lab) -> None:
    first = lab.blob("first")
    lab.sweep()
    second = lab.blob("second")
    lab.sweep()
    cleaning.undo(lab.store, lab.blobs, who="ada")
    assert set(lab.blobs.digests()) == {second}
    cleaning.undo(lab.store, lab.blobs, who="ada")
    assert set(lab.blobs.digests()) == {first, second}


def test_undo_does_not_overwrite_a_result_made_since(lab: Lab) -> None:
    old = lab.blob("old")
    lab.result("k", old)
    lab.sweep()
    new = lab.blob("new")
    lab.result("k", new)
    cleaning.undo(lab.store, lab.blobs, who="ada")
    [row] = lab.store.read("SELECT outputs FROM results")
    assert new in row["outputs"]


def test_undo_brings_back_no_result_whose_file_is_lost(lab: Lab) -> None:
    lost, found = lab.blob("lost"), lab.blob("found")
    lab.result("k1", lost), lab.result("k2", found)
    lab.sweep()
    (Path(lab.blobs.root) / ".trash" / lost).unlink()
    assert cleaning.undo(lab.store, lab.blobs, who="ada") == Use(1, 5)
    assert lab.column("SELECT key FROM results") == {"k2"}


def test_emptied_trash_is_gone_from_disk_and_from_the_record(lab: Lab) -> None:
    lab.result("k", lab.blob("gone"))
    lab.sweep()
    assert cleaning.empty_trash(lab.store, lab.blobs, who="ada") == Use(1, 4)
    assert lab.column("SELECT digest FROM blobs") == set()
    assert list(lab.blobs.trashed()) == []
    with pytest.raises(InputError, match="no sweep to undo"):
        cleaning.undo(lab.store, lab.blobs, who="ada")


def test_orphans_are_files_that_no_fact_knows_and_nobody_is_about_to_name(lab: Lab) -> None:
    orphan, fresh, named = (lab.blobs.put_bytes(name).digest for name in (b"orphan", b"fresh", b"named"))
    known = lab.blob("known", "kept")
    lab.result("k", named)
    for digest in (orphan, named, known):
        os.utime(lab.blobs.path(digest), (1e9, 1e9))
    plan = cleaning.orphans(lab.store, lab.blobs)
    assert [(blob.digest, blob.kind) for blob in plan.going] == [(orphan, "orphan")]
    assert cleaning.sweep(lab.store, lab.blobs, plan, who="ada") == Use(1, 6)
    assert set(lab.blobs.digests()) == {fresh, named, known}
    cleaning.undo(lab.store, lab.blobs, who="ada")
    assert lab.blobs.has(orphan)


def test_an_orphan_that_was_named_after_the_plan_stays(lab: Lab) -> None:
    orphan = lab.blobs.put_bytes(b"orphan").digest
    plan = cleaning.orphans(lab.store, lab.blobs, grace=-60)
    lab.result("k", orphan)
    assert cleaning.sweep(lab.store, lab.blobs, plan, who="ada") == Use(0, 0)
    assert lab.blobs.has(orphan)


def test_disk_use_by_class_and_by_pipeline(lab: Lab) -> None:
    picture, clip, trash = lab.blob("1234"), lab.blob("123456", "kept"), lab.blob("12", "transient")
    lab.put("jobs", id="p", pipeline="enhance_picture"), lab.put("jobs", id="c", pipeline="enhance_clip")
    lab.result("k1", picture, job="p"), lab.result("k2", picture, clip, job="c"), lab.result("k3", trash, job="p")
    lab.sweep(classes=["transient"])
    use = cleaning.disk_use(lab.store, lab.blobs)
    assert use.classes == {"cache": Use(1, 4), "kept": Use(1, 6)}
    assert use.pipelines == {"enhance_picture": Use(1, 4), "enhance_clip": Use(2, 10)}
    assert use.trash == Use(1, 2)
    assert use.free is not None and use.free > 0


class TestOnAFullDisk:
    """The disk takes a commit only once the space that was set aside is given up."""

    @pytest.fixture(autouse=True)
    def full_disk(self, lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.going = lab.blob("going")
        commit = Connection.commit

        def only_with_room(conn: Connection) -> None:
            if (home / "reserve").exists():
                raise duckdb.IOException("IO Error: Could not write file: No space left on device")
            commit(conn)

        monkeypatch.setattr(Connection, "commit", only_with_room)

    def test_ordinary_writes_say_so(self, lab: Lab) -> None:
        with pytest.raises(DiskFull, match="Free some space"):
            lab.put("jobs", id="j")

    def test_cleaning_still_works(self, lab: Lab) -> None:
        assert lab.sweep() == Use(1, 5)
        assert not lab.blobs.has(self.going)

    def test_the_lab_still_opens(self, lab: Lab, home: Path) -> None:
        lab.store.close()
        with Store.open(home) as again:
            assert again.read("SELECT digest FROM blobs") == [{"digest": self.going}]
