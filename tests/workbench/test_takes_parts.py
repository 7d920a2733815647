"""Takes in words and markup, and the desk of the page as a browser may hand it over."""

from __future__ import annotations

import json

import pytest

from blocks.models.families import profile
from blocks.models.form import form_of
from blocks.prompts import Prompt
from data.records import FileRef, JobInfo, TakeInfo
from workbench.components import generating, takes
from workbench.pages.generate_desk import Desk

PICTURE = FileRef("ab" * 32, "take.png", "image/png", 9)
SCORE = {"scorable": True, "raw": 0.61, "calibrated": 0.93, "passed": True, "gate": 0.85, "false_accept": 0.001}


def take(**changes: object) -> TakeInfo:
    given = {"id": "t1", "picture": PICTURE, "prompt": "<b>red</b>", "seed": 7, "settings": {"steps": 20}}
    return TakeInfo(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "text", "tone"),
    [
        (SCORE, "0.93", "good"),
        ({**SCORE, "calibrated": 0.4, "passed": False}, "0.40", "bad"),
        ({"scorable": False, "why": "no face was found", "raw": None}, "not scorable", "still"),
        ({**SCORE, "calibrated": None, "passed": None}, "raw 0.61", "still"),
    ],
)
def test_a_score_is_told_by_word_and_by_tone(score: dict[str, object], text: str, tone: str) -> None:
    found = takes.badge(score)
    assert found is not None and (found.text, found.tone) == (text, tone)


def test_a_take_in_which_nobody_was_expected_has_no_badge() -> None:
    assert takes.badge(None) is None


def test_words_of_a_person_never_become_markup() -> None:
    one = take(score=SCORE, label="<i>x</i>")
    for drawn in (takes.gallery([takes.cell(one)], "all", ""), takes.take_view(one, [one], "", "", "1 of 1")):
        assert "<b>red</b>" not in drawn and "<i>x</i>" not in drawn
        assert "&lt;b&gt;red" in drawn


def test_every_try_is_shown_with_what_was_changed_and_why() -> None:
    later = take(id="t2", attempt=2, settings={"changed": {"reference_scale": 1.2}, "why": "0.40 of 0.85: more"})
    drawn = takes.take_view(later, [take(score=SCORE), later], "", "t1", "1 of 2")
    assert "2 tries" in drawn and "reference scale 1.2" in drawn and "0.40 of 0.85: more" in drawn


def test_a_job_that_draws_shows_its_try_and_a_failure_its_reason() -> None:
    running = JobInfo("j1", "actor_to_character", "A", "RUNNING", note="draw_2: step 3 of 20", eta=4.0, progress=0.4)
    failed = JobInfo("j2", "actor_to_character", "B", "FAILED", error="The disk is full.")
    drawn = takes.drawing([running, failed])
    assert "try 2 · step 3 of 20 · 4.0 s left" in drawn
    assert "The disk is full." in drawn and 'data-act="retry"' in drawn


def test_words_that_are_cut_or_unknown_are_marked_in_the_prompt() -> None:
    text = "a zorgle coat, zorgles and the rest"
    drawn = generating.report(Prompt(text, 90, 77, ("",), "the rest", ("zorgle",)))
    assert drawn.count("<mark>zorgle</mark>") == 1
    assert "<del>the rest</del>" in drawn


def test_the_form_of_every_family_is_drawn() -> None:
    for family in ("pocket", "sdxl", "flux1-kontext", "qwen-edit-plus"):
        about = form_of(profile(family))
        drawn = generating.form(about, {"prompt": "</textarea><script>", "steps": "12"}, [])
        assert "<script>" not in drawn and 'value="12"' in drawn


@pytest.mark.parametrize("text", ["", "[]", "null", '{"files": 5, "wanted": "x", "show": "<b>", "identity": "1"}', "{"])
def test_a_desk_that_is_no_desk_is_an_empty_one(text: str) -> None:
    desk = Desk.read(text)
    assert (desk.files, desk.show, desk.identity, desk.wanted) == ((), "all", -1, 60)


def test_a_desk_comes_back_as_it_was_written() -> None:
    desk = Desk(files=({"digest": "ab" * 32, "name": "a.png"},), identity=1, show="kept", take="t1", token="x")
    assert Desk.read(desk.write()) == desk
    assert Desk.read(json.dumps({"files": [{"path": "/etc/passwd"}]})).files == ()
