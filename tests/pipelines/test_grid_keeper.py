"""Grids behind the facade: cells are filled by jobs, twice asked is once done, and decisions are kept."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from daggr import FnNode, Graph

from blocks.errors import Conflict, InputError, UnknownName
from blocks.grid.skeletons import pose_points
from data.records import CharacterInfo, JobInfo
from pipelines.lab import Lab

FACE = [1.0] + [0.0] * 511
SET = {"embedder": "e" * 64, "identity": FACE, "members": [{"view": "front", "embedding": FACE}], "count": 1}
CELLS = [{"key": "expression_happy"}, {"key": "expression_sad"}, {"key": "rain", "prompt": "sad, night street"}]


def drawn(word: str, seed: int, wait: str, calibrated: float, *, scratch: Path) -> dict[str, Any]:
    while wait and not Path(wait).exists():
        time.sleep(0.02)
    (scratch / "picture.png").write_text(f"{word} {seed}")
    score = {
        "scorable": True, "raw": calibrated, "calibrated": calibrated, "passed": calibrated >= 0.85, "gate": 0.85,
        "embedder": "e" * 64, "references": "ab" * 32, "second": {}, "embedding": FACE,
    }  # fmt: skip
    return {"picture": scratch / "picture.png", "facts": {"prompt": word, "seed": seed}, "score": score}


@pytest.fixture
def mara(lab: Lab, tmp_path: Path) -> CharacterInfo:
    digest = (tmp_path.name + "0" * 64).encode().hex()[:64]
    made = lab.create_character(tmp_path.name[:60], fields={"hair": "red bob"}, references={**SET, "digest": digest})
    lab.set_cells(made.id, CELLS)
    return made


@pytest.fixture
def pencil(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What a drawing is made with instead of a model; what it was asked for is kept under "asked"."""
    asked: dict[str, Any] = {"wait": "", "calibrated": 0.9, "asked": []}

    def generate(prompt: str, **given: Any) -> list[JobInfo]:
        asked["asked"].append((prompt, given))
        values = {"word": f"{tmp_path} {prompt}", "seed": len(asked["asked"])}
        values |= {"wait": asked["wait"], "calibrated": asked["calibrated"]}
        graph = Graph("Draw", nodes=[FnNode(drawn, name="draw", inputs=values, outputs={"take": None})])
        options = {"take": {"character": given["character"], "label": given["label"], "parents": given["parents"]}}
        return [lab.submit(graph, {}, batch=given["batch"], options=options)]

    monkeypatch.setattr(lab, "generate", generate)
    monkeypatch.setattr(lab, "_sizes", lambda model: [(128, 128), (128, 192), (128, 256)])
    return asked


def finish(lab: Lab, jobs: list[JobInfo]) -> None:
    for job in jobs:
        assert lab.wait(job.id, timeout=30).state == "SUCCEEDED"


def cell(lab: Lab, mara: CharacterInfo, key: str) -> Any:
    return next(one for one in lab.grid(mara.id) if one.key == key)


def test_a_new_character_has_the_whole_standard_set_and_nothing_in_it(lab: Lab) -> None:
    made = lab.create_character("Blank grid")
    grid = lab.grid(made.id)
    assert len(grid) == 61
    assert all(one.standing.current is None and one.job is None and not one.own for one in grid)
    with pytest.raises(InputError, match="no reference set"):
        lab.generate_cells(made.id)


def test_what_is_missing_is_made_in_the_looks_of_the_character(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]
) -> None:
    finish(lab, lab.generate_cells(mara.id, ["rain"]))
    jobs = lab.generate_cells(mara.id)
    assert [given["label"] for _, given in pencil["asked"]] == ["rain", "expression_happy", "expression_sad"]
    assert pencil["asked"][1][0] == "red bob, happy, front view"
    assert pencil["asked"][1][1]["title"] == f"{mara.name}: Happy"
    assert (pencil["asked"][1][1]["width"], pencil["asked"][1][1]["height"]) == (128, 128)
    finish(lab, jobs)
    assert lab.generate_cells(mara.id) == []
    assert [one.standing.current is not None for one in lab.grid(mara.id)] == [True] * 3


def test_a_cell_that_is_being_made_is_not_made_twice(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any], tmp_path: Path
) -> None:
    pencil["wait"] = str(tmp_path / "go")
    [job] = lab.generate_cells(mara.id, ["rain"])
    assert cell(lab, mara, "rain").busy
    assert lab.generate_cells(mara.id, ["rain"]) == []
    (tmp_path / "go").touch()
    finish(lab, [job])
    assert not cell(lab, mara, "rain").busy


def test_a_second_picture_waits_until_it_is_confirmed_and_the_first_stays_known(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]
) -> None:
    finish(lab, lab.generate_cells(mara.id, ["rain"]))
    first = cell(lab, mara, "rain").standing.current
    finish(lab, lab.generate_cells(mara.id, ["rain"]))
    assert pencil["asked"][1][1]["parents"] == [first.id]
    waiting = cell(lab, mara, "rain").standing
    assert (waiting.current.id, len(waiting.candidates)) == (first.id, 1)
    second = waiting.candidates[0].id
    with pytest.raises(Conflict, match="stands in the cell"):
        lab.discard_cell(mara.id, "rain", first.id)
    confirmed = lab.confirm_cell(mara.id, "rain", second, user="kim").standing
    assert [take.id for take in confirmed.history] == [second, first.id]
    assert [take.id for take in lab.confirm_cell(mara.id, "rain", first.id).standing.history] == [
        first.id, second, first.id,
    ]  # fmt: skip
    with pytest.raises(UnknownName, match="not made for the cell"):
        lab.confirm_cell(mara.id, "expression_sad", second)


