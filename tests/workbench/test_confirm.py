"""When a person is asked before work is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.records import Estimate
from pipelines.settings import Settings
from workbench.confirm import question

LIMITS = Settings(home=Path("unused"), confirm_minutes=10, confirm_gigabytes=2)


@pytest.mark.parametrize(
    "estimates",
    [
        [],
        [Estimate(None, None, "unknown")],
        [Estimate(599, 1_900_000_000, "runs")],
        [Estimate(300, None, "runs"), Estimate(299, None, "runs")],
    ],
)
def test_nothing_is_asked_below_the_limits(estimates: list[Estimate]) -> None:
    assert question(estimates, LIMITS) == ""


def test_long_work_says_how_long_and_where_the_figure_comes_from() -> None:
    asked = question([Estimate(3 * 3600, 1000, "from 3 earlier runs")], LIMITS)
    assert asked == "This will take about 3 h (from 3 earlier runs)."


def test_large_work_says_how_large() -> None:
    assert "need about 5.0 GB of disk" in question([Estimate(None, 5_000_000_000, "runs")], LIMITS)


def test_many_short_jobs_together_are_long() -> None:
    asked = question([Estimate(200, 1, "a first guess")] * 4, LIMITS)
    assert asked.startswith("These 4 jobs will together take about 13 min")
