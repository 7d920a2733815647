"""Faces of one person end up together, whatever their number."""

from __future__ import annotations

import numpy as np
import pytest

from blocks.frames.group import group


def _faces(people: int, each: int, spread: float = 0.9, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(people, 128))
    who = np.repeat(np.arange(people), each)
    vectors = centres[who] + spread * random.normal(size=(len(who), 128))
    order = random.permutation(len(who))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True))[order], who[order]


@pytest.mark.parametrize("each", [20, 700])
def test_people_are_told_apart(each: int) -> None:
    vectors, who = _faces(3, each)
    labels = group(vectors, list(range(len(who))), 0.3)
    assert len(set(zip(labels.tolist(), who.tolist(), strict=True))) == 3


def test_the_person_seen_most_comes_first() -> None:
    vectors, who = _faces(2, 30)
    kept = np.flatnonzero((who == 1) | (np.cumsum(who == 0) <= 10))
    labels = group(vectors[kept], list(range(len(kept))), 0.3)
    assert set(who[kept][labels == 0]) == {1}


def test_two_faces_of_one_frame_are_never_one_person() -> None:
    twin = np.eye(4)[[0, 0]]
    assert set(group(twin, [5, 5], 0.3)) == {0, 1}
    assert set(group(twin, [5, 6], 0.3)) == {0}


def test_a_few_faces_that_are_only_half_like_somebody_are_theirs_and_a_stranger_is_not() -> None:
    vectors, _ = _faces(1, 40, spread=0.5)
    mean = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    aside = np.zeros(128)
    aside[np.abs(mean).argmin()] = 1
    turned, stranger = 0.25 * mean + 0.97 * aside, -aside
    labels = group(np.vstack([vectors, turned, stranger]), list(range(42)), 0.4)
    assert labels[40] == 0 and labels[41] == 1


def test_one_face_or_none() -> None:
    assert group(np.eye(3)[:1], [0], 0.3).tolist() == [0]
    assert group(np.zeros((0, 3)), [], 0.3).tolist() == []
