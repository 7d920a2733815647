"""What pages that draw pictures share: a look sends what is new and no more, and a desk comes back as it was left."""

from __future__ import annotations

import json
import time

import gradio as gr
import pytest

from data.records import JobInfo
from workbench.pages.drawing_desk import DrawingDesk, Left, dismissing, in_common
from workbench.pages.drawing_views import beside, shown
from workbench.pages.sent import mark, unsent

SAME = gr.skip()


def test_only_what_is_new_is_sent_and_marked() -> None:
    assert unsent(["people", "takes"], ["", ""]) == ["people", "takes", mark("people"), mark("takes")]
    assert unsent(["people", "more takes"], [mark("people"), mark("takes")]) == [
        SAME, "more takes", SAME, mark("more takes"),
    ]  # fmt: skip


def test_a_look_that_is_answered_late_takes_nothing_back() -> None:
    """It began before the last act and found nothing new: what the act has sent meanwhile, marks and all, stays."""
    before = ["people", "takes"]
    assert unsent(before, [mark(text) for text in before]) == [SAME] * 4


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"desk": 1}', '{"desk": "", "values": 3, "search": ""}'])
def test_a_page_that_was_not_left_as_it_should_be_opens_fresh(text: str) -> None:
    assert Left.read(text) == Left("", {}, {})


def test_a_page_is_as_it_was_left_and_does_what_its_address_asks() -> None:
    kept = {"desk": "its desk", "values": {"prompt": "red coat"}, "search": "take=t1&open=&file=f"}
    assert Left.read(json.dumps(kept)) == Left("its desk", {"prompt": "red coat"}, {"take": "t1", "file": "f"})


def test_what_both_desks_have_is_read_with_care() -> None:
    read = in_common({"take": 3, "dismissed": ["a", 1], "token": ""})
    assert (read["take"], read["dismissed"]) == ("", ("a", "1")) and read["token"]
    desk = DrawingDesk(**in_common({"take": "t1", "dismissed": [str(n) for n in range(80)], "token": "click"}))
    assert (desk.take, desk.token, desk.dismissed[0], len(desk.dismissed)) == ("t1", "click", "30", 50)
    assert dismissing(desk, "") == desk and dismissing(desk, "new").dismissed[-1] == "new"


def test_a_failure_is_shown_until_somebody_looks_away_and_not_forever() -> None:
    failed = JobInfo("j1", "generate_picture", "A picture", "FAILED", "admin", finished_at=time.time() - 60)
    old = JobInfo("j2", "generate_picture", "A picture", "FAILED", "admin", finished_at=time.time() - 7200)
    runs = JobInfo("j3", "generate_picture", "A picture", "RUNNING", "admin")
    assert shown([failed, old, runs], DrawingDesk()) == [failed, runs]
    assert shown([failed, old, runs], DrawingDesk(dismissed=("j1",))) == [runs]


def test_a_take_has_neighbours_where_it_is_not_the_first_or_last() -> None:
    assert beside("b", ["a", "b", "c"]) == ("a", "c", "2 of 3")
    assert beside("a", ["a", "b"]) == ("", "b", "1 of 2")
    assert beside("c", ["a", "b"]) == ("", "", "")
