"""What is asked of a model that draws a sheet, and how the sheet is finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.errors import InputError
from blocks.grid.drawn_sheet import LAYOUTS, ask_for_sheet, finish_sheet, sheet_size
from blocks.models.families import FAMILIES
from blocks.provenance import read_recipe

FACE = [1.0] + [0.0] * 511
VIEWS = ("side_left", "front", "half_left", "front")
REFERENCES = {
    "identity": FACE,
    "members": [{"view": view, "embedding": FACE, "sharpness": n} for n, view in enumerate(VIEWS)],
}
PICTURES = [Path(f"{n}.png") for n in range(4)]
ABLE = [name for name, profile in FAMILIES.items() if profile.sheets]


def test_the_model_is_shown_as_many_pictures_as_it_takes_the_sharpest_from_the_front_first() -> None:
    asked = ask_for_sheet(REFERENCES, PICTURES, "red bob", way="images", most=3)
    assert asked.pictures == [Path("3.png"), Path("1.png"), Path("2.png")]
    assert asked.faces == 3
    for words in ("reference pictures, several times", "red bob", "front view", "70 %", "headshot", "No text", "Plain"):
        assert words in asked.prompt
    assert "row of four" not in asked.prompt and ": ." not in asked.prompt


def test_eight_views_are_a_layout_of_their_own() -> None:
    asked = ask_for_sheet(REFERENCES, PICTURES, kind="views", way="images", most=1)
    assert "two rows of four" in asked.prompt and asked.faces == 7 and asked.pictures == [Path("3.png")]


@pytest.mark.parametrize("way", ["faceid", "ip-adapter", "redux", "start", ""])
def test_a_model_that_is_shown_no_pictures_draws_no_sheet(way: str) -> None:
    with pytest.raises(InputError, match="compose the sheet from the cells"):
        ask_for_sheet(REFERENCES, PICTURES, way=way, most=3)


def test_a_sheet_that_nobody_knows_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"A poster sheet cannot .* profile and views can"):
        ask_for_sheet(REFERENCES, PICTURES, kind="poster", way="images", most=3)


@pytest.mark.parametrize("family", ABLE)
def test_the_size_has_the_shape_and_the_pixels_that_the_model_is_made_for(family: str) -> None:
    profile = FAMILIES[family]
    for kind, layout in LAYOUTS.items():
        width, height = sheet_size(profile, kind)
        assert width * layout.shape[1] == height * layout.shape[0]
        assert width % profile.multiple == height % profile.multiple == 0
        assert 0.7 < width * height / (profile.size[0] * profile.size[1]) <= 1


@pytest.mark.parametrize("family", ABLE)
def test_every_family_that_can_draws_a_sheet_by_what_it_is_shown(
    family: str, draw: Callable[..., Any], reference: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "teal.png")
    pictures = []
    for shown in (reference, tmp_path / "teal.png"):
        asked = ask_for_sheet(REFERENCES, [shown] * 4, way="images", most=FAMILIES[family].max_references)
        assert asked.pictures is not None and len(asked.pictures) == min(4, FAMILIES[family].max_references)
        drawn = draw(family, prompt=asked.prompt, references=asked.pictures, width=144, height=256, seed=5)
        assert (drawn.facts["references"], drawn.facts["prompt"]) == ("images", asked.prompt)
        with Image.open(drawn.picture) as sheet:
            assert sheet.size == (144, 256)
        pictures.append(drawn.picture.read_bytes())
    assert pictures[0] != pictures[1]


def test_the_finished_file_has_the_drawn_pixels_300_dots_an_inch_and_its_recipe(tmp_path: Path) -> None:
    drawn = Image.linear_gradient("L").convert("RGB").resize((90, 160))
    drawn.save(tmp_path / "picture.png")
    facts, score = {"model": "klein", "digest": "ab", "prompt": "a sheet", "seed": 3}, {"found": 3}
    (tmp_path / "out").mkdir()
    made = finish_sheet(
        tmp_path / "picture.png", facts, score, "profile", recipe={"steps": []}, scratch=tmp_path / "out"
    )
    assert made.about == {"kind": "profile", "facts": facts, "score": score}
    with Image.open(made.picture) as sheet:
        assert sheet.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert sheet.convert("RGB").tobytes() == drawn.tobytes()
    recipe = read_recipe(made.picture)
    assert recipe is not None and recipe["ai"]["system"] == "klein" and recipe["settings"]["seed"] == 3
