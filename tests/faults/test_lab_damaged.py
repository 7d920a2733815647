"""A damaged file is noticed before anything is made of it: what a step made is made again, an upload is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from daggr import FnNode, Graph

from data.records import FileRef
from pipelines import Lab

Damage = Callable[[Path], None]


def change(path: Path) -> None:
    """One bit, and nothing else."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def lose(path: Path) -> None:
    path.unlink()


damages = pytest.mark.parametrize("damage", [change, cut, lose])


def make(book: str, *, scratch: Path) -> Path:
    with Path(book).open("a") as file:
        file.write("made\n")
    (scratch / "made.txt").write_text("what was made " * 100)
    return scratch / "made.txt"


def use(file: Path, number: int) -> str:
    return f"{number} {file.read_text()}"


def chain(book: Path) -> Graph:
    made = FnNode(make, name="make", inputs={"book": str(book)}, outputs={"file": None})
    used = FnNode(use, name="use", inputs={"file": made.file, "number": 1}, outputs={"text": None})
    return Graph("Make and use", nodes=[used])


def of_upload() -> Graph:
    return Graph("Use", nodes=[FnNode(use, name="use", inputs={"file": "", "number": 1}, outputs={"text": None})])


def place(lab: Lab, file: FileRef) -> Path:
    return Path(lab.media(file.digest).path)


@damages
def test_what_a_step_made_is_made_again(lab: Lab, book: Path, damage: Damage) -> None:
    before = lab.run(chain(book))
    file = before["make"].outputs["file"]
    damage(place(lab, file))
    after = before.rerun("use", number=2)
    assert after.outputs["text"] == "2 " + "what was made " * 100
    assert after["make"].outputs["file"] == file
    assert book.read_text() == "made\n" * 2
    assert place(lab, file).read_text() == "what was made " * 100


@pytest.mark.parametrize("damage", [cut, lose])
def test_a_result_that_is_asked_for_again_is_made_again(lab: Lab, book: Path, damage: Damage) -> None:
    made = FnNode(make, name="make", inputs={"book": str(book)}, outputs={"file": None})
    file = lab.run(Graph("Make", nodes=[made])).outputs["file"]
    damage(place(lab, file))
    again = lab.run(Graph("Make", nodes=[made]))
    assert again.outputs["file"] == file
    assert place(lab, file).read_text() == "what was made " * 100


@damages
def test_an_upload_is_asked_for_again(lab: Lab, tmp_path: Path, damage: Damage) -> None:
    original = tmp_path / "holiday.txt"
    original.write_text("by the sea")
    upload = lab.import_file(original)
    damage(place(lab, upload))
    job = lab.wait(lab.submit(of_upload(), {"use.file": upload}).id, timeout=30)
    assert job.state == "FAILED"
    assert "holiday.txt" in (job.error or "") and "bring the file in again" in (job.error or "")
    assert lab.import_file(original) == upload
    assert lab.wait(lab.retry(job.id).id, timeout=30).state == "SUCCEEDED"
    assert lab.result(job.id) == {"text": "1 by the sea"}