def test_a_discarded_candidate_is_forgotten(lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]) -> None:
    for _ in range(2):
        finish(lab, lab.generate_cells(mara.id, ["rain"]))
    before = cell(lab, mara, "rain").standing
    after = lab.discard_cell(mara.id, "rain", before.candidates[0].id).standing
    assert (after.current, after.candidates, len(after.history)) == (before.current, (), 1)


def test_cells_below_the_gate_are_flagged_and_redone_together(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]
) -> None:
    pencil["calibrated"] = 0.4
    finish(lab, lab.generate_cells(mara.id, ["rain"]))
    pencil["calibrated"] = 0.9
    finish(lab, lab.generate_cells(mara.id))
    assert [one.key for one in lab.grid(mara.id) if one.flagged] == ["rain"]
    redone = lab.generate_cells(mara.id, which="flagged")
    assert len(redone) == 1
    finish(lab, redone)
    assert len(cell(lab, mara, "rain").standing.candidates) == 1


def test_sections_and_cells_that_are_not_there_are_named(lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no cell snow"):
        lab.generate_cells(mara.id, ["snow"])
    with pytest.raises(InputError, match="no section 'Weather'; it has Expressions, Own"):
        lab.generate_cells(mara.id, section="Weather")
    assert len(lab.generate_cells(mara.id, section="Own")) == 1


def test_joints_that_are_moved_hold_the_next_picture_and_go_with_the_template(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any]
) -> None:
    lab.set_cells(mara.id, [{"key": "pose_standing"}, {"key": "base_face"}])
    moved = [{"name": "neck", "x": 0.5, "y": 0.3, "seen": True}]
    assert lab.set_pose(mara.id, "pose_standing", moved, user="kim").points == tuple(moved)
    finish(lab, lab.generate_cells(mara.id))
    (_, standing), (_, face) = pencil["asked"]
    assert (standing["pose"], standing["points"]) == ("standing", moved)
    assert "points" not in face
    assert lab.cells(mara.id)[0]["points"] == moved
    assert lab.set_pose(mara.id, "pose_standing", []).points == ()
    as_set = pose_points("standing", "front", 2.0)
    assert lab.set_pose(mara.id, "pose_standing", as_set).points == ()
    with pytest.raises(InputError, match="no body to move"):
        lab.set_pose(mara.id, "base_face", moved)
    with pytest.raises(InputError, match="no joint 'tail'"):
        lab.set_pose(mara.id, "pose_standing", [{"name": "tail", "x": 0, "y": 0}])


def test_a_model_that_is_not_there_is_named(lab: Lab, mara: CharacterInfo) -> None:
    with pytest.raises(UnknownName, match="no model 'gone'"):
        lab.generate_cells(mara.id, ["rain"], settings={"model": "gone"})


def test_a_template_of_one_character_fits_another(lab: Lab, mara: CharacterInfo, tmp_path: Path) -> None:
    made = lab.save_template(tmp_path.name, lab.cells(mara.id), user="kim")
    other = lab.create_character("Another")
    found = lab.set_cells(other.id, next(one.cells for one in lab.templates() if one.id == made.id))
    assert [(one.key, one.own) for one in found] == [
        ("expression_happy", False), ("expression_sad", False), ("rain", True),
    ]  # fmt: skip
    assert len(lab.set_cells(other.id, None)) == 61


def test_a_template_that_would_take_cells_out_or_change_them_is_applied_only_by_somebody_who_is_sure(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any], tmp_path: Path
) -> None:
    finish(lab, lab.generate_cells(mara.id))
    stood = cell(lab, mara, "rain").standing.current
    smile = {"key": "expression_happy", "prompt": "laughing, front view"}
    made = lab.save_template(f"Smiles {tmp_path.name}", [smile, {"key": "base_face"}])
    changes = lab.template_changes(mara.id, made.id)
    assert (changes.changed, changes.added) == (("Happy",), ("Base face",))
    assert (changes.removed, changes.pictured) == (("Sad", "Rain"), 3)
    with pytest.raises(Conflict, match=r"takes out 2 cells \(Sad, Rain\).*those of 3 cells stay"):
        lab.apply_template(mara.id, made.id)
    assert [one.key for one in lab.grid(mara.id)] == [one["key"] for one in CELLS]
    after = lab.apply_template(mara.id, made.name, sure=True)
    assert [(one.key, one.standing.current is not None) for one in after] == [
        ("expression_happy", True), ("base_face", False),
    ]  # fmt: skip
    assert after[0].prompt == "laughing, front view"
    assert stood.id in [take.id for take in lab.takes(character=mara.id, hidden=True)]
    lab.set_cells(mara.id, CELLS)
    assert cell(lab, mara, "rain").standing.current == stood, "it stands there again when its cell is back"


def test_a_template_that_only_adds_cells_needs_nobody_to_be_sure(
    lab: Lab, mara: CharacterInfo, pencil: dict[str, Any], tmp_path: Path
) -> None:
    made = lab.save_template(f"More {tmp_path.name}", [*CELLS, {"key": "base_face"}])
    assert len(lab.apply_template(mara.id, made.id)) == 4
    with pytest.raises(UnknownName, match="no template 'gone'"):
        lab.apply_template(mara.id, "gone")
    with pytest.raises(Conflict, match="1 cell \\(Rain\\) of your own"):
        lab.apply_template(mara.id, "")
    assert len(lab.apply_template(mara.id, "", sure=True)) == 61
