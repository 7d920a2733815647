"""Looks become words and words become looks."""

import numpy as np
import pytest

from blocks.pocket.captions import caption, read_prompt, unknown_words, varied_caption
from blocks.pocket.look import POSES, VIEWS, Look, random_look


def test_a_look_in_words_reads_back_as_the_same_look() -> None:
    random = np.random.default_rng(0)
    for number in range(300):
        look = random_look(random, view=VIEWS[number % 6], pose=POSES[number % 5])
        assert read_prompt(caption(look)).look() == look
        assert unknown_words(caption(look)) == ()


def test_the_order_of_phrases_does_not_matter() -> None:
    random = np.random.default_rng(1)
    look = random_look(random)
    for _ in range(20):
        assert read_prompt(varied_caption(look, random, drop=0)).look() == look


def test_a_persons_own_words_are_understood() -> None:
    look = read_prompt("a smiling person with long ginger hair wearing a green jacket, at the seaside").look()
    assert look == Look(
        hair="long", hair_colour="red", outfit="coat", outfit_colour="green", expression="happy", background="beach"
    )


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("office", {"background": "office"}),
        ("office light", {"lighting": "office"}),
        ("red", {}),
        ("red hair", {"hair_colour": "red"}),
        ("blue bob, red suit", {"hair": "bob", "hair_colour": "blue", "outfit": "suit", "outfit_colour": "red"}),
        ("night street", {"background": "night_street"}),
    ],
)
def test_words_mean_what_stands_beside_them(prompt: str, keys: dict[str, str]) -> None:
    assert read_prompt(prompt).keys == keys


def test_words_outside_the_vocabulary_are_named_once_and_change_nothing() -> None:
    reading = read_prompt("happy zebra riding a zebra")
    assert reading.unknown == ("zebra", "riding")
    assert reading.keys == {"expression": "happy"}


def test_of_two_that_disagree_the_first_counts() -> None:
    assert read_prompt("happy, sad").look().expression == "happy"
