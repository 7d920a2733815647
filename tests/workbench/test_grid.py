"""Variation grids as they are shown: sections, what is flagged, and one cell with what waits beside it."""

from __future__ import annotations

import pytest

from blocks.errors import InputError
from data.grids import Standing
from data.records import FileRef, JobInfo, TakeInfo
from pipelines.sheet_keeper import pictures_of_sheet
from pipelines.variations import CellInfo
from workbench.components.grid import cell_view, grid, making, pose_view, shown_cells
from workbench.components.sheets import sheets
from workbench.variations import Drawer, Sheet

EVIL = "<img src=x onerror=alert(1)>"
MODELS = [
    Drawer("", "Pocket"),
    Drawer("klein", "FLUX.2 [klein]", sheets=True),
    Drawer("qwen", "Qwen-Image-Edit Plus", sheets=True),
]


def take(name: str, score: float | None, **more: object) -> TakeInfo:
    scored = {"scorable": True, "calibrated": score, "passed": (score or 0) >= 0.85} if score is not None else None
    return TakeInfo(name, FileRef(name * 64, "a.png", "image/png", 1), score=scored, **more)  # type: ignore[arg-type]


def cell(key: str, score: float | None = None, section: str = "Faces", **more: object) -> CellInfo:
    made = take(key, score, seed=7, prompt="happy")
    standing = Standing() if score is None else Standing(made, (), (made,))
    return CellInfo(key, section, key.upper(), "happy", **({"standing": standing} | more))  # type: ignore[arg-type]


CELLS = [cell("a", 0.4), cell("b"), cell("c", 0.9, "Bodies"), cell("d", 0.1, scored=False)]


def test_cells_stand_in_their_sections_with_what_is_missing_and_flagged() -> None:
    drawn = grid(CELLS, "set", "all")
    assert drawn.count('<details class="part"') == 2
    assert "3 of 4 cells" in drawn
    assert "Redo the 1 flagged" in drawn
    assert "Generate 1 missing" in drawn
    assert "seed 7" in drawn
    assert "score 0.40" in drawn


def test_a_cell_without_a_face_is_neither_flagged_nor_given_a_score() -> None:
    assert not CELLS[3].flagged
    assert "score 0.10" not in grid(CELLS, "set", "all")


def test_cells_are_sorted_by_score_and_chosen_by_what_they_need() -> None:
    assert [one.key for one in shown_cells(CELLS, "worst", "all")] == ["a", "c", "b", "d"]
    assert [one.key for one in shown_cells(CELLS, "best", "all")] == ["c", "a", "b", "d"]
    assert [one.key for one in shown_cells(CELLS, "set", "missing")] == ["b"]
    assert [one.key for one in shown_cells(CELLS, "set", "flagged")] == ["a"]
    assert "None of these" in grid([CELLS[2]], "set", "flagged")


def test_only_one_section_is_shown_where_that_is_wanted() -> None:
    assert [one.key for one in shown_cells(CELLS, "worst", "all", "Faces")] == ["a", "b", "d"]
    drawn = grid(CELLS, "set", "all", "Bodies")
    assert drawn.count('<details class="part"') == 1
    assert "3 of 4 cells" in drawn  # what there is to do counts everywhere
    assert 'data-act="grid-part" data-id="Bodies" aria-pressed="true"' in drawn


def test_what_new_pictures_are_drawn_with_is_chosen_where_there_is_a_choice() -> None:
    assert "grid-model" not in grid(CELLS, "set", "all", models=MODELS[:1])
    drawn = grid(CELLS, "set", "all", models=MODELS, model="klein")
    assert 'data-act="grid-model" data-id="klein" aria-pressed="true"' in drawn
    assert 'data-act="grid-model" data-id="" aria-pressed="false"' in drawn


def test_a_body_shows_what_holds_it_and_its_joints_can_be_moved() -> None:
    neck, nose = ({"name": name, "x": 0.25, "y": y, "seen": True} for name, y in (("neck", 0.5), ("nose", 0.25)))
    made = take("a", 0.9, settings={"pose": "standing", "points": [neck, nose], "control_scale": 1.0})
    one = CellInfo("k", "Bodies", "Rain", "rain", pose="standing", aspect=2.0, standing=Standing(made, (), (made,)))
    large = cell_view(one, [one], "", False, "")
    assert '<line x1="25.0" y1="100.0" x2="25.0" y2="50.0"' in large
    assert large.count("<circle") == 2
    assert "standing, joints moved by hand" in large
    assert 'data-act="pose"' in large and 'data-act="pose"' not in cell_view(CELLS[0], CELLS, "", False, "")
    editor = pose_view(one)
    assert editor.count("data-joint=") == 18
    assert "left_ankle" in editor and 'data-aspect="2.0"' in editor


def test_a_cell_that_is_being_made_shows_how_far_it_is_and_cannot_be_asked_for_again() -> None:
    busy = cell("b", job=JobInfo("j", "p", "t", "RUNNING", progress=0.4))
    drawn = grid([busy], "set", "all")
    assert "40 %" in drawn
    assert "Generate all missing" not in drawn
    assert 'data-act="make"' not in cell_view(busy, [busy], "", False, "")
    failed = cell("b", job=JobInfo("j", "p", "t", "FAILED", error="no such model"))
    assert "no such model" in cell_view(failed, [failed], "", False, "")


