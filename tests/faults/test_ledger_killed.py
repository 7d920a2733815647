"""Killed between a step's end and its take, or short of space just then, the lab has every take once."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from daggr import FnNode, Graph

from pipelines import Lab
from pipelines.recording import leaves
from pipelines.settings import Settings

ROOT = Path(__file__).parents[2]
OpenLab = Callable[..., Lab]

CHAIN = '''
"""A picture that is drawn once, and looked at."""
import os
from pathlib import Path

def draw(book: str, *, scratch: Path) -> dict:
    file = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, b"drawn\\n")
    (scratch / "picture.png").write_text("a picture")
    face = [1.0] + [0.0] * 511
    score = {"scorable": True, "raw": 0.5, "calibrated": 0.9, "passed": True, "gate": 0.85, "embedder": "e"}
    return {"picture": scratch / "picture.png", "facts": {"seed": 7}, "score": {**score, "embedding": face}}

def look(take: dict) -> int:
    return take["facts"]["seed"]

def build():
    from daggr import FnNode, Graph
    drawn = FnNode(draw, name="draw", inputs={"book": ""}, outputs={"take": None})
    return Graph("Draw once", nodes=[FnNode(look, name="look", inputs={"take": drawn.take}, outputs={"seed": None})])
'''

LIFE = """
    import os, signal, sys
    from pathlib import Path
    from data import jobs
    from pipelines import owner, recording
    from pipelines.settings import Settings

    home, moment = Path(sys.argv[1]), sys.argv[2]

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def dying(*given):
        change = recording.leaves(*given)
        return change and {"before the take": die, "inside its change": lambda c: die(change(c))}[moment]

    move = jobs.move
    def told(connection, job, to, **facts):
        return die() if to == "SUCCEEDED" else move(connection, job, to, **facts)

    if moment == "after the take":
        jobs.move = told
    else:
        owner.leaves = dying
    lab = owner.OwnerLab(Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1))
    job = lab.submit("draw_once", {"draw.book": str(home / "book.txt")}, user="kim")
    (home / "job.txt").write_text(job.id)
    lab.wait(job.id)
"""


@pytest.mark.parametrize("moment", ["before the take", "inside its change", "after the take"])
def test_a_take_is_there_once_whenever_the_owner_is_killed(tmp_path: Path, moment: str) -> None:
    home = tmp_path / "home"
    (home / "pipelines").mkdir(parents=True)
    (home / "pipelines" / "draw_once.py").write_text(CHAIN)
    life = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIFE), str(home), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=150,
    )
    assert life.returncode == -signal.SIGKILL
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as lab:
        job = (home / "job.txt").read_text()
        assert lab.wait(job, timeout=120).state == "SUCCEEDED"
        [take] = lab.takes(job=job)
        assert (take.seed, take.who) == (7, "kim")
        assert take.score is not None and take.score["raw"] == 0.5
        assert len(lab.nearest_faces([1.0] + [0.0] * 511, embedder="e")) == 1
        assert len([one for one in lab.audit(1000) if one.action == "take.record"]) == 1
    assert (home / "book.txt").read_text().count("drawn") <= 2  # once, or its result was lost with the take


@pytest.fixture
def limit() -> Iterator[Callable[[int | None], None]]:
    """Let no file of this process grow beyond so many bytes, or again any."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def set_limit(most: int | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before[0] if most is None else most, before[1]))

    yield set_limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def drawn(book: str, go: str, *, scratch: Path) -> dict[str, Any]:
    Path(book).touch()
    while not Path(go).exists():
        time.sleep(0.005)
    (scratch / "picture.png").write_text("a picture")
    return {"picture": scratch / "picture.png", "facts": {"seed": 7, "prompt": "x" * 60_000}}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_take_that_finds_no_space_is_recorded_when_there_is_some(
    open_lab: OpenLab, book: Path, tmp_path: Path, limit: Callable[[int | None], None]
) -> None:
    lab, go = open_lab(warm=1), tmp_path / "go"
    node = FnNode(drawn, name="draw", inputs={"book": str(book), "go": str(go)}, outputs={"take": None})
    job = lab.submit(Graph("Draw", nodes=[node]), {})
    until(book.exists)
    until(lambda: lab.job(job.id).started_at is not None)
    limit((lab.home / "lab.duckdb.wal").stat().st_size + 1000)
    notes: list[str] = []
    watcher = threading.Thread(
        target=lab.wait, args=(job.id, 150), kwargs={"on_change": lambda j: notes.append(j.note)}
    )
    watcher.start()
    go.touch()
    until(lambda: any("Waits for the lab's memory" in note for note in notes))
    assert lab.takes() == []
    limit(None)
    watcher.join()
    assert lab.job(job.id).state == "SUCCEEDED"
    assert [take.seed for take in lab.takes(job=job.id)] == [7]


def test_only_the_takes_change_failing_still_holds_the_job_back(
    open_lab: OpenLab, monkeypatch: Any, book: Path
) -> None:
    """Its result is written, its take is not: the job must not be told finished before both are."""
    failures = [0]

    def failing(*given: Any) -> Any:
        change = leaves(*given)
        if change is None or failures[0] >= 2:
            return change
        failures[0] += 1

        def refused(connection: Any) -> None:
            connection.execute("SELECT * FROM a_table_that_is_not_there")

        return refused

    monkeypatch.setattr("pipelines.owner.leaves", failing)
    lab = open_lab()
    go = book.with_name("go")
    go.touch()
    node = FnNode(drawn, name="draw", inputs={"book": str(book), "go": str(go)}, outputs={"take": None})
    job = lab.wait(lab.submit(Graph("Draw", nodes=[node]), {}).id, timeout=120)
    assert (job.state, failures[0]) == ("SUCCEEDED", 2)
    assert [take.seed for take in lab.takes(job=job.id)] == [7]
    assert job.attempt == 3
