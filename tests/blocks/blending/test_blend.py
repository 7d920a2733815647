"""Parents become what a picture is drawn with, in the way that the model takes it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blocks.blending import blend_parents, blended_references, methods_for
from blocks.errors import InputError
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import read_references
from tests.blocks.blending._parents import parent, unit


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    look = Look(outfit="coat", outfit_colour="red", background="beach", lighting="evening")
    paths = []
    for seed in range(3):
        paths.append(tmp_path / f"{seed}.png")
        cv2.imwrite(str(paths[-1]), draw_portrait(identity(seed), look).picture[..., ::-1])
    return paths


def test_two_faces_meet_in_the_middle() -> None:
    blended = blend_parents([parent(1), parent(2)], prompt="red coat")
    face = np.array(blended.identity)
    assert np.linalg.norm(face) == pytest.approx(1)
    assert face @ unit(1) == pytest.approx(face @ unit(2), abs=1e-5)
    assert blended.pictures is None and blended.prompt == "red coat"
    about = blended.about["blend"]
    assert (about["method"], about["weights"], about["parents"]) == ("spherical", [0.5, 0.5], ["P1", "P2"])


def test_weights_of_the_call_count_before_those_of_the_parents() -> None:
    parents = [parent(1, 1), parent(2, 3)]
    assert blend_parents(parents).about["blend"]["weights"] == [0.25, 0.75]
    assert np.allclose(blend_parents(parents, weights=[1, 0]).identity, unit(1), atol=1e-5)


@pytest.mark.parametrize("method", ["slerp", "mean", "spherical"])
def test_every_mean_goes_from_one_parent_to_the_other(method: str) -> None:
    parents = [parent(1), parent(2)]
    shares = np.linspace(0, 1, 5)
    cosines = [np.array(blend_parents(parents, method=method, weights=[1 - t, t]).identity) @ unit(2) for t in shares]
    assert np.all(np.diff(cosines) > 0)
    assert cosines[-1] == pytest.approx(1, abs=1e-5)


def test_tokens_are_repeated_by_weight() -> None:
    blended = blend_parents([parent(1, 3), parent(2, 2)], method="tokens")
    assert np.shape(blended.identity) == (10, 512)
    assert sum(np.allclose(face, unit(1), atol=1e-5) for face in blended.identity or []) == 6


def test_a_model_that_takes_pictures_is_handed_one_of_each_parent(pictures: list[Path]) -> None:
    parents = [parent(1, picture=2), parent(2, picture=0), parent(3, role="outfit", picture=1)]
    blended = blend_parents(parents, pictures, prompt="park", way="images", most=3)
    assert blended.identity is None
    assert blended.pictures == [pictures[2], pictures[0], pictures[1]]
    assert blended.prompt == "park, wearing the outfit of picture 3"
    with pytest.raises(InputError, match="2 pictures at once"):
        blend_parents(parents, pictures, way="images", most=2)


def test_outfit_and_style_are_read_into_the_prompt(pictures: list[Path]) -> None:
    parents = [parent(1), parent(2, role="outfit", picture=0), parent(3, role="style", picture=1)]
    blended = blend_parents(parents, pictures, prompt="happy")
    assert blended.about["blend"]["weights"] == [1]
    assert np.allclose(blended.identity, unit(1), atol=1e-5)
    outfit, style = blended.about["blend"]["read_into_prompt"]
    assert blended.prompt == f"happy, {outfit}, {style}"
    assert outfit == "red coat" and style.startswith("beach")


def test_what_a_model_can_do_is_offered() -> None:
    assert [method.name for method in methods_for("faceid")] == ["spherical", "slerp", "mean", "tokens"]
    assert "slerp" not in {method.name for method in methods_for("faceid", 3)}
    assert [method.name for method in methods_for("images")] == ["images"]
    assert methods_for("") == []


def test_the_new_person_has_a_reference_set_of_its_own() -> None:
    found = read_references(blended_references([parent(1, 1), parent(2, 3)]), "e" * 64)
    assert found.count == 1 and found.second is not None
    assert found.identity @ unit(2) > found.identity @ unit(1) > 0.2


@pytest.mark.parametrize(
    ("parents", "options", "says"),
    [
        ([parent(1)], {}, "2 to 6 parents"),
        ([parent(n) for n in range(7)], {}, "2 to 6 parents"),
        ([parent(1), parent(2, role="hat")], {}, "not hat"),
        ([parent(1, role="style"), parent(2, role="outfit")], {}, "Nobody gives the face"),
        ([parent(1), parent(2), parent(3)], {"method": "slerp"}, "cannot be blended by 'slerp'"),
        ([parent(1), parent(2)], {"way": ""}, "takes no faces"),
        ([parent(1), parent(2)], {"way": "images"}, "no picture of P1"),
        ([parent(1), parent(2, embedder="a" * 64)], {}, "cannot be compared"),
        ([parent(1), parent(2)], {"weights": [1, 1, 1]}, "2 parents and 3 weights"),
    ],
)
def test_what_cannot_be_blended_says_why(parents: list, options: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        blend_parents(parents, **options)
