"""``jobs``, ``runs``, ``clean``, ``doctor`` and ``start``: looking at the lab, and its first minute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.workbench.commands.conftest import Said
from workbench.commands import start

Run = Callable[..., Said]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "tile.png"
    Image.linear_gradient("L").resize((32, 24)).convert("RGB").save(path)
    return path


@pytest.fixture
def job(run: Run, picture: Path, tmp_path: Path) -> str:
    said = run("enhance", picture, tmp_path / "out.png", "--scale", 2, "--model", "realesr-animevideov3", "--json")
    return str(said.json["jobs"][0])


def test_an_empty_lab_says_what_to_do(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "new"))
    assert "Start one" in run("jobs").out
    assert "Start one" in run("runs").out


def test_a_job_is_listed_and_shown_with_its_steps(run: Run, job: str) -> None:
    assert job in run("jobs").out
    shown = run("jobs", "show", job)
    assert "SUCCEEDED" in shown.out and "upscale" in shown.out
    steps = {step["name"]: step for step in run("jobs", "show", job, "--json").json["steps"]}
    assert steps["upscale"]["outputs"]["picture"]["media_type"] == "image/png"


def test_every_transition_is_told_with_who(run: Run, job: str) -> None:
    history = run("jobs", "history", job, "--json").json
    assert [(entry["action"], entry["who"]) for entry in history] == [
        ("job.submit", "admin"),
        ("job.running", "admin"),
        ("job.succeeded", "lab"),
    ]


def test_a_finished_job_cannot_be_tried_again(run: Run, job: str) -> None:
    end = run("jobs", "retry", job)
    assert end.code == 1
    assert "only a failed or cancelled job" in end.err


def test_a_job_that_does_not_exist_is_said_so(run: Run) -> None:
    end = run("jobs", "show", "nobody")
    assert end.code == 1
    assert "no job nobody" in end.err


def test_a_step_is_run_again_with_a_change(run: Run, job: str, tmp_path: Path) -> None:
    said = run("runs", "rerun", job, "upscale", "scale=3", "--json")
    assert said.code == 0
    saved = run("runs", "save", said.json["job"]["id"], "--out", tmp_path, "--json").json["files"]
    with Image.open(saved[0]) as result:
        assert result.size == (96, 72)


def test_a_change_that_is_none_is_said_so(run: Run, job: str) -> None:
    assert "PORT=VALUE" in run("runs", "rerun", job, "upscale", "scale").err


def test_cleaning_shows_before_it_does_and_can_be_taken_back(run: Run, job: str, home: Path) -> None:
    planned = run("clean", "--json").json
    assert planned["files"] > 0
    assert run("clean", "--yes", "--json").json["files"] == planned["files"]
    assert run("clean", "--json").json["files"] == 0
    assert run("clean", "--undo", "--json").json["files"] == planned["files"]
    assert run("clean", "--json").json["files"] == planned["files"]


def test_what_was_cleaned_is_made_again(run: Run, job: str, picture: Path, tmp_path: Path) -> None:
    run("clean", "--yes")
    run("clean", "--empty-trash")
    said = run("runs", "rerun", job, "upscale", "scale=2", "--json")
    assert said.code == 0


def test_the_doctor_names_what_is_here_and_how_to_get_the_rest(run: Run, home: Path) -> None:
    found = run("doctor", "--json").json
    models = {model["name"]: model for model in found["models"]}
    assert models["realesrgan-x4plus"]["present"]
    missing = [model for model in found["models"] if not model["present"]]
    assert missing and all(model["get"] for model in missing)
    assert found["missing"] == []
    assert "GFPGAN" in run("doctor").out


def test_a_headless_start_does_the_sample_and_says_where_it_lies(
    run: Run, home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(lab: Any) -> int:  # the real sample takes a minute; this one takes a second
        job = lab.submit("enhance_picture", {"picture": picture, "scale": 2, "model": "realesr-animevideov3"})
        return 0 if start._finish(lab, job) else 1

    monkeypatch.setattr(start, "_sample", quick)
    said = run("start", "--headless")
    assert said.code == 0
    assert str(home / "samples" / "tile_x2.png") in said.out
    assert (home / "samples" / "tile_x2.png").is_file()
