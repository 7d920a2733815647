"""A set of references: one digest for the same faces, an honest ceiling, and no mixing of recognisers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.scores.references import ceiling_of, make_references, read_references

ONE, OTHER = "1" * 64, "2" * 64


def members(count: int = 4, seed: int = 1, width: int = 512) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    vectors = 1 + random.normal(0, 0.8, (count, width))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    seconds = vectors[:, :256] / np.linalg.norm(vectors[:, :256], axis=1, keepdims=True)
    return [
        {"file": f"{n}.png", "embedding": tuple(v), "second": tuple(s)}
        for n, (v, s) in enumerate(zip(vectors, seconds, strict=True))
    ]


def made(given: list[dict[str, Any]], embedder: str = ONE) -> dict[str, Any]:
    return make_references(given, embedder=embedder, domain="pocket", second_embedder=OTHER)


def test_it_survives_being_written_as_json() -> None:
    value = made(members())
    assert json.loads(json.dumps(value)) == value
    found = read_references(value, ONE)
    assert (found.count, found.domain, found.second_embedder) == (4, "pocket", OTHER)
    assert np.linalg.norm(found.identity) == pytest.approx(1)
    assert found.second is not None and found.second.shape == (256,)
    assert value["members"][2]["file"] == "2.png"


def test_the_digest_stands_for_the_faces_not_for_names_or_order() -> None:
    faces = members()
    renamed = [face | {"file": "other.png"} for face in reversed(faces)]
    assert made(renamed)["digest"] == made(faces)["digest"]
    assert made(faces[:3])["digest"] != made(faces)["digest"]
    assert made(faces, OTHER)["digest"] != made(faces)["digest"]


def test_the_last_digits_of_another_machine_do_not_change_the_digest() -> None:
    exact = np.eye(512)[:2]
    near = [vector + 1e-6 for vector in exact]
    one, other = (made([{"embedding": tuple(vector)} for vector in vectors]) for vectors in (exact, near))
    assert one["digest"] == other["digest"]


def test_the_ceiling_leaves_each_picture_out_of_its_own_mean() -> None:
    vectors = np.array([member["embedding"] for member in members()])
    expected = []
    for place, own in enumerate(vectors):
        mean = np.delete(vectors, place, 0).mean(0)
        expected.append(own @ mean / np.linalg.norm(mean))
    assert ceiling_of(vectors) == pytest.approx(np.mean(expected), abs=1e-5)
    assert made(members(1))["ceiling"] == {"raw": None, "second": None}


def test_faces_that_could_not_be_measured_are_left_out() -> None:
    faces = [*members(), {"file": "blurred.png", "embedding": ()}]
    assert made(faces)["count"] == 4
    with pytest.raises(InputError, match="None of these pictures"):
        made([{"embedding": []}])


def test_a_second_recogniser_that_missed_one_face_is_left_out_altogether() -> None:
    faces = members()
    faces[1]["second"] = ()
    value = made(faces)
    assert (value["second_embedder"], value["second_identity"], value["ceiling"]["second"]) == ("", [], None)


def test_references_of_another_recogniser_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be compared"):
        read_references(made(members()), OTHER)


def test_faces_that_cancel_out_have_no_mean() -> None:
    vector = np.eye(512)[0]
    with pytest.raises(InputError, match="no mean"):
        made([{"embedding": tuple(vector)}, {"embedding": tuple(-vector)}])


@pytest.mark.parametrize(
    "change",
    [
        {"identity": []},
        {"identity": [0.0] * 512},
        {"identity": [float("nan")] * 512},
        {"identity": "x"},
        {"count": 0},
        {"count": None},
        {"embedder": OTHER},
    ],
)
def test_what_is_no_set_of_references_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_references(made(members()) | change, ONE)
    with pytest.raises(InputError, match="no references"):
        read_references({}, ONE)
