"""What a call for pictures asks of the chains: a character's LoRA is put on by itself where it fits."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.errors import InputError
from pipelines.lab import Lab


@pytest.fixture
def asked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is submitted for a prompt of a character with a LoRA, without running it."""
    fields = {"trigger": "mira7", "lora": "mira.safetensors", "lora_weight": "0.8", "lora_model": "sdxl"}
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(lab, "submit", lambda pipeline, inputs, **options: found.append(dict(inputs)))

    def ask(prompt: str, changes: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
        character = lab.create_character("Mira", fields={**fields, **(changes or {})})
        lab.generate(prompt, character=character.id, **settings)
        return found[-1]

    return ask


def test_a_characters_lora_is_put_on_with_its_trigger_word_where_it_fits(asked: Any) -> None:
    given = asked("red coat", model="sdxl")
    assert given["loras"] == [{"path": "mira.safetensors", "weight": 0.8}]
    assert given["prompt"] == "mira7, red coat"
    assert asked("Mira7 in a red coat", model="sdxl")["prompt"] == "Mira7 in a red coat"
    assert asked("red coat", {"lora_model": "", "lora_weight": ""})["loras"][0]["weight"] == 1.0


def test_it_stays_off_on_another_model_and_where_others_are_given(asked: Any) -> None:
    other = asked("red coat", model="flux")
    assert "loras" not in other and other["prompt"] == "red coat"
    assert asked("red coat", model="sdxl", loras=[])["loras"] == []
    with pytest.raises(InputError, match="weight"):
        asked("red coat", {"lora_weight": "strong"}, model="sdxl")


def test_several_characters_in_one_picture_bring_their_trigger_words_and_a_weight_each(lab: Lab, asked: Any) -> None:
    lab.create_character("Theo", fields={"trigger": "theo7", "lora": "theo-beside.safetensors"})
    both = [{"path": "mira.safetensors", "weight": 0.8}, {"path": "theo-beside.safetensors", "weight": 0.6}]
    given = asked("two friends in a park", model="sdxl", loras=both)
    assert given["loras"] == both
    assert given["prompt"] == "mira7, theo7, two friends in a park"
    quiet = [both[0], {"path": "theo-beside.safetensors", "weight": 0.0}, {"path": "style.safetensors", "weight": 1.0}]
    assert asked("mira7 alone", model="sdxl", loras=quiet)["prompt"] == "mira7 alone"
