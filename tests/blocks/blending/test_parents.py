"""Parents are met with the faces that their reference sets hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blocks.blending import blend_parents, meet_parents
from blocks.errors import InputError, UnreadableFile
from tests.blocks.blending._parents import parent


@pytest.fixture
def sets(tmp_path: Path) -> list[Path]:
    paths = []
    for seed in (1, 2):
        paths.append(tmp_path / f"{seed}.json")
        paths[-1].write_text(json.dumps(parent(seed)["references"]))
    return paths


def test_a_set_stands_for_its_face_and_its_members_stay_behind(sets: list[Path]) -> None:
    told = [{"name": "A", "references": 1}, {"name": "coat", "role": "outfit", "picture": 0}, parent(3)]
    first, coat, third = meet_parents(told, sets).parents
    assert first["references"]["digest"] == parent(2)["references"]["digest"]
    assert "members" not in first["references"] and "members" not in third["references"]
    assert coat == told[1]


def test_what_is_met_can_be_blended(sets: list[Path]) -> None:
    met = meet_parents([{"name": "A", "references": 0}, {"name": "B", "references": 1}], sets).parents
    blended = blend_parents(met, prompt="happy")
    assert blended.expected["identity"] == pytest.approx(blended.identity, abs=1e-5)


@pytest.mark.parametrize("place", [2, -1, True, "0"])
def test_a_set_that_is_not_there(sets: list[Path], place: object) -> None:
    with pytest.raises(InputError, match="no reference set of A"):
        meet_parents([{"name": "A", "references": place}], sets)


def test_a_file_that_is_no_set(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(UnreadableFile, match="no reference set"):
        meet_parents([{"name": "A", "references": 0}], [tmp_path / "a.json"])
