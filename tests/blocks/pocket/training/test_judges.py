"""The judge of looks is asked only for what can be seen."""

import numpy as np
import torch

from blocks.pocket.choices import CHOICES
from blocks.pocket.identity import Identity, identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.pocket.training.judges import Judge, _mirrored, opinions, truths


def with_mole(side: str) -> Identity:
    return next(who for who in map(identity, range(500)) if who.mole == side and who.mole_y < 0.4)


def test_the_truth_names_the_look_and_the_person() -> None:
    who, look = identity(3), Look(hair="bun", background="beach")
    truth = {name: CHOICES[name][int(place[0])] for name, place in truths([look], [who]).items()}
    assert truth["hair"] == "bun"
    assert truth["background"] == "beach"
    assert truth["beard"] == who.beard
    assert truth["eye_name"] == who.eye_name


def test_a_mole_is_asked_for_only_where_it_shows() -> None:
    for side, shows, hides in (("left", "side_right", "side_left"), ("right", "side_left", "side_right")):
        who = with_mole(side)
        seen, unseen = truths([Look(view=shows), Look(view=hides)], [who, who])["mole"].tolist()
        assert CHOICES["mole"][seen] == side
        assert unseen == -1


def test_the_renderer_agrees_about_the_side_that_shows() -> None:
    """Painting over the mole changes the picture from one side only."""
    for side, shows, hides in (("left", "side_right", "side_left"), ("right", "side_left", "side_right")):
        who = with_mole(side)
        bare = Identity(**(vars(who) | {"mole": "none"}))
        for view, differs in (("front", True), (shows, True), (hides, False)):
            look = Look(view=view, hair="buzz")
            pictures = [draw_portrait(person, look).picture.astype(int) for person in (who, bare)]
            assert (np.abs(pictures[0] - pictures[1]).max() > 20) == differs


def test_an_opinion_is_one_of_the_choices() -> None:
    torch.manual_seed(0)
    said = opinions(Judge(), np.zeros((2, 128, 128, 3), np.uint8))
    assert all(len(words) == 2 and set(words) <= set(CHOICES[name]) for name, words in said.items())


def test_a_mirrored_truth_is_a_choice_and_mirrored_twice_the_same() -> None:
    for keys in CHOICES.values():
        assert all(_mirrored(key) in keys and _mirrored(_mirrored(key)) == key for key in keys)
    assert _mirrored("side_left") == "side_right"
    assert _mirrored("left") == "right"
    assert _mirrored("beach") == "beach"
