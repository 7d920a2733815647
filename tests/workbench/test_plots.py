"""An axis is read from what a person types, and refused where it makes no sense."""

from __future__ import annotations

import pytest

from blocks.errors import InputError
from blocks.models.families import profile
from blocks.models.form import Form, form_of
from workbench.plots import read_axis


@pytest.fixture(scope="module")
def form() -> Form:
    return form_of(profile("sd15"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("4, 8,12", ["4", "8", "12"]), ("4-12 (+4)", ["4", "8", "12"]), ("4-12 (4), 30", ["4", "8", "12", "30"]),
        ("1-9 [5]", ["1", "3", "5", "7", "9"]), ("12-4 (-4)", ["12", "8", "4"]), ("7", ["7"]),
    ],
)  # fmt: skip
def test_numbers_are_listed_or_counted(form: Form, text: str, values: list[str]) -> None:
    assert list(read_axis("steps", text, form, "").values) == values


def test_choices_are_known_by_their_name_and_by_what_they_mean(form: Form) -> None:
    axis = read_axis("sampler", "DPM++ Karras, ddim", form, "")
    assert axis.values == ("dpm++ karras", "ddim") and axis.headings == ("DPM++ Karras", "DDIM")


def test_words_of_the_prompt_take_the_place_of_the_first(form: Form) -> None:
    axis = read_axis("prompt", "red, green, blue", form, "a red coat, red hat")
    assert axis.values == ("a red coat, red hat", "a green coat, red hat", "a blue coat, red hat")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("steps", "", "give values"), ("steps", "1-9 (+0)", "cannot be counted"), ("steps", "9-1 (+1)", "counted"),
        ("steps", "1-99 (+1)", "too many"), ("steps", "1-9 [1]", "2 values"), ("sampler", "magic", "no choice"),
        ("prompt", "green, blue", "not in the prompt"), ("prompt", "", "there are none"), ("magic", "1", "no setting"),
        ("seed", "0-999999999 [9999999]", "2 values"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(form: Form, name: str, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_axis(name, text, form, "a red coat")
