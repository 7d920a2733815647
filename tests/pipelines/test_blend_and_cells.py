"""A cell of a grid becomes its picture, with the lab's own models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from data.records import TakeInfo
from pipelines.lab import Lab
from pipelines.settings import Settings

QUICK = {"steps": 2, "prompt": "red coat, happy"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("blending") / "home"
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, Any], Path]]:
    """Two actors: references and a picture each."""
    folder, reader, found = tmp_path_factory.mktemp("cast"), open_faces(threads=1), []
    for seed in (900_011, 900_012):
        members = []
        for view in ("front", "half_left"):
            pixels = draw_portrait(identity(seed), Look(view=view, outfit="suit", outfit_colour="green")).picture
            path = folder / f"{seed}-{view}.png"
            cv2.imwrite(str(path), pixels[..., ::-1])
            [face] = reader.find(pixels)
            second = reader.second_embedding(pixels, face)
            members.append({"file": path.name, "view": view, "embedding": face.embedding, "second": second})
        references = make_references(members, embedder=reader.embedder, domain="pocket", second_embedder=reader.second)
        found.append((references, folder / f"{seed}-front.png"))
    return found


def _take(lab: Lab, pipeline: str, inputs: dict[str, Any], **more: Any) -> TakeInfo:
    job = lab.wait(lab.submit(pipeline, inputs, **more).id)
    assert job.state == "SUCCEEDED", job.error
    [take] = lab.takes(job=job.id)
    return take


@pytest.fixture(scope="module")
def character(cast: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("set") / "references.json"
    file.write_text(json.dumps(cast[0][0]))
    return {"file": file, "pictures": [cast[0][1]]}


def test_a_cell_is_a_scored_take_under_its_key(lab: Lab, character: dict[str, Any]) -> None:
    options: dict[str, Any] = {"take": {"character": None, "parents": [], "label": "expression_happy"}}
    take = _take(lab, "variation_cell", {**QUICK, **character, "prompt": "happy, front view"}, options=options)
    assert take.label == "expression_happy"
    assert take.score is not None and take.score["gate"] == 0.85
    assert "control_scale" not in take.settings


def test_a_pose_is_held_by_the_labs_own_control_net(lab: Lab, character: dict[str, Any]) -> None:
    asked = {**QUICK, **character, "prompt": "standing", "pose": "standing", "width": 128, "height": 256}
    job = lab.wait(lab.submit("variation_cell", asked).id)
    assert job.state == "SUCCEEDED", job.error
    steps = {step.name: step for step in lab.steps(job.id)}
    assert steps["pose"].outputs["control"] == "pocket-pose"
    assert steps["pose"].outputs["picture"].media_type == "image/png"
    [take] = lab.takes(job=job.id)
    assert take.settings["control_scale"] == 1


def test_a_cell_that_shows_no_face_is_not_scored(lab: Lab, character: dict[str, Any]) -> None:
    take = _take(lab, "variation_cell", {**QUICK, **character, "prompt": "back view, standing"})
    assert take.score is not None and not take.score["scorable"] and take.score["passed"] is None
