"""How a run is shown and saved."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from daggr import FnNode, Graph
from PIL import Image

from blocks.errors import UnknownName
from data.records import FileRef
from pipelines.lab import Lab, Run
from pipelines.show import copy_to, files_in, run_html, safe_name, save_files


def paint(colour: str, *, scratch: Path) -> Path:
    Image.new("RGB", (4, 4), colour).save(scratch / "<b>painted.png")
    return scratch / "<b>painted.png"


def describe(picture: Path) -> list[str]:
    return [picture.name]


@pytest.fixture(scope="module")
def run(lab: Lab) -> Iterator[Run]:
    one = FnNode(paint, inputs={"colour": gr.Textbox("red")}, outputs={"picture": gr.Image()})
    two = FnNode(paint, name="again", inputs={"colour": "blue"}, outputs={"picture": gr.Image()})
    text = FnNode(describe, inputs={"picture": one.picture}, outputs={"text": None})
    yield lab.run(Graph("Paint <it>", nodes=[text, two]))


def test_a_run_shows_its_pictures_and_a_row_a_step_in_a_notebook(run: Run) -> None:
    page = run._repr_html_()
    assert page == run_html(run)
    assert page.count('src="data:image/png;base64,') == 1
    assert page.count("<tr><td>") == 3
    assert "Paint &lt;it&gt;" in page
    assert "<b>painted" not in page


def test_a_run_prints_what_it_is_and_not_all_it_holds(run: Run) -> None:
    assert run.job.id in repr(run)
    assert "StepInfo" not in repr(run)


def test_a_step_that_is_not_there_is_named_with_those_that_are(run: Run) -> None:
    with pytest.raises(UnknownName, match=r"no step 'nothing'; it has .*paint.*"):
        run["nothing"]


def test_saving_never_overwrites_and_writes_no_file_twice(run: Run, tmp_path: Path) -> None:
    first, again = (run.save(tmp_path)[0] for _ in range(2))
    assert first == again == tmp_path / "bpainted.png"
    first.write_bytes(b"mine now")
    assert [p.name for p in run.save(tmp_path)] == ["bpainted_2.png"]
    assert first.read_bytes() == b"mine now"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bpainted.png", "bpainted_2.png"]


def test_every_file_of_a_value_is_saved_under_its_own_name(lab: Lab, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    refs = [lab.import_file(tmp_path / n, name) for n, name in (("a.txt", "same.txt"), ("b.txt", "same.txt"))]
    saved = save_files(lab, {"x": [refs[0]], "y": (1, {"z": refs[1]})}, tmp_path / "new" / "folder")
    assert [(p.name, p.read_text()) for p in saved] == [("same.txt", "a.txt"), ("same_2.txt", "b.txt")]


def test_a_copy_that_fails_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    missing = FileRef("0" * 64, "gone.png", "image/png", 5)
    with pytest.raises(UnknownName):
        copy_to(lab, missing, tmp_path / "gone.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plain.png", "plain.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "file"),
        ("", "file"),
        (" . ", "file"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ('a<b>:"c|?*.png', "abc.png"),
        ("a\0\nb.png", "ab.png"),
        ("übung 1.png", "übung 1.png"),
        ("\u202egnp.exe", "gnp.exe"),
    ],
)
def test_a_name_is_made_safe_for_any_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("letter", ["x", "ü"])
def test_a_name_of_any_length_can_be_written(lab: Lab, tmp_path: Path, letter: str) -> None:
    (tmp_path / "a.png").write_text(letter)
    ref = lab.import_file(tmp_path / "a.png", letter * 1000 + ".png")
    saved = save_files(lab, ref, tmp_path / "out")[0]
    assert (saved.suffix, saved.read_text()) == (".png", letter)


def test_files_are_found_wherever_they_stand() -> None:
    ref = FileRef("0" * 64, "a", "b", 1)
    assert list(files_in([ref, (ref, {"x": ref}), "text", 1, None])) == [ref] * 3


def test_a_large_picture_is_named_and_not_carried(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.show._INLINE", 10)
    page = run_html(run)
    assert "data:image" not in page
    assert "MB, at" in page


def test_progress_is_drawn_where_there_is_a_terminal(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    job = lab.submit(Graph("Painting slowly", nodes=[FnNode(paint, inputs={"colour": "green"})]), {})
    assert lab.run_of(job).job.state == "SUCCEEDED"
    assert "Painting slowly" in screen.getvalue()
