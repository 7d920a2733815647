"""Killed at any moment, owner or worker, the lab loses nothing it acknowledged, does nothing of that twice, and
leaves no half file, no process and no scratch behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.blobs import Blobs
from data.records import FINAL, FileRef
from data.store import Store
from pipelines import Lab, Settings
from pipelines.engine import endings
from tests.faults._lives import CHAIN, inputs_of

ROOT = Path(__file__).parents[2]
KILLS = 1000 if "LAB_SOAK" in os.environ else 25

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2 * 3600)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "pipelines").mkdir(parents=True)
    (home / "pipelines" / "three_files.py").write_text(CHAIN.lstrip())
    with Lab.open(settings=Settings(home=home, gpu_slots=0, warm=0)) as lab:
        lab.pipeline("three_files")  # compiled once, and kept
    return home


@pytest.fixture
def be_born(home: Path) -> Iterator[Callable[[int], int]]:
    """Starts an owner; its process id."""
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.faults._lives", str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert nursery.stdin is not None and nursery.stdout is not None
    lines, answers = nursery.stdin, nursery.stdout

    def born(life: int) -> int:
        lines.write(f"{life}\n")
        lines.flush()
        return int(answers.readline())

    yield born
    lines.close()
    nursery.wait(10)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def workers_of(owner: int) -> list[int]:
    """Worker processes that were started by an owner: it is their last argument."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"pipelines.engine.worker" in arguments and arguments[-2] == str(owner).encode():
            found.append(int(entry.parent.name))
    return found


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def lines_of(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def is_whole(home: Path) -> None:
    """No half file and no fact without its file; opening has verified the audit chain."""
    blobs = Blobs(home / "blobs")
    with Store.open(home) as store:
        rows = {row["digest"] for row in store.read("SELECT digest FROM blobs")}
    for digest in blobs.digests():
        blobs.verify(digest)
    assert rows <= set(blobs.digests())
    assert list((home / "blobs" / ".new").iterdir()) == []
    assert list((home / "scratch").iterdir()) == []


def text_of(lab: Lab, job: str, number: str) -> None:
    """A job's file holds what its three steps wrote."""
    file = lab.result(job)["text"]
    assert isinstance(file, FileRef)
    assert Path(lab.media(file.digest).path).read_text() == f"{number} first " * 500 + f"{number} two {number} three "


def test_kills_of_the_owner(home: Path, be_born: Callable[[int], int]) -> None:
    moments = random.Random(KILLS)
    said = home / "said.txt"
    said.touch()
    for life in range(KILLS):
        before = len(lines_of(said))
        pid = be_born(life)
        if life % 5:  # every fifth dies anywhere in its opening, the others at work
            assert until(lambda: len(lines_of(said)) > before + 1), "the lab did not take work again"  # noqa: B023
        time.sleep(moments.uniform(0.0, 0.25))
        workers = workers_of(pid)
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: not alive(pid)), "the owner is still there"  # noqa: B023
        assert until(lambda: not any(map(alive, workers)) and not workers_of(pid)), "a worker outlived its owner"  # noqa: B023

    acknowledged = {job for word, _, job in lines_of(said) if word == "submitted"}
    ended = {job: int(life) for word, life, job in lines_of(said) if word in FINAL}
    assert len(acknowledged) >= KILLS // 2  # else the kills met no work
    with Lab.open(settings=Settings(home=home, cpu_slots=2, gpu_slots=0)) as lab:
        jobs = {job.id: job for job in lab.jobs(limit=100_000)}
        assert acknowledged <= set(jobs)
        assert {lab.wait(job, timeout=600).state for job in jobs} == {"SUCCEEDED"}
        numbers = {job: str(info.inputs["one.number"]) for job, info in jobs.items()}
        for job, number in numbers.items():
            text_of(lab, job, number)
            assert [s.state for s in lab.steps(job) if s.state not in ("done", "reused")] == []
    assert len([job for job, info in jobs.items() if info.attempt > 1]) > 0  # some were killed while they ran
    runs_after_the_end = [
        (life, number)
        for life, number, _ in lines_of(home / "book.txt")
        for job in ended
        if numbers[job] == number and int(life) > ended[job]
    ]
    assert runs_after_the_end == []
    is_whole(home)


def test_kills_of_a_worker(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endings, "_BACKOFF", (0.02,))
    moments = random.Random(KILLS)
    settings = Settings(home=home, cpu_slots=2, gpu_slots=0, warm=2, max_attempts=100)
    jobs: dict[str, str] = {}
    with Lab.open(settings=settings) as lab:
        for kill in range(KILLS):
            for n in range(3):
                number = f"{kill}-{n}"
                jobs[lab.submit("three_files", inputs_of(home, number)).id] = number
            assert until(lambda: len(workers_of(os.getpid())) > 0), "no worker was started again"
            time.sleep(moments.uniform(0.0, 0.12))
            victims = workers_of(os.getpid())
            if victims:
                os.kill(moments.choice(victims), signal.SIGKILL)
        states = Counter(lab.wait(job, timeout=120).state for job in jobs)
        assert states == {"SUCCEEDED": len(jobs)}
        for job, number in jobs.items():
            text_of(lab, job, number)
        assert any(lab.job(job).attempt > 1 for job in jobs)  # else the kills met no work
        workers = workers_of(os.getpid())
        assert len(workers) <= 2
    assert not any(map(alive, workers))
    runs = Counter((number, step) for _, number, step in lines_of(home / "book.txt"))
    assert max(runs.values()) <= 1 + KILLS
    assert sum(runs.values()) <= 3 * len(jobs) + KILLS  # a kill costs the one run it met, and no finished step
    is_whole(home)
