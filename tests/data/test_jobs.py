"""The durable record of jobs: which transition may follow which, and who is told what."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from blocks.errors import Conflict, UnknownName
from data import jobs
from data.jobs import ALLOWED
from data.records import FINAL, STATES, JobInfo, LogLine
from data.store import Store

JOB = JobInfo("j1", "chain", "A chain", "QUEUED", created_at=5.0, options={"choices": {"a": 1}})


@pytest.fixture
def job(store: Store) -> JobInfo:
    return store.write(lambda c: jobs.add(c, JOB, {"x": 1})).result()


def move(store: Store, to: Any, attempt: int = 1, **facts: Any) -> JobInfo:
    return store.write(lambda c: jobs.move(c, "j1", to, who="kim", attempt=attempt, **facts)).result()


def reach(store: Store, state: str) -> None:
    path = {"QUEUED": (), "RUNNING": ("RUNNING",)}.get(state, ("RUNNING", state))
    for step in path:
        move(store, step)


def test_a_job_comes_back_as_it_was_given(store: Store, job: JobInfo) -> None:
    assert jobs.get(store, "j1") == replace(JOB, inputs={"x": 1})


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("to", STATES)
def test_a_transition_happens_if_it_is_allowed_and_else_nothing_does(
    store: Store, job: JobInfo, before: str, to: Any
) -> None:
    reach(store, before)
    entries = store.read("SELECT count(*) AS n FROM audit")[0]["n"]
    if to in ALLOWED[before]:
        assert move(store, to).state == jobs.get(store, "j1").state == to
    else:
        with pytest.raises(Conflict, match=f"is {before} and cannot become {to}"):
            move(store, to)
        assert jobs.get(store, "j1").state == before
        assert store.read("SELECT count(*) AS n FROM audit")[0]["n"] == entries


def test_no_final_state_leads_anywhere_but_to_another_try() -> None:
    assert {to for state in FINAL for to in ALLOWED[state]} == {"QUEUED"}
    assert ALLOWED["SUCCEEDED"] == frozenset()


def test_a_word_of_another_attempt_comes_too_late(store: Store, job: JobInfo) -> None:
    move(store, "RUNNING")
    move(store, "QUEUED", next_attempt=2)
    for attempt in (1, 3):
        with pytest.raises(Conflict, match="is in attempt 2"):
            move(store, "RUNNING", attempt)
    assert move(store, "RUNNING", 2).attempt == 2


def test_a_recovery_takes_up_only_what_was_running(store: Store, job: JobInfo) -> None:
    """Cancelled meanwhile, it stays cancelled, though a person may put it back."""
    move(store, "CANCELLED")
    with pytest.raises(Conflict):
        move(store, "QUEUED", next_attempt=2, only="RUNNING")
    assert jobs.get(store, "j1").state == "CANCELLED"
    assert move(store, "QUEUED", next_attempt=2).attempt == 2


def test_every_transition_is_in_the_audit_with_who_and_why(store: Store, job: JobInfo) -> None:
    move(store, "RUNNING")
    move(store, "FAILED", error="no pixels")
    rows = store.read("SELECT who, action, detail FROM audit WHERE subject = 'j1' ORDER BY sequence")
    assert [(r["who"], r["action"]) for r in rows] == [
        ("admin", "job.submit"),
        ("kim", "job.running"),
        ("kim", "job.failed"),
    ]
    assert json.loads(rows[-1]["detail"]) == {"from": "RUNNING", "to": "FAILED", "attempt": 1, "error": "no pixels"}


def test_a_refused_transition_leaves_no_trace_for_the_next(store: Store, job: JobInfo) -> None:
    """Two changes in one commit, of which one is refused."""
    refused = store.write(lambda c: jobs.move(c, "j1", "SUCCEEDED", who="kim", attempt=1))
    allowed = store.write(lambda c: jobs.move(c, "j1", "RUNNING", who="kim", attempt=1))
    with pytest.raises(Conflict):
        refused.result()
    assert allowed.result().state == "RUNNING"
    assert move(store, "SUCCEEDED").state == jobs.get(store, "j1").state == "SUCCEEDED"


def test_a_change_that_fails_after_its_transition_takes_it_back(store: Store, job: JobInfo) -> None:
    def breaks(connection: Any) -> None:
        jobs.move(connection, "j1", "RUNNING", who="kim", attempt=1)
        raise RuntimeError("after all")

    with pytest.raises(RuntimeError):
        store.write(breaks).result()
    assert jobs.get(store, "j1").state == "QUEUED"
    assert move(store, "RUNNING").state == "RUNNING"


def test_success_racing_cancel_ends_in_one_state(store: Store, job: JobInfo) -> None:
    move(store, "RUNNING")
    ends: list[str] = []

    def end(to: Any) -> None:
        try:
            ends.append(move(store, to).state)
        except Conflict:
            ends.append("refused")

    threads = [threading.Thread(target=end, args=(to,)) for to in ("SUCCEEDED", "CANCELLED", "FAILED")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends.count("refused") == 2
    assert jobs.get(store, "j1").state in ends


def test_the_same_click_gives_the_same_job(store: Store) -> None:
    first = store.write(lambda c: jobs.add(c, JOB, {}, "click")).result()
    second = store.write(lambda c: jobs.add(c, replace(JOB, id="j2"), {}, "click")).result()
    third = store.write(lambda c: jobs.add(c, replace(JOB, id="j3"), {}, "other click")).result()
    assert (first.id, second.id, third.id) == ("j1", "j1", "j3")
    assert [j.id for j in jobs.find(store)] == ["j3", "j1"]


def test_jobs_are_found_newest_first_by_state_and_batch(store: Store) -> None:
    for n in range(4):
        one = replace(JOB, id=f"n{n}", batch="b" if n % 2 else None)
        store.write(lambda c, one=one: jobs.add(c, one, {})).result()  # type: ignore[misc]
    store.write(lambda c: jobs.move(c, "n3", "RUNNING", who="kim", attempt=1)).result()
    assert [j.id for j in jobs.find(store)] == ["n3", "n2", "n1", "n0"]
    assert [j.id for j in jobs.find(store, batch="b")] == ["n3", "n1"]
    assert [j.id for j in jobs.find(store, batch="b", state="QUEUED")] == ["n1"]
    assert [j.id for j in jobs.find(store, limit=1)] == ["n3"]
    assert [j.id for j in jobs.unfinished(store)] == ["n0", "n1", "n2", "n3"]


def test_the_log_keeps_its_order(store: Store, job: JobInfo) -> None:
    for n in range(3):
        line = LogLine(1.0, 1, f"line {n}")
        store.write(lambda c, line=line: jobs.log(c, "j1", [line, replace(line, line=line.line + "b")])).result()  # type: ignore[misc]
    said = [line.line for line in jobs.read_log(store, "j1")]
    assert said == ["line 0", "line 0b", "line 1", "line 1b", "line 2", "line 2b"]


def test_what_an_ended_job_made_is_discarded_until_it_is_tried_again(store: Store, job: JobInfo) -> None:
    def discard() -> JobInfo:
        return store.write(lambda c: jobs.discard(c, "j1", "kim")).result()

    move(store, "RUNNING")
    with pytest.raises(Conflict, match="stop it"):
        discard()
    move(store, "FAILED")
    assert discard().discarded and discard().discarded and jobs.get(store, "j1").discarded
    told = store.read("SELECT who FROM audit WHERE subject = 'j1' AND action = 'job.discard'")
    assert told == [{"who": "kim"}], "said twice, it is written once"
    assert not move(store, "QUEUED", next_attempt=2).discarded
    assert not jobs.get(store, "j1").discarded


def test_a_job_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(UnknownName, match="no job j9"):
        jobs.get(store, "j9")
    with pytest.raises(UnknownName, match="no job j9"):
        store.write(lambda c: jobs.move(c, "j9", "RUNNING", who="kim", attempt=1)).result()
