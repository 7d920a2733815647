"""A form says of a model what can be filled in, and nothing that the model cannot do."""

from __future__ import annotations

import inspect

import pytest

from blocks.generate import generate
from blocks.models.families import FAMILIES, profile
from blocks.models.form import Beside, form_of
from blocks.models.request import ask


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_is_an_argument_of_generate(family: str) -> None:
    beside = Beside(("a.safetensors",), (("face.safetensors", "faceid"),), ("pose",), ("faceid",))
    form = form_of(FAMILIES[family], beside, device="cuda")
    assert {field.name for field in form.fields} <= set(inspect.signature(generate).parameters)
    assert len({field.name for field in form.fields}) == len(form.fields)


@pytest.mark.parametrize("family", [name for name in FAMILIES if not FAMILIES[name].needs_reference])
def test_what_stands_in_the_fields_at_first_is_taken_by_the_model(family: str) -> None:
    found = form_of(FAMILIES[family]).defaults
    request = ask(
        FAMILIES[family],
        prompt="a face",
        negative=found.get("negative", ""),
        seed=found["seed"],
        steps=found["steps"],
        guidance=found["guidance"],
        sampler=found.get("sampler", ""),
        size=(found["width"], found["height"]),
        references=found.get("references", ()),
        reference_scale=found.get("reference_scale", 0.8),
        identity=None,
        image=None,
        mask=None,
        strength=found.get("strength", 0.6),
        control_image=None,
        control_scale=1.0,
    )
    assert request.steps == FAMILIES[family].steps


def test_a_model_without_negatives_has_no_field_for_them_and_says_so() -> None:
    form = form_of(profile("flux1"))
    assert form.field("negative") is None
    assert any("no negative prompt" in note for note in form.notes)


def test_a_guidance_of_another_name_is_told() -> None:
    field = form_of(profile("qwen-edit-plus")).field("guidance")
    assert field is not None and "true CFG" in field.help


def test_the_best_way_is_the_first_whose_parts_are_here() -> None:
    bare, faced = form_of(profile("sd15")), form_of(profile("sd15"), Beside(ways=("faceid",)))
    assert bare.best is not None and bare.best.name == "start"
    assert faced.best is not None and faced.best.name == "faceid"
    assert bare.ways[0].needs and not faced.ways[0].needs


def test_an_adapter_that_lies_beside_the_model_is_chosen_where_it_has_none_of_its_own() -> None:
    beside = Beside(adapters=(("face.safetensors", "faceid"),))
    field = form_of(profile("sd15"), beside).field("adapter")
    assert field is not None and field.default == "face.safetensors"
    own = form_of(profile("sd15"), Beside(adapters=beside.adapters, ways=("faceid",))).field("adapter")
    assert own is not None and own.default == ""


def test_loras_and_control_are_fields_only_where_there_are_some() -> None:
    bare, full = form_of(profile("sdxl")), form_of(profile("sdxl"), Beside(("ada.safetensors",), (), ("pose",)))
    assert bare.field("loras") is None and bare.field("control") is None
    loras = full.field("loras")
    assert loras is not None and loras.choices == (("ada", "ada.safetensors"),)
    assert [field.name for field in full.section("control")] == ["control", "control_image", "control_scale"]


def test_a_licence_to_heed_is_told_where_the_model_is_chosen() -> None:
    assert "Not for commercial work" in form_of(profile("flux1")).licence_note
    assert "Read the licence" in form_of(profile("flux2-klein")).licence_note
    assert form_of(profile("sd15")).licence_note == ""


def test_offloading_is_for_a_gpu() -> None:
    assert form_of(profile("sdxl")).field("offload") is None
    field = form_of(profile("sdxl"), device="cuda").field("offload")
    assert field is not None and [value for _, value in field.choices] == ["none", "model", "sequential"]
