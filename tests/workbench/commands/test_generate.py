"""``generate``: pictures with their seeds and scores, in a folder and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from blocks.provenance import read_recipe
from pipelines import Lab, Settings
from tests.blocks.models._tiny import build
from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]
SMALL = ("--steps", 2, "--width", 32, "--height", 32, "--model", "tiny")


@pytest.fixture(scope="module", autouse=True)
def tiny(home: Path) -> Iterator[None]:
    """A model that draws nonsense quickly, in a lab that is open meanwhile: commands go through its door."""
    build("pocket", home / "models" / "tiny")
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=0)) as lab:
        lab.approve_model("tiny")
        lab.create_character("Mara", fields={"positive": "freckles"})
        yield


def test_pictures_from_words_with_a_seed_each(run: Run, tmp_path: Path) -> None:
    said = run("generate", "--prompt", "red coat", "--count", 2, "--seed", 5, *SMALL, "--out", tmp_path, "--json")
    assert said.code == 0
    takes = said.json["takes"]
    assert [(take["seed"], take["score"]) for take in takes] == [(5, None), (6, None)]
    for take in takes:
        with Image.open(take["file"]) as picture:
            assert picture.size == (32, 32)
        recipe = read_recipe(Path(take["file"]))
        assert recipe is not None and recipe["settings"]["seed"] == take["seed"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take-5.png", "take-6.png"]
    assert "not scored" in said.err


def test_the_same_again_gives_the_same_files(run: Run, tmp_path: Path) -> None:
    words = ("generate", "--prompt", "red coat", "--seed", 5, *SMALL, "--out", tmp_path, "--json")
    first, second = (run(*words).json["takes"][0] for _ in range(2))
    assert first["file"] == second["file"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_characters_words_join_the_prompt(run: Run, tmp_path: Path) -> None:
    words = ("generate", "--character", "mara", "--prompt", "coat", "--seed", 1, *SMALL, "--out", tmp_path, "--json")
    recipe = read_recipe(Path(run(*words).json["takes"][0]["file"]))
    assert recipe is not None and recipe["settings"]["prompt"] == "coat, freckles"


def test_what_cannot_be_drawn_is_said(run: Run, tmp_path: Path) -> None:
    for words, message in (
        (("--model", "gone"), "no model 'gone'"),
        (("--model", "tiny", "--count", 0), "1 to 64"),
        (("--character", "gone"), "no character 'gone'"),
        (("--actor", tmp_path / "no.mp4"), "no.mp4"),
        (("--actor", tmp_path), "no pictures or clips"),
    ):
        said = run("generate", *words, "--out", tmp_path)
        assert said.code == 1
        assert message in said.err


def test_a_job_that_fails_is_told_and_the_command_fails(run: Run, tmp_path: Path) -> None:
    said = run("generate", "--seed", 1, "--model", "tiny", "--width", 33, "--out", tmp_path, "--json")
    assert said.code == 1
    assert said.json["takes"] == [] and "33" in said.json["errors"][0]["error"]
