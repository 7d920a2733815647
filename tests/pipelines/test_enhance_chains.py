"""The chains that enhance, as they are wired: what is given arrives where it belongs, and keys see what matters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.records import FileRef
from pipelines.lab import Lab

SAMPLES = Path(__file__).parents[2] / "workbench" / "samples"
SMALL = {"scale": 2, "model": "realesr-animevideov3"}


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "face.png"
    with Image.open(SAMPLES / "astronaut.png") as sample:
        sample.resize((40, 32)).save(path)
    return path


def test_every_input_arrives_whatever_the_order_it_is_given_in(lab: Lab, picture: Path) -> None:
    first = lab.run("enhance_picture", show=False, picture=picture, **SMALL)
    again = lab.run("enhance_picture", show=False, **dict(reversed(list({"picture": picture, **SMALL}.items()))))
    assert first.outputs == again.outputs
    assert first["upscale"].key == again["upscale"].key
    assert again["upscale"].state == "reused"


def test_the_weights_are_part_of_the_key(lab: Lab, picture: Path) -> None:
    steps = {}
    for digest in ("", "0" * 64):
        job = lab.wait(lab.submit("enhance_picture", {"picture": picture, **SMALL, "upscale.digest": digest}).id)
        steps[digest] = {s.name: s for s in lab.steps(job.id)}["upscale"]
    assert steps[""].key != steps["0" * 64].key
    assert "replaced" in (steps["0" * 64].error or "")


def test_faces_are_left_alone_unless_a_model_is_named(lab: Lab, picture: Path) -> None:
    run = lab.run("enhance_picture", show=False, picture=picture, **SMALL)
    upscaled, restored = (run[step].outputs["picture"] for step in ("upscale", "restore"))
    assert upscaled.digest == restored.digest


def test_a_clip_comes_with_its_notes_and_facts(lab: Lab) -> None:
    run = lab.run("enhance_clip", show=False, clip=SAMPLES / "camera-move.mp4", preview=0.25)
    outputs: dict[str, Any] = run.outputs
    assert set(outputs) == {"clip", "notes", "facts"}
    assert isinstance(outputs["clip"], FileRef)
    assert (outputs["facts"]["frames"], outputs["facts"]["fps"]) == (30, "120")


def test_rife_without_weights_says_how_to_get_them(lab: Lab) -> None:
    with pytest.raises(Exception, match="RIFE"):
        lab.submit("enhance_clip", {"clip": SAMPLES / "camera-move.mp4", "interpolator": "rife"})


def test_an_estimate_follows_what_this_machine_has_done(lab: Lab, picture: Path) -> None:
    guessed = lab.estimate("enhance_picture", {"picture": picture, "scale": 3, "model": "realesr-animevideov3"})
    assert guessed.seconds is not None and "guess" in guessed.basis
    lab.run("enhance_picture", show=False, picture=picture, scale=3, model="realesr-animevideov3")
    measured = lab.estimate("enhance_picture", {"picture": picture, "scale": 3, "model": "realesr-animevideov3"})
    assert "earlier runs" in measured.basis and measured.bytes
