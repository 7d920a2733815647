"""What the chain that trains settles when it is asked for: a preset is a name, and what it stands for may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lora import train
from lora.train import settings_for
from lora.training.config import TrainConfig
from pipelines.lab import Lab
from pipelines.train_lora import CONFIG, settle


def keys(lab: Lab, picture: Path, **inputs: Any) -> dict[str, str | None]:
    asked = {"pictures": [str(picture)], "trigger": "mira7", **inputs}
    return {step.name: step.key for step in lab.known("train_lora", asked)}


def test_a_preset_that_changes_is_another_training_and_nothing_else(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (48, 48), "teal").save(tmp_path / "one.png")
    before = keys(lab, tmp_path / "one.png")
    suits = {**train.SUITS["pocket"], "rate": 1.5e-3}
    monkeypatch.setattr(train, "SUITS", {**train.SUITS, "pocket": suits})
    after = keys(lab, tmp_path / "one.png")
    assert {name for name in before if before[name] != after[name]} == {"train", "pick", "export"}
    monkeypatch.undo()
    named = {name: value for name, value in settings_for("pocket").facts().items() if name in ("rate", "steps")}
    assert keys(lab, tmp_path / "one.png", settings=named)["dataset"] == before["dataset"]


def test_what_was_settled_is_what_is_trained(lab: Lab) -> None:
    found = settle({"settings": {"steps": 7, "flip": True}, "preset": "fast"}, lab.settings)
    assert TrainConfig(**found[CONFIG]) == settings_for("pocket", "fast", {"steps": 7, "flip": True})
    assert found["advise.flip"] is True, "so that the advice warns of a mole on one side"
    # A job of before the preset changed goes on as it was asked for.
    old = {**found[CONFIG], "steps": 11}
    assert train._settings("pocket", "fast", {}, old) == TrainConfig(**old)
    assert train._units(preset="fast", config=old) == 11 * old["batch"]
