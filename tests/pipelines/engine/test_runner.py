"""What the runner does when the lab itself, or a worker's word, is broken."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from daggr import FnNode, Graph

from blocks.block import block
from blocks.errors import StoreError
from data import jobs, results
from pipelines.engine.active import Active
from pipelines.engine.plan import Step
from pipelines.lab import Lab
from pipelines.owner import OwnerLab

OpenLab = Callable[..., Lab]


def quick(book: str) -> str:
    return "quick"


def graph(book: Path, name: str = "quick") -> Graph:
    return Graph("One step", nodes=[FnNode(quick, name=name, inputs={"book": str(book)}, outputs={"out": None})])


def test_a_job_on_which_the_lab_itself_fails_ends_and_the_others_go_on(
    lab: Lab, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Active.open

    def sometimes(self: Active, step: Step) -> Any:
        if step.name == "cursed":
            raise KeyError("a slip of the lab's own")
        return honest(self, step)

    monkeypatch.setattr(Active, "open", sometimes)
    job = lab.wait(lab.submit(graph(book, "cursed"), {}).id, timeout=20)
    assert job.state == "FAILED"
    assert "could not go on with this job (KeyError" in (job.error or "")
    assert any("a slip of the lab's own" in line.line for line in lab.log(job.id))
    assert lab.run(graph(tmp_path / "other")).outputs == {"out": "quick"}


def test_a_store_that_cannot_be_read_fails_the_job_and_not_the_lab(
    lab: Lab, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: Any) -> Any:
        raise StoreError("The database refused: for a moment.")

    with monkeypatch.context() as patch:
        patch.setattr(results, "lookup", unreadable)
        job = lab.submit(graph(book), {})
        deadline = time.monotonic() + 20
        while lab.job(job.id).state not in ("FAILED", "SUCCEEDED") and time.monotonic() < deadline:
            time.sleep(0.01)
    assert (lab.job(job.id).state, lab.job(job.id).error) == ("FAILED", "The database refused: for a moment.")
    assert lab.run(graph(tmp_path / "other")).outputs == {"out": "quick"}


def garble(book: str) -> str:
    """Writes over the worker's own line to the owner, as a broken library might."""
    for fd in range(3, 64):
        try:
            if str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("socket:"):
                os.write(fd, b"\0\0\0\5junk!")
        except OSError:
            continue
    Path(book).touch()
    time.sleep(60)
    return "never"


def test_a_worker_that_speaks_nonsense_is_replaced(lab: Lab, book: Path, tmp_path: Path) -> None:
    node = FnNode(garble, inputs={"book": str(book)}, outputs={"out": None})
    job = lab.wait(lab.submit(Graph("Garbled", nodes=[node]), {}).id, timeout=40)
    assert (job.state, job.attempt) == ("FAILED", 3)
    assert "is gone" in (job.error or "")
    assert lab.run(graph(tmp_path / "other")).outputs == {"out": "quick"}


def test_a_clock_that_was_set_back_delays_a_retry_by_its_backoff_at_most(open_lab: OpenLab, book: Path) -> None:
    """A queued job whose moment lies years ahead, because the clock was wrong when it was written."""
    lab = open_lab()
    assert isinstance(lab, OwnerLab)
    job = lab.run(graph(book)).job
    plan = lab._planner.plan_of(job)
    later = replace(job, id="later", state="QUEUED", not_before=time.time() + 1e9)
    lab._store.write(lambda c: jobs.add(c, later, {})).result()
    lab._runner.admit(later, plan)
    assert lab.wait("later", timeout=20).state == "SUCCEEDED"


def test_a_gpu_that_is_not_there_is_said_at_once(lab: Lab, book: Path) -> None:
    needs_gpu = block(version="1", device="gpu")(lambda book: "never")
    node = FnNode(needs_gpu, name="paint", inputs={"book": str(book)})
    job = lab.wait(lab.submit(Graph("Needs a GPU", nodes=[node]), {}).id, timeout=20)
    assert job.state == "FAILED"
    assert "paint needs a GPU and this machine has none" in (job.error or "")


def shared(book: str) -> str:
    time.sleep(0.3)  # long enough for every job to be queued before its result is known
    return "shared"


def apart(given: str, number: int) -> str:
    return f"{given} {number}"


def test_jobs_that_wait_for_one_anothers_result_all_go_on_with_a_single_slot(open_lab: OpenLab, book: Path) -> None:
    lab = open_lab(cpu_slots=1)
    queued = []
    for number in range(4):
        first = FnNode(shared, name="shared", inputs={"book": str(book)}, outputs={"out": None})
        then = FnNode(apart, name="apart", inputs={"given": first.out, "number": number}, outputs={"out": None})
        queued.append(lab.submit(Graph("Two steps", nodes=[then]), {}).id)
    assert [lab.wait(job, timeout=20).state for job in queued] == ["SUCCEEDED"] * 4
