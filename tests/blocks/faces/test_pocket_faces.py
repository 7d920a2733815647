"""The lab's own pack on people nobody was trained on: found, told apart, turned the right way, and scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.faces import Face, FaceReader, open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import Look, random_look
from blocks.pocket.portrait import Portrait, draw_portrait
from blocks.scores.references import make_references
from blocks.scores.score import score_picture, score_pictures

PEOPLE, LOOKS = 14, 6


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return open_faces(threads=1)


@pytest.fixture(scope="module")
def portraits() -> list[Portrait]:
    """Of each person several, in other hair, clothes, light and view each time."""
    random = np.random.default_rng(4)
    return [
        draw_portrait(identity(50_000 + person), random_look(random), 128, seed=look)
        for person in range(PEOPLE)
        for look in range(LOOKS)
    ]


@pytest.fixture(scope="module")
def found(reader: FaceReader, portraits: list[Portrait]) -> list[Face]:
    faces = reader.find_many([portrait.picture for portrait in portraits])
    assert all(faces)
    return [some[0] for some in faces]


def test_faces_are_where_they_were_drawn(found: list[Face], portraits: list[Portrait]) -> None:
    off = []
    for face, portrait in zip(found, portraits, strict=True):
        assert portrait.face is not None
        width = portrait.face.box[2] - portrait.face.box[0]
        eyes = np.array(face.landmarks)[:2] - portrait.face.landmarks[:2]
        off.append(np.linalg.norm(eyes, axis=1).max() / width)
    assert np.median(off) < 0.06


def test_views_are_told(found: list[Face], portraits: list[Portrait]) -> None:
    right = [face.view == portrait.look.view for face, portrait in zip(found, portraits, strict=True)]
    assert np.mean(right) > 0.9


def test_one_person_is_nearer_than_any_other(found: list[Face]) -> None:
    """Each picture goes to the person whose other pictures' mean it is nearest to."""
    embeddings = np.array([face.embedding for face in found]).reshape(PEOPLE, LOOKS, 512)
    right = 0
    for person in range(PEOPLE):
        for look in range(LOOKS):
            means = embeddings.mean(axis=1)
            means[person] = np.delete(embeddings[person], look, axis=0).mean(axis=0)
            means /= np.linalg.norm(means, axis=1, keepdims=True)
            right += int((means @ embeddings[person, look]).argmax()) == person
    assert right / (PEOPLE * LOOKS) > 0.9


def test_the_second_recogniser_agrees_in_its_own_numbers(
    reader: FaceReader, found: list[Face], portraits: list[Portrait]
) -> None:
    seconds = np.array(
        reader.second_embeddings([(p.picture, face) for p, face in zip(portraits, found, strict=True)][: 4 * LOOKS])
    )
    cosines = seconds @ seconds.T
    same = np.repeat(np.arange(4), LOOKS)[:, None] == np.repeat(np.arange(4), LOOKS)
    off = ~np.eye(len(seconds), dtype=bool)
    assert cosines[same & off].mean() > cosines[~same].mean() + 0.2
    assert reader.second != reader.embedder


def test_scores_pass_the_person_and_not_the_strangers(
    reader: FaceReader, found: list[Face], portraits: list[Portrait], tmp_path: Path
) -> None:
    paths = []
    for number, portrait in enumerate(portraits[: 6 * LOOKS]):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(portrait.picture).save(paths[-1])
    members = [{"embedding": face.embedding} for face in found[:4]]
    references = make_references(members, embedder=reader.embedder, domain=reader.domain)
    own, strangers = paths[4:LOOKS], paths[LOOKS:]
    scores = score_pictures([*own, *strangers], [references], threads=1)
    mine, theirs = scores[: len(own)], scores[len(own) :]
    assert min(score["calibrated"] for score in mine) > 0.5
    assert np.mean([score["passed"] for score in theirs]) < 0.1
    assert all(score["false_accept"] > 0 for score in scores)
    assert np.mean([score["raw"] for score in mine]) > np.mean([score["raw"] for score in theirs]) + 0.3


def test_a_head_seen_from_behind_is_not_scorable(reader: FaceReader, found: list[Face], tmp_path: Path) -> None:
    path = tmp_path / "behind.png"
    picture = draw_portrait(identity(50_000), Look(hair="long", view="back"), 128).picture
    Image.fromarray(picture).save(path)
    members = [{"embedding": face.embedding} for face in found[:4]]
    references = make_references(members, embedder=reader.embedder, domain=reader.domain)
    score = score_picture(path, [references], threads=1)
    assert (score["scorable"], score["raw"]) == (False, None)
