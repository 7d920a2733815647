"""Looks are read from pictures of any size."""

import numpy as np
import pytest

from blocks.errors import InputError, NotAvailable
from blocks.pocket import reader
from blocks.pocket.choices import CHOICES
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.pocket.reader import read_look

LOOKS = [
    Look(hair="mohawk", hair_colour="green", outfit="suit", background="beach", view="side_left", expression="happy"),
    Look(hair="long", hair_colour="red", outfit="hoodie", background="library", view="front", expression="angry"),
    Look(hair="bun", hair_colour="blue", outfit="dress", background="park", view="half_right", expression="sad"),
]


def test_what_was_drawn_is_read() -> None:
    pictures = [draw_portrait(identity(place + 40), look).picture for place, look in enumerate(LOOKS)]
    right = [
        said[name][0] == getattr(look, name)
        for look, said in zip(LOOKS, read_look(pictures), strict=True)
        for name in ("hair", "hair_colour", "outfit", "background", "view")
    ]
    assert sum(right) >= 13


def test_every_choice_has_a_key_and_a_probability() -> None:
    (said,) = read_look([draw_portrait(identity(7), Look()).picture])
    assert set(said) == set(CHOICES)
    assert all(key in CHOICES[name] and 1 / len(CHOICES[name]) <= chance <= 1 for name, (key, chance) in said.items())


def test_a_picture_of_another_size_is_read_as_well() -> None:
    tall = np.zeros((300, 256, 3), np.uint8)
    tall[:256] = draw_portrait(identity(7), LOOKS[1], 256).picture
    assert read_look([tall])[0]["background"][0] == "library"


def test_no_pictures_are_no_looks() -> None:
    assert read_look([]) == []


@pytest.mark.parametrize("bad", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)])
def test_what_is_no_picture_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="8-bit RGB"):
        read_look([bad])


def test_without_the_judge_nothing_is_read(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "WEIGHTS", tmp_path)
    reader._session.cache_clear()
    with pytest.raises(NotAvailable, match=r"no judge\.onnx"):
        read_look([np.zeros((8, 8, 3), np.uint8)])
    reader._session.cache_clear()
