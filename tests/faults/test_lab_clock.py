"""The clock of the day may jump: jobs keep their order, retries are not stuck, and the time left stays sane."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from daggr import FnNode, Graph

from blocks.errors import TransientError
from blocks.progress import Progress, silent
from pipelines import Lab
from pipelines.engine import endings

OpenLab = Callable[..., Lab]
Jump = Callable[[float], None]

YEAR = 365 * 86400.0


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock of this process so many seconds ahead or back."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])

    def by(seconds: float) -> None:
        ahead[0] += seconds

    return by


def held(book: str, go: str) -> str:
    Path(book).touch()
    while not Path(go).exists():
        time.sleep(0.005)
    return "held"


def quick(number: int) -> int:
    return number


def fails_once(book: str) -> str:
    if not Path(book).exists():
        Path(book).touch()
        raise TransientError("The line is busy.")
    return "well"


def counting(book: str, go: str, *, progress: Progress = silent) -> str:
    while not Path(go).exists():
        progress(0.5, "half")
        Path(book).touch()
        time.sleep(0.02)
    return "counted"


def one(function: Callable[..., object], **inputs: object) -> Graph:
    return Graph("One step", nodes=[FnNode(function, name="step", inputs=inputs, outputs={"out": None})])


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("seconds", [-YEAR, YEAR])
def test_a_retry_is_not_stuck(
    lab: Lab, book: Path, jump: Jump, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(endings, "_BACKOFF", (0.3,))
    job = lab.submit(one(fails_once, book=str(book)), {})
    until(lambda: lab.job(job.id).attempt == 2)
    jump(seconds)
    assert lab.wait(job.id, timeout=30).state == "SUCCEEDED"


def test_a_retry_is_not_stuck_after_a_restart(
    open_lab: OpenLab, book: Path, jump: Jump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "_BACKOFF", (60.0,))
    jump(YEAR)
    lab = open_lab()
    job = lab.submit(one(fails_once, book=str(book)), {})
    until(lambda: lab.job(job.id).attempt == 2)
    lab.close()
    jump(-YEAR)  # the retry now seems to be due in a year
    monkeypatch.setattr(endings, "_BACKOFF", (0.02,))
    assert open_lab().wait(job.id, timeout=30).state == "SUCCEEDED"


@pytest.mark.parametrize("seconds", [-YEAR, YEAR])
def test_jobs_keep_their_order(open_lab: OpenLab, tmp_path: Path, jump: Jump, seconds: float) -> None:
    lab, go = open_lab(cpu_slots=1), tmp_path / "go"
    busy = lab.submit(one(held, book=str(tmp_path / "busy"), go=str(go)), {})
    until((tmp_path / "busy").exists)
    waiting = []
    for number in range(4):
        waiting.append(lab.submit(one(quick, number=number), {}).id)
        jump(seconds)
    assert [job.id for job in lab.jobs()] == [*reversed(waiting), busy.id]
    go.touch()
    assert [lab.wait(job, timeout=30).state for job in waiting] == ["SUCCEEDED"] * 4
    entries = {job: lab.history(job) for job in waiting}
    begun = {job: next(e["sequence"] for e in entries[job] if e["action"] == "job.running") for job in waiting}
    assert sorted(waiting, key=lambda job: begun[job]) == waiting


@pytest.mark.parametrize("seconds", [-YEAR, YEAR])
def test_the_time_left_stays_sane(lab: Lab, book: Path, tmp_path: Path, jump: Jump, seconds: float) -> None:
    job = lab.submit(one(counting, book=str(book), go=str(tmp_path / "go")), {})
    until(book.exists)
    jump(seconds)
    until(lambda: lab.job(job.id).eta is not None)
    left = lab.job(job.id).eta
    assert left is not None and 0 <= left < 60
    (tmp_path / "go").touch()
    assert lab.wait(job.id, timeout=30).state == "SUCCEEDED"
