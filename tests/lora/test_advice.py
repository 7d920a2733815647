from __future__ import annotations

import pytest

from lora.advice import advise, notes_on
from lora.dataset import make_dataset


def said(count=12, **facts):
    chosen = {"views": {}, "varied": 0.2, "passes": 100.0, "likeness": [None] * count, "flip": False, "marks": ""}
    table = facts.pop("table", [{}] * count)
    notes = notes_on([f"{n}.png" for n in range(count)], table, **{**chosen, **facts})
    return {(note.level, note.about): note.text for note in notes}


def test_too_few_pictures_are_warned_of_and_two_are_none():
    assert ("good", "count") in said(12)
    assert ("hint", "count") in said(8)
    assert ("warn", "count") in said(4)
    assert ("stop", "count") in said(2)
    assert ("hint", "count") in said(60)


def test_mirroring_a_face_with_a_mole_is_stopped_and_the_mole_named():
    assert "mole on the left cheek" in said(flip=True, marks="mole on the left cheek")["stop", "flip"]
    assert "mole" in said(flip=True)["warn", "flip"]
    assert not [about for _, about in said() if about == "flip"]


def test_pictures_of_somebody_else_and_missing_views_are_named():
    likeness = [0.8] * 11 + [0.1]
    notes = said(12, likeness=likeness, views={"front": 10, "half_left": 2})
    assert notes["warn", "likeness"].startswith("11.png")
    assert "half right" in notes["hint", "views"] and "front," not in notes["hint", "views"]


def test_what_never_changes_is_said_to_become_part_of_the_character():
    notes = said(12, table=[{"background": "night_street", "expression": f"mood {n}"} for n in range(12)])
    assert "night street" in notes["hint", "variety"]


def test_too_many_looks_at_each_picture_are_overfitting():
    assert ("warn", "overfitting") in said(passes=400.0)
    assert ("hint", "steps") in said(passes=5.0)


@pytest.mark.parametrize("flip", [True, False])
def test_advice_is_plain_values_for_a_page(flip, pictures, tmp_path):
    made = make_dataset(pictures, "mira7", scratch=tmp_path, hold_out=False)
    told = advise(
        made.pictures, made.table, steps=100, batch=3, flip=flip, pack="none-here", models=str(tmp_path), size=512
    )
    assert told["count"] == 6 and told["passes"] == 50.0
    assert told["verdict"] == "fair"
    assert any("Enhance" in note["text"] for note in told["notes"])
    assert any(one["name"] == "mirroring" and not one["use"] for one in told["augmentations"])
