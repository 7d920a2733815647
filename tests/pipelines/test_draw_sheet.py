"""A sheet as one generated picture, end to end with tiny random models that are shown pictures of the person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.errors import InputError, UnknownName
from blocks.models.families import FAMILIES
from blocks.provenance import read_recipe
from data.records import CharacterInfo
from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.blocks.models._tiny import build
from tests.pipelines._cast import actor

ABLE = ("flux1-kontext", "flux2-klein", "qwen-edit-plus")
DRAWN = ABLE[:2]  # Qwen's looks at a megapixel of each reference, whatever size it draws: tests/blocks/grid has it
SMALL = {"steps": 2, "width": 144, "height": 256, "seed": 7}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("sheets") / "home"
    for family in (*ABLE, "sdxl"):
        build(family, home / "models" / f"tiny-{family}")
    with Lab.open(settings=Settings(home=home, cpu_slots=1, gpu_slots=0, warm=1)) as opened:
        for family in (*ABLE, "sdxl"):
            opened.approve_model(f"tiny-{family}")
        yield opened


@pytest.fixture(scope="module")
def mara(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> CharacterInfo:
    references, picture = actor(900_021, tmp_path_factory.mktemp("mara"))
    files = [lab.import_file(picture)] * len(references["members"])
    looks = {"hair": "red bob", "wardrobe": "green suit"}
    return lab.create_character("Mara", fields=looks, references=references, reference_files=files)


def test_the_families_that_are_shown_pictures_are_those_that_lay_out_a_sheet(lab: Lab) -> None:
    able = {family for family, profile in FAMILIES.items() if profile.sheets}
    assert able == {*ABLE, "flux2", "z-image-omni"}
    assert {one.family for one in lab.sheet_models()} == set(ABLE)


@pytest.mark.parametrize("family", DRAWN)
def test_a_profile_sheet_is_drawn_as_one_picture_with_its_recipe(lab: Lab, mara: CharacterInfo, family: str) -> None:
    asked = lab.draw_sheet(mara.id, model=f"tiny-{family}", settings=SMALL, user="kim")
    job = lab.wait(asked.id)
    assert job.state == "SUCCEEDED", job.error
    made = lab.result(job.id)
    path = Path(lab.media(made["picture"].digest).path)
    with Image.open(path) as sheet:
        assert sheet.format == "PNG" and sheet.size[0] * 16 == sheet.size[1] * 9
        assert sheet.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    facts, score = made["about"]["facts"], made["about"]["score"]
    assert (facts["family"], facts["references"], facts["seed"]) == (family, "images", 7)
    assert "red bob, green suit" in facts["prompt"] and "70 %" in facts["prompt"]
    assert facts["negative"] == "" or FAMILIES[family].negative != "no"
    assert score["expected"] == 3 and score["found"] == len(score["faces"])
    recipe = read_recipe(path)
    assert recipe is not None
    assert recipe["ai"] == recipe["ai"] | {"system": f"tiny-{family}", "source_type": "trainedAlgorithmicMedia"}
    assert (recipe["settings"]["seed"], recipe["settings"]["family"]) == (7, family)


def test_sheets_of_both_ways_stand_beside_each_other_and_none_is_a_take(lab: Lab, mara: CharacterInfo) -> None:
    with Image.new("RGB", (32, 32), "teal") as picture:
        picture.save(lab.home / "teal.png")
    lab.add_take(lab.import_file(lab.home / "teal.png"), {}, character=mara.id, label="base_face")
    composed = lab.compose_sheet(mara.id, "contact")
    size = {"steps": 2, "width": 256, "height": 144}
    drawn = lab.draw_sheet(mara.id, "views", model="tiny-flux2-klein", settings=size)
    for job in (composed, drawn):
        assert lab.wait(job.id).state == "SUCCEEDED"
    assert [one.id for one in lab.sheets(mara.id)][:2] == [drawn.id, composed.id]
    assert lab.result(drawn.id)["about"]["score"]["expected"] == 7
    assert drawn.title == "Mara: views sheet in one picture"
    assert [take.label for take in lab.takes(character=mara.id)] == ["base_face"]


def test_a_model_is_asked_for_as_many_pixels_as_it_is_made_for(
    lab: Lab, mara: CharacterInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def generate(prompt: str, **given: Any) -> list[None]:
        asked.append(given)
        return [None]

    monkeypatch.setattr(lab, "generate", generate)
    lab.draw_sheet(mara.id, model="tiny-flux2-klein")
    lab.draw_sheet(mara.id, "views", model="tiny-qwen-edit-plus")
    assert [(one["width"], one["height"]) for one in asked] == [(720, 1280), (1280, 720)]
    assert [bool(one["negative"]) for one in asked] == [False, True]


@pytest.mark.parametrize("model", ["pocket", "tiny-sdxl"])
def test_a_model_that_draws_one_view_at_a_time_says_so_and_what_to_do(
    lab: Lab, mara: CharacterInfo, model: str
) -> None:
    with pytest.raises(InputError, match=r"one view at a time.*Choose tiny-.*or compose the sheet"):
        lab.draw_sheet(mara.id, model=model)


def test_the_chain_itself_refuses_a_model_that_is_shown_no_pictures(lab: Lab, mara: CharacterInfo) -> None:
    assert mara.references is not None
    whom = {"file": lab.reference_file(mara.references["digest"]), "pictures": list(mara.references["pictures"])}
    job = lab.wait(lab.submit("draw_sheet", {**whom, "model": "tiny-sdxl", **SMALL}).id)
    assert job.state == "FAILED" and "compose the sheet from the cells" in (job.error or "")


def test_what_cannot_be_drawn_is_said_before_it_is_queued(lab: Lab, mara: CharacterInfo) -> None:
    with pytest.raises(InputError, match="A contact sheet cannot be drawn as one picture"):
        lab.draw_sheet(mara.id, "contact")
    with pytest.raises(InputError, match="no reference set"):
        lab.draw_sheet(lab.create_character("Nobody").id)
    with pytest.raises(UnknownName, match="no model 'gone'"):
        lab.draw_sheet(mara.id, model="gone")
