"""``score``: who is who among drawn people, told for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.pocket.clip import render_clip
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from pipelines import Lab, Settings
from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]
ACTOR, STRANGER = 4_101, 4_102


@pytest.fixture(scope="module", autouse=True)
def lab(home: Path) -> Iterator[None]:
    """A lab that is open meanwhile: commands go through its door."""
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=0)):
        yield


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Pictures of two people, and one of nobody."""
    folder, random = tmp_path_factory.mktemp("portraits"), np.random.default_rng(8)
    found: dict[str, list[Path]] = {}
    for name, seed in (("actor", ACTOR), ("stranger", STRANGER)):
        (folder / name).mkdir()
        for number in range(7):
            look = random_look(random, lighting="photostudio", view=("front", "half_left", "half_right")[number % 3])
            path = folder / name / f"{name}-{number}.png"
            Image.fromarray(draw_portrait(identity(seed), look, 192, seed=number).picture).save(path)
            found.setdefault(name, []).append(path)
    nobody = folder / "nobody.png"
    Image.fromarray(np.full((96, 96, 3), 90, np.uint8)).save(nobody)
    return found | {"nobody": [nobody]}


def test_the_same_person_scores_above_another_and_nobody_has_no_score(
    run: Run, portraits: dict[str, list[Path]]
) -> None:
    references, own = portraits["actor"][:4], portraits["actor"][4:]
    images = [*own, *portraits["stranger"][4:], *portraits["nobody"]]
    said = run("score", *images, "--reference", *references, "--json")
    assert said.code == 0
    scores = said.json["scores"]
    assert [score["file"] for score in scores] == [str(path) for path in images]
    mine, theirs, none = scores[:3], scores[3:6], scores[6]
    assert min(score["raw"] for score in mine) > max(score["raw"] for score in theirs)
    assert all(score["scorable"] and 0 <= score["calibrated"] <= 1 for score in mine + theirs)
    assert not any(score["passed"] for score in theirs)
    assert (none["scorable"], none["raw"], none["calibrated"], none["passed"]) == (False, None, None, None)
    assert said.json["references"]["count"] == 4
    assert "No face was found" in said.err


def test_references_may_be_a_clip_or_a_folder(run: Run, portraits: dict[str, list[Path]], tmp_path: Path) -> None:
    clip = render_clip(ACTOR, 2.0, tmp_path / "actor.mp4", fps=12)
    images = [portraits["actor"][0], portraits["stranger"][0]]
    for reference in (clip, portraits["actor"][0].parent):
        mine, theirs = run("score", *images, "--reference", reference, "--json").json["scores"]
        assert mine["raw"] > theirs["raw"]


def test_a_person_reads_it_in_words(run: Run, portraits: dict[str, list[Path]]) -> None:
    said = run("score", portraits["actor"][5], "--reference", *portraits["actor"][:4])
    assert said.code == 0
    assert "Person 0 of 1, 4 references." in said.out and "raw 0." in said.out


def test_what_cannot_be_scored_is_said(run: Run, portraits: dict[str, list[Path]], tmp_path: Path) -> None:
    picture = portraits["actor"][0]
    for words, message in (
        ((tmp_path / "gone.png", "--reference", picture), "gone.png"),
        ((picture, "--reference", tmp_path / "gone.mp4"), "gone.mp4"),
        ((picture, "--reference", portraits["nobody"][0]), "no face"),
        ((picture, "--reference", picture, "--pack", "buffalo_l"), "buffalo_l"),
        ((picture, "--reference", picture, "--threshold", 1.5), "1.5"),
        ((picture, "--reference", picture, "--identity", 7), "7"),
    ):
        said = run("score", *words)
        assert said.code == 1
        assert message in said.err
