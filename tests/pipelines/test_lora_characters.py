"""What is gathered of a character to train on, and how its LoRA is said to stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.errors import InputError
from pipelines.lab import Lab
from pipelines.lora_characters import gather, standing, train_character

FACE = [1.0] + [0.0] * 511
SET = {
    "embedder": "e" * 64,
    "digest": "ab" * 32,
    "identity": FACE,
    "members": [{"view": "half_left", "embedding": FACE}],
}


def picture(lab: Lab, folder: Path, hue: int) -> Any:
    path = folder / f"{hue}.png"
    Image.new("HSV", (48, 48), (hue, 180, 200)).convert("RGB").save(path)
    return lab.import_file(path)


def scored(passed: bool) -> dict[str, Any]:
    return {
        "scorable": True, "raw": 0.5, "calibrated": 0.9 if passed else 0.2, "passed": passed, "gate": 0.85,
        "embedder": "e" * 64, "references": "ab" * 32, "second": {}, "embedding": FACE,
    }  # fmt: skip


def test_cells_references_and_kept_takes_are_gathered_each_once_with_what_they_show(lab: Lab, tmp_path: Path) -> None:
    files = [picture(lab, tmp_path, hue) for hue in (0, 40, 80, 120, 160)]
    mara = lab.create_character("Mara", references={**SET, "count": 1}, reference_files=files[:1])
    asked = {"prompt": "short blue hair, red coat, happy"}
    lab.add_take(files[1], asked, character=mara.id, label="expression_happy", score=scored(True))
    lab.add_take(files[2], {}, character=mara.id, label="expression_sad", score=scored(False))
    again = lab.add_take(files[0], {}, character=mara.id)
    kept = lab.add_take(files[3], {"prompt": "in a park"}, character=mara.id)
    lab.add_take(files[4], {"prompt": "not kept"}, character=mara.id)
    for take in (again, kept):
        lab.keep_take(take.id)
    pictures, about = gather(lab, mara.id)
    assert [one.digest for one in pictures] == [files[place].digest for place in (1, 2, 0, 3)]
    happy, sad, reference, own = about
    assert happy["file"] == "expression_happy.png" and happy["hair"] == "short" and happy["outfit_colour"] == "red"
    assert "gate" in sad["out"] and "out" not in happy
    assert reference == {"file": "reference-01.png", "source": "reference", "view": "half_left"}
    assert own["prompt"] == "in a park" and own["source"] == "take"
    low = next(take for take in lab.takes(character=mara.id) if take.label == "expression_sad")
    lab.keep_take(low.id)
    assert not any("out" in row for row in gather(lab, mara.id)[1]), "kept by hand"


def test_nothing_to_train_on_says_what_to_do(lab: Lab) -> None:
    with pytest.raises(InputError, match="keep takes"):
        gather(lab, lab.create_character("Nobody").id)


def test_a_character_is_un_trained_until_it_trains_and_completed_with_a_lora_from_elsewhere(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mara = lab.create_character("Mara Okonkwo", fields={"features": "freckles, mole on the left cheek"})
    assert standing(lab, mara).words == "un-trained"
    brought = lab.create_character("Theo", fields={"lora": "theo.safetensors"})
    assert standing(lab, brought).words == "completed" and standing(lab, brought).file == "theo.safetensors"
    asked: dict[str, Any] = {}
    monkeypatch.setattr(lab, "submit", lambda chain, inputs, **options: asked.update(inputs, **options))
    train_character(lab, mara.id, pictures=[picture(lab, tmp_path, 0)], model="")
    assert asked["trigger"] == "mrknkw7" and asked["title"] == "Train Mara Okonkwo"
    assert asked["marks"] == "mole on the left cheek"
    assert asked["options"] == {"lora": {"character": mara.id}} and asked["batch"] == "loras"
