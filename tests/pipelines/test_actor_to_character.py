"""From a clip of an actor to scored takes of that person, with the lab's own models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.pocket.clip import render_clip
from blocks.provenance import read_recipe
from data.records import JobInfo
from pipelines.lab import Lab
from pipelines.settings import Settings

QUICK = {"steps": 2, "max_iterations": 2, "prompt": "red coat, happy"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_clip(900_001, 2, tmp_path_factory.mktemp("clip") / "actor.mp4", fps=8, flaws=False)


@pytest.fixture(scope="module")
def casting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("casting") / "home"
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as lab:
        yield lab


@pytest.fixture(scope="module")
def drawn(casting: Lab, clip: Path) -> JobInfo:
    """A picture of the actor."""
    [job] = casting.generate(actor=[clip], seed=3, **QUICK)  # type: ignore[arg-type]
    done = casting.wait(job.id)
    assert done.state == "SUCCEEDED", done.error
    return done


def test_an_actors_clip_becomes_scored_takes(casting: Lab, drawn: JobInfo) -> None:
    takes = casting.takes(job=drawn.id)
    assert 1 <= len(takes) <= 2
    for take in takes:
        assert take.score is not None
        assert (take.score["raw"] is None) == (not take.score["scorable"])
        assert take.settings["references"] == "faceid"
        recipe = read_recipe(Path(casting.media(take.picture.digest).path))
        assert recipe is not None
        assert recipe["settings"]["digest"] == take.settings["digest"]
        assert {"people", "actor", "draw_1"} <= {step["step"] for step in recipe["steps"]}
        assert str(Path.home()) not in str(recipe) and "/tmp" not in str(recipe)


def test_the_references_that_it_was_scored_against_are_kept(casting: Lab, drawn: JobInfo) -> None:
    [take] = casting.takes(job=drawn.id, limit=1)
    assert take.score is not None
    known = casting.references(take.score["references"])
    assert known["embedder"] == take.score["embedder"]
    assert len(known["pictures"]) == len(known["members"]) == known["count"]


def test_another_picture_reads_the_frames_no_second_time(casting: Lab, drawn: JobInfo, clip: Path) -> None:
    [job] = casting.generate(actor=[clip], seed=4, **QUICK)  # type: ignore[arg-type]
    casting.wait(job.id)
    states = {step.name: step.state for step in casting.steps(job.id)}
    assert (states["people"], states["actor"], states["draw_1"]) == ("reused", "reused", "done")


def test_a_character_is_drawn_again_by_the_same_references(casting: Lab, drawn: JobInfo) -> None:
    steps = {step.name: step for step in casting.steps(drawn.id)}
    actor = steps["actor"].outputs
    mara = casting.create_character("Mara", references=actor["references"], reference_files=actor["pictures"])
    [job] = casting.generate(character=mara.slug, seed=5, **QUICK)  # type: ignore[arg-type]
    assert (job.pipeline, casting.wait(job.id).state) == ("draw_character", "SUCCEEDED")
    takes = casting.takes(character=mara.id)
    assert takes and {take.score["references"] for take in takes if take.score} == {actor["references"]["digest"]}
    assert casting.character("mara").take_count == len(takes) == len(casting.score_history("mara"))


def test_a_person_who_is_not_there_cannot_be_picked(casting: Lab, clip: Path) -> None:
    [job] = casting.generate(actor=[clip], identity=7, seed=3, **QUICK)  # type: ignore[arg-type]
    done = casting.wait(job.id)
    assert done.state == "FAILED"
    assert "no person 7" in (done.error or "")
    assert casting.takes(job=job.id) == []