def test_how_far_a_cell_is_comes_beside_its_full_view_which_stays_as_it_is() -> None:
    views, told = set(), []
    for progress in (0.4, 0.6):
        job = JobInfo("j", "p", "t", "RUNNING", progress=progress, eta=12.0, preview="e" * 64)
        busy = cell("b", job=job)
        views.add(cell_view(busy, [busy], "", False, ""))
        told.append(making(busy))
    [view] = views
    assert 'data-act="cancel" data-id="j"' in view
    assert 'data-live-of="b"' in view and 'data-live-of="b picture"' in view
    assert "40 % · 12 s left" in told[0] and 'aria-valuenow="60"' in told[1]
    assert f'<template data-live="b picture"><img src="/media/{"e" * 64}"' in told[0]
    waiting = cell("b", 0.9, job=JobInfo("j", "p", "t", "QUEUED"))
    assert "waiting for a free place" in making(waiting) and "b picture" not in making(waiting)
    assert making(CELLS[0]) == making(cell("b", job=JobInfo("j", "p", "t", "FAILED", error="x"))) == ""


def test_what_waits_lies_over_the_current_picture_or_beside_it() -> None:
    now, new, old = take("a", 0.4, seed=1), take("b", 0.9, seed=2), take("c", 0.5, seed=3)
    one = cell("k", standing=Standing(now, (new,), (now, old)))
    over = cell_view(one, [CELLS[0], one, CELLS[1]], "", False, "")
    assert f'before="/media/{"a" * 64}" after="/media/{"b" * 64}"' in over
    assert "0.40" in over
    assert "0.90" in over
    assert 'data-act="confirm-cell" data-id="k b"' in over
    assert 'data-act="discard-cell" data-id="k b"' in over
    assert 'data-id="a" data-before' in over
    assert "lab-compare" not in cell_view(one, [one], "", True, "")
    earlier = cell_view(one, [one], "", False, "c")
    assert "Put it back" in earlier
    assert "discard-cell" not in earlier


def test_what_people_write_of_a_cell_is_shown_and_never_run() -> None:
    made = take("a", 0.4, prompt=EVIL, model=EVIL)
    one = CellInfo("k", EVIL, EVIL, EVIL, own=True, pose="bust", standing=Standing(made, (made,), (made, made)))
    running = cell("k", job=JobInfo("j", "p", EVIL, "RUNNING"))
    job = JobInfo("j", "draw_sheet", EVIL, "FAILED", error=EVIL, inputs={"kind": EVIL, "model": EVIL})
    listed = sheets([Sheet(job)], [Drawer(EVIL, EVIL, sheets=True)], "", True)
    for drawn in (
        grid([one], "set", "all"), cell_view(one, [one], "", False, ""), pose_view(one), making(running), listed,
    ):  # fmt: skip
        assert "<img src=x" not in drawn


def file(name: str) -> FileRef:
    return FileRef(name, f"{name}.png", "image/png", 1)


def test_a_sheet_takes_the_cells_it_is_made_of_in_their_order() -> None:
    keys = ["expression_angry", "expression_happy", "pose_standing", "base_face"]
    made = {key: file(key) for key in keys}
    assert [one.digest for one in pictures_of_sheet("contact", made)] == keys
    profile = [one.digest for one in pictures_of_sheet("profile", made)]
    assert profile == ["pose_standing", "expression_happy", "expression_angry"]


@pytest.mark.parametrize(
    ("kind", "says"),
    [("views", "sheet_front"), ("profile", "sheet_full_front"), ("contact", "a picture"), ("x", "no sheet")],
)
def test_a_sheet_that_cannot_be_made_names_what_is_missing(kind: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        pictures_of_sheet(kind, {})


def test_a_sheet_is_drawn_by_the_chosen_model_where_it_can_and_by_the_first_that_can_where_not() -> None:
    by_qwen = sheets([], MODELS, "qwen", True)
    assert 'data-act="draw-sheet" data-id="profile qwen"' in by_qwen and "drawn by Qwen-Image-Edit Plus" in by_qwen
    assert 'data-act="draw-sheet" data-id="views klein"' in sheets([], MODELS, "", True)


def test_where_no_model_can_draw_a_sheet_the_page_says_why_and_composes() -> None:
    drawn = sheets([], MODELS[:1], "", True)
    assert "Pocket draws one view at a time" in drawn and "draw-sheet" not in drawn
    assert 'data-act="sheet" data-id="profile"' in drawn and "disabled" not in drawn
    assert "disabled" in sheets([], MODELS[:1], "", False)


def test_a_sheet_says_what_it_is_what_made_it_and_how_like_its_faces_are() -> None:
    score = {"found": 3, "expected": 3, "passed": True, "faces": [{"raw": 0.41}, {"raw": 0.523}, {"raw": None}]}
    done = JobInfo("a", "draw_sheet", "Mara: profile sheet", "SUCCEEDED", inputs={"kind": "profile", "model": "klein"})
    running = JobInfo("b", "compose_sheet", "Mara: views sheet", "RUNNING", progress=0.25, inputs={"kind": "views"})
    failed = JobInfo(
        "c", "compose_sheet", "Mara: contact sheet", "FAILED", error="disk full", inputs={"kind": "contact"}
    )
    listed = sheets([Sheet(done, "d" * 64, {"score": score}), Sheet(running), Sheet(failed)], MODELS, "", True)
    assert "One picture, by FLUX.2 [klein]" in listed and "3 of 3 faces found, likeness 0.41 to 0.52" in listed
    assert 'download="Mara profile sheet.png"' in listed
    assert "Composed from the cells" in listed and "25 %" in listed and 'data-act="cancel" data-id="b"' in listed
    assert "disk full" in listed and 'data-act="retry" data-id="c"' in listed
