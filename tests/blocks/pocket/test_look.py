"""Looks are made of known keys."""

import numpy as np
import pytest

from blocks.errors import UnknownName
from blocks.pocket.look import EXPRESSIONS, HAIR_COLOURS, HAIR_STYLES, LIGHTINGS, VIEWS, Look, random_look


def test_the_keys_of_the_standard_set_are_all_there() -> None:
    assert len(EXPRESSIONS) == 11
    assert len(LIGHTINGS) == 9
    assert len(HAIR_STYLES) >= 8
    assert len(HAIR_COLOURS) >= 8
    assert {"front", "half_left", "half_right", "side_left", "side_right"} <= set(VIEWS)


def test_base_is_another_word_for_neutral() -> None:
    assert Look(expression="base") == Look(expression="neutral")


def test_an_unknown_key_is_refused_with_the_choices() -> None:
    with pytest.raises(UnknownName, match=r"hair colour 'plaid'.*blue"):
        Look(hair_colour="plaid")


def test_random_looks_show_a_face_and_keep_what_is_fixed() -> None:
    looks = [random_look(np.random.default_rng(seed), outfit="coat") for seed in range(50)]
    assert {look.outfit for look in looks} == {"coat"}
    assert "back" not in {look.view for look in looks}
    assert len({look.hair for look in looks}) > 5


def test_changing_one_key_leaves_the_others() -> None:
    look = Look(hair="bun")
    assert look.but(view="back").hair == "bun"
