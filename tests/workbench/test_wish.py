"""A form's values become what the generator takes, and a take's settings become a form again."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.errors import InputError
from blocks.models.families import profile
from blocks.models.form import Beside, Form, form_of
from data.records import FileRef
from workbench.wish import as_shown, filled, read_wish

DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def form() -> Form:
    return form_of(profile("sd15"), Beside(loras=("styles/ink.safetensors",)))


def test_what_is_left_open_is_left_to_the_model(form: Form) -> None:
    wish = read_wish({"prompt": " red coat ", "seed": "", "steps": "", "guidance": ""}, form)
    assert (wish.prompt, wish.seed, wish.settings, wish.count) == ("red coat", None, {}, 1)
    assert wish.loop == {"quality_threshold": 0.85, "max_iterations": 3, "mode": "consistency_priority"}


def test_what_a_form_shows_of_somebody_goes_along_though_nobody_touched_it() -> None:
    beside = Beside(adapters=(("face.safetensors", "faceid"),))
    form = form_of(profile("sd15"), beside)
    weight = form.defaults["reference_scale"]
    left = as_shown(read_wish({"steps": "12"}, form), form)
    assert left == {"steps": 12, "reference_scale": weight, "adapter": "face.safetensors"}
    moved = as_shown(read_wish({"reference_scale": "0.3", "adapter": ""}, form), form)
    assert moved["reference_scale"] == 0.3


def test_a_browser_sends_texts_and_a_program_numbers(form: Form) -> None:
    texts = {"steps": "12", "guidance": "3.5", "seed": str(2**62 + 1), "sampler": "ddim", "count": "4"}
    numbers = {"steps": 12, "guidance": 3.5, "seed": 2**62 + 1, "sampler": "ddim", "count": 4}
    assert read_wish(texts, form) == read_wish(numbers, form)
    wish = read_wish(texts, form)
    assert wish.seed == 2**62 + 1
    assert wish.settings == {"steps": 12, "guidance": 3.5, "sampler": "ddim"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"steps": "0"}, "Steps"), ({"steps": "2.5"}, "Steps"), ({"guidance": "nan"}, "Guidance"),
        ({"seed": "-1"}, "Seed"), ({"sampler": "magic"}, "Sampler"), ({"count": "1000"}, "Pictures"),
        ({"lora.other": "1"}, "no LoRA 'other'"), ({"image": "/etc/passwd"}, "not a file of this lab"),
        ({"mask": DIGEST}, "no picture"), ({"mode": "fast"}, "no mode"), ({"steps": True}, "Steps"),
        ({"quality_threshold": "2"}, "score to reach"), ({"width": "9" * 400}, "Width"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_named(form: Form, values: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_wish(values, form)


def test_loras_are_fields_by_name_and_one_at_nothing_is_off(form: Form) -> None:
    weight = {"lora.styles/ink.safetensors": "0.8"}
    assert read_wish(weight, form).settings["loras"] == [{"path": "styles/ink.safetensors", "weight": 0.8}]
    assert "loras" not in read_wish({"lora.styles/ink.safetensors": "0"}, form).settings


def test_what_a_take_says_fills_the_form_and_gives_the_same_wish(form: Form) -> None:
    settings = {
        "prompt": "red coat", "negative": "blurred", "steps": 12, "guidance": 3.5, "sampler": "ddim", "seed": 9,
        "image": FileRef(DIGEST, "a.png", "image/png", 1), "strength": 0.4, "max_iterations": 2,
        "loras": [{"name": "ink", "weight": 0.8}],
    }  # fmt: skip
    values, notes = filled(settings, form)
    assert notes == []
    wish = read_wish(values, form)
    assert (wish.prompt, wish.seed, wish.max_iterations) == ("red coat", 9, 2)
    assert wish.settings == {
        "negative": "blurred", "steps": 12, "guidance": 3.5, "sampler": "ddim", "image": DIGEST, "strength": 0.4,
        "loras": [{"path": "styles/ink.safetensors", "weight": 0.8}],
    }  # fmt: skip


def test_what_another_model_does_not_have_is_noted() -> None:
    plain = form_of(profile("flux1"))
    values, notes = filled({"negative": "blurred", "sampler": "ddim", "loras": [{"name": "ink"}], "steps": 9000}, plain)
    assert values == {}
    assert len(notes) == 4 and "ink" in " ".join(notes) and "negative" in " ".join(notes)
