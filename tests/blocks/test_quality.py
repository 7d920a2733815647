"""The quality loop: what the first try is, when another one is needed, what it changes and why."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from blocks.errors import InputError, Skipped
from blocks.quality import CREATIVE, Try, first_try, next_try, remedy, view_of

VIEWS = ("front", "front", "half_left", "side_left")


def references(views: tuple[str, ...] = VIEWS, **facts: Any) -> dict[str, Any]:
    members = []
    for number, view in enumerate(views):
        embedding = [0.0] * 8
        embedding[number] = 1.0
        members.append({"view": view, "sharpness": float(number), "embedding": embedding})
    return {"domain": "pocket", "members": members, **facts}


PICTURES = [Path(f"{n}.png") for n in range(len(VIEWS))]


def first(**asked: Any) -> Try:
    return first_try(references(), PICTURES, **asked)


def score(figure: float | None, gate: float = 0.85, **facts: Any) -> dict[str, Any]:
    passed = None if figure is None else figure >= gate
    return {"scorable": figure is not None, "calibrated": figure, "gate": gate, "passed": passed, "why": "", **facts}


def then(before: Try, found: dict[str, Any], **asked: Any) -> Try:
    return next_try(before.about, found, references(), PICTURES, **asked)


def test_the_first_try_is_what_was_asked_for() -> None:
    one = first(prompt="red coat", seed=7, reference_scale=0.9)
    assert (one.prompt, one.seed, one.reference_scale, one.pictures, one.applicable) == ("red coat", 7, 0.9, None, True)
    assert one.identity is not None
    assert math.isclose(sum(x * x for x in one.identity), 1)
    assert (one.about["attempt"], one.about["changed"], one.about["why"]) == (1, {}, "")


@pytest.mark.parametrize(
    ("way", "most", "prompt", "given"),
    [
        ("faceid", 0, "", None),
        ("", 0, "", None),
        ("images", 2, "", ["1.png", "0.png"]),
        ("images", 8, "half left", ["2.png", "1.png", "0.png", "3.png"]),
        ("start", 8, "", ["1.png"]),
    ],
)
def test_references_are_handed_over_as_the_model_takes_them(
    way: str, most: int, prompt: str, given: list[str] | None
) -> None:
    one = first(way=way, most=most, prompt=prompt)
    assert (one.pictures and [path.name for path in one.pictures]) == given
    assert (one.identity is None) == (way != "faceid")


@pytest.mark.parametrize(
    ("domain", "read", "fits"),
    [("pocket", "pocket", True), ("photo", "photo", True), ("photo", "", True), ("", "photo", True)]
    + [("photo", "pocket", False), ("pocket", "photo", False)],
)
def test_an_adapter_gets_faces_of_its_own_kind_only(domain: str, read: str, fits: bool) -> None:
    known = references(domain=read)
    if fits:
        assert first_try(known, PICTURES, domain=domain).identity
        return
    with pytest.raises(InputError, match="face pack that belongs to the model"):
        first_try(known, PICTURES, domain=domain)
    assert first_try(known, PICTURES, domain=domain, way="images").pictures


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="no mode 'best'"):
        first(mode="best")


def test_a_pass_ends_it_and_so_do_enough_tries() -> None:
    one = first()
    with pytest.raises(Skipped, match="try 1 passed"):
        then(one, score(0.9))
    with pytest.raises(Skipped, match="1 of 1 tries"):
        then(one, score(0.1), max_iterations=1)
    two = then(one, score(0.1), max_iterations=2)
    with pytest.raises(Skipped, match="2 of 2 tries"):
        then(two, score(0.1), max_iterations=2)


def test_a_gate_that_cannot_be_asked_needs_no_second_try() -> None:
    with pytest.raises(Skipped, match="no calibration"):
        then(first(), {**score(None), "scorable": True})
    with pytest.raises(Skipped, match="behind"):
        then(first(prompt="back view"), score(None))
    assert not first(prompt="back view").applicable


def test_every_try_has_a_seed_of_its_own_and_the_same_ones_again() -> None:
    def seeds() -> list[int]:
        tries = [first(seed=2**63 - 1)]
        for _ in range(3):
            tries.append(then(tries[-1], score(0.1), max_iterations=9))
        return [one.seed for one in tries]

    assert seeds() == seeds()
    assert len(set(seeds())) == 4
    assert all(0 <= seed < 2**63 for seed in seeds())


def test_where_no_face_is_found_the_next_is_seen_from_the_front_unless_another_view_was_asked_for() -> None:
    two = then(first(prompt="red coat"), score(None, why="too small"))
    assert (two.prompt, two.about["view"]) == ("red coat, front view", "front")
    assert two.about["why"].startswith("too small")
    three = then(two, score(None))
    assert three.prompt == "red coat, front view"
    two = then(first(prompt="side left"), score(None))
    assert (two.prompt, two.about["changed"]) == ("side left", {"seed": two.seed})


def test_a_stranger_makes_references_weigh_more_as_far_as_that_goes() -> None:
    scales, one = [], first(reference_scale=1.1)
    for _ in range(4):
        scales.append(one.reference_scale)
        one = then(one, score(0.1), max_iterations=9)
    assert scales == [1.1, 1.3, 1.4, 1.4]
    assert one.about["members"] == [] or one.about["members"] == [2, 3]


def test_a_near_miss_changes_which_references_count() -> None:
    changed, why = remedy(first().about, score(0.7), references())
    assert (changed, why) == ({"members": [2, 3]}, "0.70 of 0.85: the sharper half of the references counts alone")
    two = then(first(), score(0.7))
    assert two.identity == pytest.approx([0, 0, 0.5**0.5, 0.5**0.5, 0, 0, 0, 0])
    assert then(two, score(0.7)).about["members"] == []


def test_a_side_that_was_asked_for_counts_by_its_own_references() -> None:
    two = then(first(prompt="half left, hat"), score(0.3))
    assert two.about["members"] == [2]
    assert two.reference_scale == 0.8


def test_few_references_or_equally_sharp_ones_are_no_choice() -> None:
    for views in (("front",), ("front", "front", "front")):
        changed, why = remedy(first().about, score(0.7), references(views))
        assert changed.get("members", []) == [] and "another seed" in why


def test_a_weight_that_the_model_does_not_know_is_left_alone() -> None:
    assert "reference_scale" not in remedy(first(way="images").about, score(0.1), references())[0]


def test_exploring_varies_light_or_view_and_weight_and_goes_on_after_a_pass() -> None:
    tries = [first(prompt="red coat", mode=CREATIVE, reference_scale=0.9)]
    for _ in range(3):
        tries.append(then(tries[-1], score(0.95), mode=CREATIVE, max_iterations=4))
    assert len({one.prompt for one in tries}) == 4
    assert len({one.reference_scale for one in tries}) == 4
    assert all(one.prompt.startswith("red coat") and 0.3 <= one.reference_scale <= 1.4 for one in tries)
    with pytest.raises(Skipped):
        then(tries[-1], score(0.95), mode=CREATIVE, max_iterations=4)


def test_exploring_leaves_alone_what_the_prompt_says() -> None:
    two = then(first(prompt="night light, side left", mode=CREATIVE), score(0.1), mode=CREATIVE)
    assert two.prompt == "night light, side left"


@pytest.mark.parametrize(
    ("prompt", "view"),
    [
        ("", ""),
        ("red coat", ""),
        ("Side Left, hat", "side_left"),
        ("seen from behind", "back"),
        ("profile", "side_right"),
    ],
)
def test_a_prompt_tells_its_view(prompt: str, view: str) -> None:
    assert view_of(prompt) == view


def test_references_that_cancel_out_are_said() -> None:
    known = references(("front", "front"))
    known["members"][1]["embedding"] = [-x for x in known["members"][0]["embedding"]]
    with pytest.raises(InputError, match="no mean"):
        first_try(known, PICTURES)
