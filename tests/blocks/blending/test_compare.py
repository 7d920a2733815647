"""A blended picture is measured against each parent, by two recognisers."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blocks.blending import compare_parents
from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references


def _write(path: Path, seed: int, look: Look) -> Path:
    cv2.imwrite(str(path), draw_portrait(identity(seed), look).picture[..., ::-1])
    return path


@pytest.fixture
def parents() -> list[dict]:
    reader = open_faces(threads=1)
    found = []
    for seed in (700_001, 700_002):
        members = []
        for view in ("front", "half_left", "half_right"):
            picture = draw_portrait(identity(seed), Look(view=view)).picture
            [face] = reader.find(picture)
            second = reader.second_embedding(picture, face)
            members.append({"file": view, "embedding": face.embedding, "second": second})
        references = make_references(members, embedder=reader.embedder, domain="pocket", second_embedder=reader.second)
        found.append({"name": str(seed), "references": references})
    return found


def test_a_copy_of_one_parent_is_seen(parents: list[dict], tmp_path: Path) -> None:
    picture = _write(tmp_path / "copy.png", 700_001, Look(hair="bob", outfit="suit"))
    blend = compare_parents(picture, parents, {"blend": {"method": "mean"}}, threads=1).about["blend"]
    copied, other = blend["similarity"]
    assert copied["raw"] > 0.5 > 0.35 > other["raw"]
    assert copied["second"] > other["second"]
    assert copied["share"] > 0.6
    assert blend["method"] == "mean" and "why" not in blend


def test_an_outfit_is_compared_by_what_is_worn(parents: list[dict], tmp_path: Path) -> None:
    red = _write(tmp_path / "red.png", 5, Look(outfit="coat", outfit_colour="red"))
    other = _write(tmp_path / "other.png", 6, Look(outfit="hoodie", outfit_colour="green"))
    dressed = [parents[0], {"name": "coat", "role": "outfit", "picture": 0}, {"name": "none", "role": "style"}]
    for picture, agreement in ((red, 1.0), (other, 0.0)):
        blend = compare_parents(picture, dressed, {}, [red], threads=1).about["blend"]
        assert [one.get("agreement") for one in blend["similarity"][1:]] == [agreement, None]


def test_where_no_face_is_seen_nothing_is_claimed(parents: list[dict], tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
    blend = compare_parents(path, parents, {}, threads=1).about["blend"]
    assert blend["similarity"] == [{"raw": None, "second": None, "share": None}] * 2
    assert blend["why"] == "no face is seen"
