"""Scores as drawings: every take stands where its score is, and the gate where it is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from workbench.components.charts import MOST, curve, dots, score_chart


def entry(take: str, calibrated: float | None, model: str = "pocket", **more: Any) -> dict[str, Any]:
    raw = None if calibrated is None else calibrated / 2
    facts = {"at": 1000.0, "take": take, "model": model, "raw": raw, "calibrated": calibrated}
    return facts | {"passed": calibrated is not None and calibrated >= 0.85} | more


def test_a_better_score_stands_higher_and_a_later_take_further_right() -> None:
    low, high = dots([entry("a", 0.2), entry("b", 0.9)], "calibrated")
    assert low.y is not None
    assert high.y is not None
    assert high.y < low.y
    assert low.x < high.x
    assert (low.passed, high.passed) == (False, True)


def test_what_could_not_be_scored_has_a_place_but_no_height() -> None:
    [dot] = dots([entry("a", None)], "calibrated")
    assert dot.y is None
    assert dot.words.startswith("Not scorable")
    assert "none" in score_chart([entry("a", None)], "calibrated", 0.85)


def test_each_model_has_a_mark_of_its_own_and_a_line_in_the_legend() -> None:
    history = [entry("a", 0.2), entry("b", 0.9, "large"), entry("c", None, "large")]
    drawn = score_chart(history, "calibrated", 0.85)
    assert [dot.mark for dot in dots(history, "calibrated")] == [0, 1, 1]
    rows = re.findall(r"</span>(\w+)</th><td class=\"num\">(\d+)</td><td class=\"num\">([\d.–]+)</td>", drawn)
    assert rows == [("pocket", "1", "0.20"), ("large", "2", "0.90")]


@pytest.mark.parametrize(
    ("measure", "ceiling", "line"), [("calibrated", None, "15.0%"), ("raw", 0.7, "30.0%"), ("raw", None, None)]
)
def test_the_gate_belongs_to_the_score_and_the_ceiling_to_the_cosine(
    measure: Any, ceiling: float | None, line: str | None
) -> None:
    drawn = score_chart([entry("a", 0.5)], measure, 0.85, ceiling)
    found = re.search(r'class="gate" x1="0" x2="100%" y1="([\d.]+)%"', drawn)
    assert (found and f"{float(found[1]):.1f}%") == line


def test_a_long_history_is_drawn_from_its_newest_end() -> None:
    drawn = score_chart([entry(f"t{n}", 0.5) for n in range(MOST + 3)], "calibrated", 0.85)
    assert drawn.count('data-act="take"') == MOST
    assert 'data-id="t2"' not in drawn
    assert "3 older ones" in drawn


def test_an_empty_history_says_what_will_stand_here() -> None:
    assert "No scores yet" in score_chart([], "calibrated", 0.85)


def test_the_curve_marks_the_first_cosine_that_reaches_the_gate() -> None:
    steps = [n / 100 for n in range(-100, 101)]
    points = [
        {"threshold": t, "calibrated": max(0.0, t), "far": (1 - t) / 2, "tar": 1 - max(0.0, t) / 4} for t in steps
    ]
    drawn = curve(points, gate=0.85, count=4, basis="Fitted on drawn faces")
    assert "gate 0.85 = cosine 0.85" in drawn
    assert "78.8 % of the actor’s own pictures pass, and 7.50 % of strangers" in drawn
    assert "4 references" in drawn


def test_a_gate_that_no_cosine_reaches_is_not_drawn() -> None:
    points = [{"threshold": t, "calibrated": 0.1, "far": 0.5, "tar": 0.9} for t in (-1.0, 0.0, 1.0)]
    drawn = curve(points, gate=0.85, count=1, basis="")
    assert "No cosine reaches the gate with 1 reference." in drawn
    assert 'class="gate"' not in drawn


def test_what_a_model_is_called_cannot_become_markup() -> None:
    assert "<img" not in score_chart([entry("a", 0.5, "<img src=x>")], "calibrated", 0.85)
