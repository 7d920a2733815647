"""A full disk stops no lab for good: it says so, loses nothing it acknowledged, and goes on when there is space."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from daggr import FnNode, Graph

from blocks.errors import DiskFull
from pipelines import Lab

OpenLab = Callable[..., Lab]
Limit = Callable[[int | None], None]
FILES = resource.RLIMIT_FSIZE


@pytest.fixture
def limit() -> Iterator[Limit]:
    """Let no file of this process grow beyond so many bytes, or again any: a full disk that every machine has."""
    before = resource.getrlimit(FILES)

    def set_limit(most: int | None) -> None:
        resource.setrlimit(FILES, (before[0] if most is None else most, before[1]))

    yield set_limit
    resource.setrlimit(FILES, before)


def fill(space: str, *, scratch: Path) -> Path:
    """Writes 200 kB on a disk that has so much space as the file says."""
    before = resource.getrlimit(FILES)
    resource.setrlimit(FILES, (int(Path(space).read_text()), before[1]))
    try:
        (scratch / "big.bin").write_bytes(bytes(200_000))
    finally:
        resource.setrlimit(FILES, before)
    return scratch / "big.bin"


def talk(book: str, go: str, number: int) -> str:
    """Notes that it runs, waits for the word to go on, and gives a text that takes some space in the database."""
    with Path(book).open("a") as file:
        file.write(f"{number}\n")
    while not Path(go).exists():
        time.sleep(0.005)
    return "".join(chr(33 + (number * 7919 + n * n) % 90) for n in range(60_000))


def talking(book: Path, go: Path, number: int) -> Graph:
    node = FnNode(
        talk, name="talk", inputs={"book": str(book), "go": str(go), "number": number}, outputs={"text": None}
    )
    return Graph("Talk", nodes=[node])


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_step_that_fills_the_disk_fails_clearly_and_can_be_tried_again(lab: Lab, tmp_path: Path) -> None:
    space = tmp_path / "space"
    space.write_text("100000")
    node = FnNode(fill, name="fill", inputs={"space": str(space)}, outputs={"file": None})
    job = lab.wait(lab.submit(Graph("Fill", nodes=[node]), {}).id, timeout=30)
    assert job.state == "FAILED"
    assert "No space is left" in (job.error or "") and "try again" in (job.error or "")
    assert list((lab.home / "scratch").iterdir()) == []
    space.write_text("1000000")
    assert lab.wait(lab.retry(job.id).id, timeout=30).state == "SUCCEEDED"
    assert lab.result(job.id)["file"].size == 200_000


def test_a_submission_that_cannot_be_recorded_is_refused_and_nothing_of_it_runs(
    lab: Lab, book: Path, tmp_path: Path, limit: Limit
) -> None:
    go = tmp_path / "go"
    go.touch()
    lab.run(talking(book, go, 0))
    limit(1)
    with pytest.raises(DiskFull, match="Free some space"):
        lab.submit(talking(book, go, 1), {})
    limit(None)
    assert lab.run(talking(book, go, 2)).job.state == "SUCCEEDED"
    assert [job.state for job in lab.jobs()] == ["SUCCEEDED", "SUCCEEDED"]


def test_a_job_whose_facts_cannot_be_written_waits_says_why_and_goes_on(
    open_lab: OpenLab, book: Path, tmp_path: Path, limit: Limit
) -> None:
    lab, go = open_lab(warm=2), tmp_path / "go"
    job = lab.submit(talking(book, go, 1), {})
    until(book.exists)
    until(lambda: lab.job(job.id).started_at is not None)
    limit((lab.home / "lab.duckdb.wal").stat().st_size + 1000)
    notes: list[str] = []
    watcher = threading.Thread(target=lab.wait, args=(job.id, 60), kwargs={"on_change": lambda j: notes.append(j.note)})
    watcher.start()
    go.touch()
    until(lambda: any("Waits for the lab's memory" in note and "Free some space" in note for note in notes))
    limit(None)
    watcher.join()
    ended = lab.job(job.id)
    assert (ended.state, len(lab.result(job.id)["text"])) == ("SUCCEEDED", 60_000)
    assert lab.run(talking(book, go, 2)).job.state == "SUCCEEDED"


def test_a_job_that_waits_for_space_can_be_stopped(open_lab: OpenLab, book: Path, tmp_path: Path, limit: Limit) -> None:
    lab, go = open_lab(warm=2), tmp_path / "go"
    job = lab.submit(talking(book, go, 1), {})
    until(book.exists)
    until(lambda: lab.job(job.id).started_at is not None)
    limit((lab.home / "lab.duckdb.wal").stat().st_size + 1000)
    go.touch()
    until(lambda: "Waits for the lab's memory" in lab.job(job.id).note)
    lab.cancel(job.id)
    limit(None)
    assert lab.wait(job.id, timeout=30).state == "CANCELLED"


def test_a_lab_that_closes_on_a_full_disk_goes_on_when_it_is_opened_again(
    open_lab: OpenLab, book: Path, tmp_path: Path, limit: Limit
) -> None:
    lab, go = open_lab(warm=2), tmp_path / "go"
    job = lab.submit(talking(book, go, 1), {})
    until(book.exists)
    until(lambda: lab.job(job.id).started_at is not None)
    limit((lab.home / "lab.duckdb.wal").stat().st_size + 1000)
    go.touch()
    until(lambda: "Waits for the lab's memory" in lab.job(job.id).note)
    lab.close()
    limit(None)
    lab = open_lab()
    assert lab.wait(job.id, timeout=30).state == "SUCCEEDED"
    assert len(lab.result(job.id)["text"]) == 60_000
