"""Who somebody is follows from the seed alone, and no two seeds look alike."""

import itertools

import pytest

from blocks.errors import UnknownName
from blocks.pocket.identity import LEVELS, MINIMUM_DISTANCE, TRAITS, distance, identity


def test_the_same_seed_is_the_same_person() -> None:
    assert identity(41) == identity(41)


def test_any_two_people_differ_in_at_least_six_traits() -> None:
    people = [identity(seed) for seed in (*range(60), 12_345, 99_999, 500_000)]
    assert MINIMUM_DISTANCE == 6
    assert min(distance(one, other) for one, other in itertools.combinations(people, 2)) >= MINIMUM_DISTANCE


def test_people_of_different_galleries_are_different_people() -> None:
    for one, other in itertools.combinations(("training", "calibration", "open"), 2):
        crowd = itertools.product(range(25), range(25))
        assert all(distance(identity(a, one), identity(b, other)) >= MINIMUM_DISTANCE for a, b in crowd)


def test_every_level_of_every_trait_occurs() -> None:
    people = [identity(seed, "training") for seed in range(400)]
    for place, _trait in enumerate(TRAITS):
        assert {person.levels[place] for person in people} == set(range(LEVELS))


def test_large_and_negative_seeds_are_people_too() -> None:
    assert identity(-3).split == "open"
    assert identity(10**12).seed == 10**12


def test_an_unknown_gallery_is_named() -> None:
    with pytest.raises(UnknownName, match="holiday"):
        identity(1, "holiday")  # type: ignore[arg-type]
