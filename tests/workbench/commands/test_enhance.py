"""``enhance``: a picture, a clip, a folder; done once, and never over the original."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from blocks.provenance import read_recipe
from tests.workbench.commands.conftest import SAMPLES, Said

Run = Callable[..., Said]
QUICK = ("--scale", 2, "--model", "realesr-animevideov3")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "small ünïcode.png"
    with Image.open(SAMPLES / "astronaut.png") as sample:
        sample.resize((48, 40)).save(path)
    return path


def test_a_picture_is_enlarged_and_the_last_line_says_how(run: Run, picture: Path, tmp_path: Path) -> None:
    said = run("enhance", picture, tmp_path / "large.png", *QUICK, "--json")
    assert said.code == 0
    assert said.json["files"] == [str(tmp_path / "large.png")]
    assert said.json["steps_run"] == 3
    with Image.open(tmp_path / "large.png") as result:
        assert result.size == (96, 80)


def test_the_file_says_how_it_was_made_and_nothing_of_this_machine(run: Run, picture: Path, tmp_path: Path) -> None:
    run("enhance", picture, tmp_path / "large.png", *QUICK)
    recipe = read_recipe(tmp_path / "large.png")
    assert recipe is not None
    upscale = next(step for step in recipe["steps"] if step["step"] == "upscale")
    assert upscale["inputs"]["scale"] == 2
    assert len(upscale["inputs"]["digest"]) == 64
    assert "ncnn" in recipe["software"]
    assert str(Path.home()) not in str(recipe) and "/tmp" not in str(recipe)


def test_the_same_again_runs_nothing(run: Run, picture: Path, tmp_path: Path) -> None:
    run("enhance", picture, tmp_path / "one.png", *QUICK)
    said = run("enhance", picture, tmp_path / "two.png", *QUICK, "--json")
    assert said.json["steps_run"] == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_sixty_frames_become_a_hundred_and_twenty(run: Run, tmp_path: Path) -> None:
    said = run(
        "enhance", SAMPLES / "camera-move.mp4", tmp_path / "smooth.mp4", "--fps", 120, "--preview", 0.5, "--json"
    )
    assert said.code == 0
    assert (said.json["frames"], said.json["fps"]) == (60, 120.0)
    with av.open(str(tmp_path / "smooth.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 60
        assert clip.streams.audio


def test_a_folder_is_a_batch_that_goes_on_where_it_stopped(run: Run, picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    shutil.copy(picture, folder / "a.png")
    Image.new("RGB", (20, 16), (90, 30, 60)).save(folder / "deeper" / "b.png")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbut no more")
    first = run("enhance", folder, tmp_path / "out", *QUICK, "--json")
    assert first.code == 1
    assert [Path(f).relative_to(tmp_path / "out").as_posix() for f in first.json["files"]] == [
        "a_x2.png",
        "deeper/b_x2.png",
    ]
    assert [Path(e["file"]).name for e in first.json["errors"]] == ["broken.png"]
    assert [Path(s["file"]).name for s in first.json["skipped"]] == ["notes.txt"]
    again = run("enhance", folder, tmp_path / "out", *QUICK, "--json")
    assert again.json["steps_run"] == 0
    assert again.json["files"] == first.json["files"]  # the same files are not written beside themselves


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("missing.png", "out.png", "no file or folder"),
        (SAMPLES / "astronaut.png", SAMPLES / "astronaut.png", "original stays"),
        (SAMPLES, SAMPLES / "astronaut.png", "need a folder"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, source: object, target: object, said: str) -> None:
    before = (SAMPLES / "astronaut.png").read_bytes()
    end = run("enhance", source, target)
    assert end.code == 1
    assert said in end.err
    assert (SAMPLES / "astronaut.png").read_bytes() == before


def test_an_unknown_model_names_those_that_are_here(run: Run, picture: Path, tmp_path: Path) -> None:
    end = run("enhance", picture, tmp_path / "x.png", "--model", "magic")
    assert end.code == 1
    assert "realesrgan-x4plus" in end.err


def test_faces_cannot_be_restored_without_a_model_and_it_says_how_to_get_one(
    run: Run, picture: Path, tmp_path: Path
) -> None:
    end = run("enhance", picture, tmp_path / "x.png", *QUICK, "--restore", "gfpgan")
    assert end.code == 1
    assert "GFPGANv1.4.pth" in end.err


@pytest.mark.parametrize(("answer", "started"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_long_work_is_asked_about_at_a_terminal(
    run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, started: bool
) -> None:
    at_a_terminal(monkeypatch, answer)
    said = run("enhance", picture, tmp_path / "large.png", *QUICK)
    assert "Start it? [y/N]" in said.err
    assert (tmp_path / "large.png").exists() is started
    assert ("Nothing was started." in said.err) is not started


def test_yes_is_an_answer_before_the_question(
    run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch, "")
    said = run("enhance", picture, tmp_path / "large.png", *QUICK, "--yes")
    assert said.code == 0
    assert "Start it?" not in said.err


def test_a_program_is_not_asked(run: Run, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CONFIRM_MINUTES", "0.000001")
    assert run("enhance", picture, tmp_path / "large.png", *QUICK).code == 0


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A person sits there and types, and everything is long to them."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    monkeypatch.setattr("workbench.commands._asking._at_a_terminal", lambda: True)
    monkeypatch.setenv("LAB_CONFIRM_MINUTES", "0.000001")
