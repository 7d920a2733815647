"""Stopping a job: asked first, then forced; and exactly one end."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import gradio as gr
import pytest
from daggr import FnNode, Graph

from blocks.block import block
from blocks.errors import Cancelled, Denied, TransientError, UnknownName
from blocks.progress import Progress, silent
from data.records import FINAL, JobInfo
from pipelines.lab import Lab


def until(there: Path) -> None:
    while not there.exists():
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def polite(book: str, *, progress: Progress = silent) -> str:
    Path(book).write_text(str(os.getpid()))
    while True:
        progress(0.1, "working")
        time.sleep(0.01)


def deaf(book: str) -> str:
    Path(book).with_suffix(".half").write_text(str(os.getpid()))
    Path(book).with_suffix(".half").rename(book)
    while True:
        time.sleep(0.01)


deaf_for_tenths = block(version="1", grace=0.2)(deaf)


def slow(book: str, go: str) -> str:
    Path(book).touch()
    while not Path(go).exists():
        time.sleep(0.005)
    return "slow but sure"


def quick(book: str) -> str:
    return "quick"


def one(function: object, book: Path, **inputs: str) -> Graph:
    node = FnNode(function, name="step", inputs={"book": str(book), **inputs}, outputs={"out": None})
    return Graph("One step", nodes=[node])


def ends(lab: Lab, job: JobInfo) -> list[str]:
    return [e["action"] for e in lab.history(job.id) if e["action"].split(".")[1].upper() in FINAL]


def test_a_step_that_listens_is_asked_and_its_worker_stays(lab: Lab, book: Path) -> None:
    job = lab.submit(one(polite, book), {})
    until(book)
    assert lab.cancel(job.id, user="kim").state == "RUNNING"
    ended = lab.wait(job.id, timeout=20)
    assert ended.state == "CANCELLED"
    assert [(e["who"], e["action"]) for e in lab.history(job.id)][-1] == ("kim", "job.cancelled")
    assert [step.state for step in lab.steps(job.id)] == ["cancelled"]
    assert alive(int(book.read_text()))
    with pytest.raises(Cancelled):
        lab.run_of(ended)


def test_a_step_that_does_not_listen_is_stopped_by_force_and_its_neighbour_is_unharmed(
    lab: Lab, book: Path, tmp_path: Path
) -> None:
    neighbour = lab.submit(one(slow, tmp_path / "neighbour", go=str(tmp_path / "go")), {})
    job = lab.submit(one(deaf_for_tenths, book), {})
    until(book)
    until(tmp_path / "neighbour")
    pid = int(book.read_text())
    lab.cancel(job.id)
    assert lab.wait(job.id, timeout=20).state == "CANCELLED"
    assert not alive(pid)
    assert lab.job(neighbour.id).state == "RUNNING"
    (tmp_path / "go").touch()
    assert lab.run_of(neighbour).outputs == {"out": "slow but sure"}
    assert lab.run(one(quick, book)).outputs == {"out": "quick"}


def test_a_job_that_waits_for_a_slot_is_cancelled_at_once(lab: Lab, tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    busy = [lab.submit(one(slow, tmp_path / f"busy{n}", go=go), {}) for n in (1, 2)]
    for n in (1, 2):
        until(tmp_path / f"busy{n}")
    waiting = lab.submit(one(quick, tmp_path / "waiting"), {})
    assert lab.job(waiting.id).state == "QUEUED"
    lab.cancel(waiting.id)
    assert lab.wait(waiting.id, timeout=20).state == "CANCELLED"
    assert ends(lab, waiting) == ["job.cancelled"]
    Path(go).touch()
    assert [lab.wait(job.id).state for job in busy] == ["SUCCEEDED"] * 2


def test_the_higher_priority_goes_first_and_equals_in_the_order_they_came(lab: Lab, tmp_path: Path) -> None:
    go = str(tmp_path / "go")
    busy = [lab.submit(one(slow, tmp_path / f"busy{n}", go=go), {}) for n in (1, 2)]
    for n in (1, 2):
        until(tmp_path / f"busy{n}")
    order = [("low", -1), ("first", 0), ("second", 0), ("high", 5)]
    jobs = {name: lab.submit(one(quick, tmp_path / name), {}, priority=p) for name, p in order}
    Path(go).touch()
    started = {name: lab.wait(job.id).started_at or 0.0 for name, job in jobs.items()}
    assert sorted(started, key=lambda name: started[name]) == ["high", "first", "second", "low"]
    assert all(lab.wait(job.id).state == "SUCCEEDED" for job in busy)


def test_a_cancelled_job_can_be_tried_again_and_keeps_what_was_finished(lab: Lab, book: Path, tmp_path: Path) -> None:
    node = FnNode(quick, name="done", inputs={"book": str(book)}, outputs={"out": None})
    stuck = FnNode(slow, name="stuck", inputs={"book": str(book), "go": node.out}, outputs={"out": None})
    job = lab.submit(Graph("Two steps", nodes=[stuck]), {"stuck.go": str(tmp_path / "go")}, options={})
    until(book)
    lab.cancel(job.id)
    assert lab.wait(job.id, timeout=20).state == "CANCELLED"
    (tmp_path / "go").touch()
    again = lab.retry(job.id)
    assert (again.state, again.attempt) == ("QUEUED", 2)
    assert lab.wait(job.id, timeout=20).state == "SUCCEEDED"
    assert lab.result(job.id)["out"] == "slow but sure"


def busy_line(book: str) -> str:
    with Path(book).open("a") as file:
        file.write("try\n")
    raise TransientError("The line is busy.")


def test_a_job_that_waits_for_its_next_try_is_cancelled(lab: Lab, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.engine.endings._BACKOFF", (60.0,))
    job = lab.submit(one(busy_line, book), {})
    version = -1
    while (now := lab.watch(job.id, version))[0].attempt < 2:
        version = now[1]
    assert (now[0].state, "The line is busy" in now[0].note) == ("QUEUED", True)
    lab.cancel(job.id)
    assert lab.wait(job.id, timeout=20).state == "CANCELLED"
    assert book.read_text() == "try\n"


def test_cancel_after_the_end_changes_nothing(lab: Lab, book: Path) -> None:
    run = lab.run(one(quick, book))
    assert lab.cancel(run.job.id).state == "SUCCEEDED"
    assert lab.job(run.job.id).state == "SUCCEEDED"
    assert ends(lab, run.job) == ["job.succeeded"]


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02, 0.04])
def test_cancel_racing_success_ends_in_one_state_and_the_audit_tells(lab: Lab, tmp_path: Path, delay: float) -> None:
    for turn in range(4):
        job = lab.submit(one(quick, tmp_path / f"{turn}"), {})
        time.sleep(delay)
        lab.cancel(job.id)
        state = lab.wait(job.id, timeout=20).state
        assert state in ("SUCCEEDED", "CANCELLED")
        assert ends(lab, job) == [f"job.{state.lower()}"]
        assert lab.job(job.id).state == state


def test_two_cancels_at_once_are_one(lab: Lab, book: Path) -> None:
    job = lab.submit(one(polite, book), {})
    until(book)
    threads = [threading.Thread(target=lab.cancel, args=(job.id,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lab.wait(job.id, timeout=20).state == "CANCELLED"
    assert ends(lab, job) == ["job.cancelled"]


def test_what_a_cancelled_step_left_half_done_is_gone(lab: Lab, book: Path) -> None:
    job = lab.submit(one(deaf_with_files, book), {})
    until(book)
    assert any((lab.home / "scratch").rglob("huge.bin"))
    lab.cancel(job.id)
    lab.wait(job.id, timeout=20)
    assert not any((lab.home / "scratch").rglob("huge.bin"))


@block(version="1", grace=0.1)
def deaf_with_files(book: str, *, scratch: Path) -> str:
    (scratch / "huge.bin").write_bytes(b"half")
    return deaf(book)


def test_a_cancelled_items_neighbours_stop_too(lab: Lab, book: Path) -> None:
    items = FnNode(three, inputs={"book": str(book)}, outputs={"items": None})
    each = FnNode(polite_item, inputs={"book": str(book), "n": items.items.each}, outputs={"out": gr.JSON()})
    job = lab.submit(Graph("Items", nodes=[each]), {})
    until(Path(f"{book}.0"))
    until(Path(f"{book}.1"))
    lab.cancel(job.id)
    assert lab.wait(job.id, timeout=20).state == "CANCELLED"
    assert not Path(f"{book}.2").exists()
    assert [step.state for step in lab.steps(job.id)] == ["done", "cancelled"]


def three(book: str) -> list[int]:
    return [0, 1, 2]


def polite_item(book: str, n: int, *, progress: Progress = silent) -> str:
    return polite(f"{book}.{n}", progress=progress)


def test_nobody_may_cancel_without_a_name_and_no_job_that_is_not_there(lab: Lab, book: Path) -> None:
    run = lab.run(one(quick, book))
    with pytest.raises(Denied):
        lab.cancel(run.job.id, user="")
    with pytest.raises(UnknownName, match="no job nothing"):
        lab.cancel("nothing")


def counting(book: str, *, unfinished: Path, progress: Progress = silent) -> list[int]:
    """Counts to three and keeps where it is; the first call waits at two to be stopped."""
    kept, began = unfinished / "count", []
    for number in (1, 2, 3):
        if kept.exists() and int(kept.read_text()) >= number:
            continue
        began.append(number)
        kept.write_text(str(number))
        while number == 2 and not Path(book).exists():
            (unfinished / "waits").touch()
            progress(0.5, "waiting")
            time.sleep(0.01)
    return began


def test_a_stopped_step_goes_on_from_what_it_kept_and_leaves_nothing_when_it_is_done(lab: Lab, tmp_path: Path) -> None:
    node = FnNode(counting, inputs={"book": gr.Textbox()}, outputs={"began": gr.JSON()})
    job = lab.submit(Graph("Counting", nodes=[node]), {"book": str(tmp_path / "book")})
    while not list(lab.home.glob("unfinished/*/waits")):
        time.sleep(0.005)
    lab.cancel(job.id)
    assert lab.wait(job.id).state == "CANCELLED"
    (tmp_path / "book").touch()
    lab.retry(job.id)
    assert lab.wait(job.id).state == "SUCCEEDED"
    assert lab.result(job.id)["began"] == [3]
    again = FnNode(counting, inputs={"book": str(tmp_path / "book")}, outputs={"began": gr.JSON()})
    lab.wait(lab.submit(Graph("Counting", nodes=[again]), {}, options={"salts": {"counting": "anew"}}).id)
    assert len(list((lab.home / "unfinished").iterdir())) <= 1, "what was done is gone with the next that begins"
