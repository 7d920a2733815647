"""The form becomes the inputs of a chain, or a sentence that says what to change."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from blocks.errors import InputError
from data.records import FileRef
from workbench.catalogue import Catalogue, Choice
from workbench.enhance_options import EnhanceOptions, inputs_for

FILE = FileRef("0" * 64, "a.png", "image/png", 1)
CATALOGUE = Catalogue(
    (
        Choice("photo", "Photo", "upscale", (2, 3, 4), {2: "x2 is x4, reduced."}),
        Choice("grain", "Grain", "denoise", (1,), denoise=True),
        Choice("faces", "Faces", "restore", (1,)),
        Choice("dis", "Optical flow", "interpolate"),
        Choice("rife", "RIFE", "interpolate", present=False, how="Bring its weights."),
    )
)
FORM = EnhanceOptions("photo", 4, 1.0, "", 1, "photo", "2", "120", "dis", False)


def test_a_picture_is_given_model_and_scale() -> None:
    pipeline, inputs = inputs_for("picture", FILE, FORM, CATALOGUE)
    assert pipeline == "enhance_picture"
    assert inputs == {"picture": FILE, "model": "photo", "scale": 4, "denoise": 1.0}


def test_denoise_strength_goes_to_models_that_have_one_only() -> None:
    form = replace(FORM, denoise=0.3)
    assert inputs_for("picture", FILE, form, CATALOGUE)[1]["denoise"] == 1.0
    form = replace(form, picture_model="grain", picture_scale=1)
    assert inputs_for("picture", FILE, form, CATALOGUE)[1]["denoise"] == 0.3


def test_faces_are_repaired_where_a_model_for_them_is_chosen() -> None:
    assert "restore" not in inputs_for("picture", FILE, FORM, CATALOGUE)[1]
    assert inputs_for("picture", FILE, replace(FORM, restore="faces"), CATALOGUE)[1]["restore"] == "faces"
    with pytest.raises(InputError, match="is not installed here"):
        inputs_for("picture", FILE, replace(FORM, restore="beauty"), CATALOGUE)


@pytest.mark.parametrize(
    ("rate", "fps", "given", "target"),
    [
        ("2", "", {"fps": "", "factor": "2"}, 120),
        ("4", "", {"fps": "", "factor": "4"}, 240),
        ("custom", "59.94", {"fps": "2997/50", "factor": ""}, Fraction(2997, 50)),
        ("custom", " 60000/1001 ", {"fps": "60000/1001", "factor": ""}, Fraction(60000, 1001)),
    ],
)
def test_the_frame_rate_is_a_factor_or_a_target(rate: str, fps: str, given: dict[str, str], target: Fraction) -> None:
    form = replace(FORM, rate=rate, fps=fps)
    pipeline, inputs = inputs_for("clip", FILE, form, CATALOGUE)
    assert pipeline == "enhance_clip"
    assert {name: inputs[name] for name in given} == given
    assert form.target_fps(Fraction(60)) == target


def test_keeping_the_rate_means_no_new_frames() -> None:
    inputs = inputs_for("clip", FILE, replace(FORM, rate="keep", clip_scale=2), CATALOGUE)[1]
    assert (inputs["fps"], inputs["factor"]) == ("", "1")


def test_a_preview_is_two_seconds() -> None:
    assert inputs_for("clip", FILE, FORM, CATALOGUE)[1]["preview"] == 0.0
    assert inputs_for("clip", FILE, replace(FORM, preview=True), CATALOGUE)[1]["preview"] == 2.0


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("picture", {"picture_scale": 8}, "choose one of 2, 3, 4"),
        ("picture", {"picture_model": "../photo"}, "is not installed here"),
        ("picture", {"picture_model": "rife"}, "The scale of pictures for"),
        ("picture", {"denoise": 2.0}, "from 0 to 1"),
        ("clip", {"clip_scale": 9}, "The scale of clips"),
        ("clip", {"rate": "3"}, "The frame rate of clips"),
        ("clip", {"rate": "keep"}, "both stay as they are"),
        ("clip", {"interpolator": "rife"}, "is not installed here"),
        ("clip", {"rate": "custom", "fps": "fast"}, "is not a number from 1 to"),
        ("clip", {"rate": "custom", "fps": "1/0"}, "is not a number from 1 to"),
        ("clip", {"rate": "custom", "fps": "1e9"}, "is not a number from 1 to"),
    ],
)
def test_what_cannot_be_done_is_said_before_it_is_queued(kind: str, change: dict[str, object], says: str) -> None:
    known = CATALOGUE if change.get("picture_model") != "rife" else Catalogue((Choice("rife", "RIFE", "interpolate"),))
    with pytest.raises(InputError, match=says):
        inputs_for(kind, FILE, replace(FORM, **change), known)  # type: ignore[arg-type]


def test_the_catalogue_names_what_is_missing_and_notes_what_is_reduced() -> None:
    assert [choice.how for choice in CATALOGUE.missing()] == ["Bring its weights."]
    assert CATALOGUE.find("rife") is None
    assert CATALOGUE.scale_note("photo", 2) == "x2 is x4, reduced."
    assert CATALOGUE.scale_note("photo", 4) == CATALOGUE.scale_note("unknown", 2) == ""
