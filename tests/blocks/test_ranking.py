"""The best of several takes; where many passed, the most different ones first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.quality import CREATIVE
from blocks.ranking import choose_best, diverse_order


@pytest.fixture
def paint(tmp_path: Path) -> Any:
    def painted(name: str, colour: tuple[int, int, int]) -> Path:
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (32, 32), colour).save(path)
        return path

    return painted


def take(path: Path, attempt: int, figure: float | None, **score: Any) -> dict[str, Any]:
    found = {
        "scorable": figure is not None,
        "raw": figure,
        "calibrated": figure,
        "passed": bool(figure and figure > 0.85),
    }
    return {"picture": str(path), "attempt": attempt, "facts": {"seed": attempt}, "score": {**found, **score}}


def attempts(ranking: list[dict[str, Any]]) -> list[int]:
    return [one["attempt"] for one in ranking]


def test_the_highest_score_is_the_best_and_no_score_the_last(paint: Any) -> None:
    path = paint("a", (9, 9, 9))
    chosen = choose_best(take(path, 1, None), take(path, 2, 0.4), take(path, 3, 0.9), None, take(path, 5, 0.4))
    assert attempts(chosen.ranking) == [3, 2, 5, 1]
    assert [one["rank"] for one in chosen.ranking] == [1, 2, 3, 4]
    assert chosen.ranking[0]["seed"] == 3 and chosen.ranking[-1]["raw"] is None


def test_without_a_calibration_the_cosine_decides(paint: Any) -> None:
    path = paint("a", (9, 9, 9))
    known = {"calibrated": None, "passed": None}
    chosen = choose_best(take(path, 1, 0.2, **known), take(path, 2, 0.3, **known), None)
    assert attempts(chosen.ranking) == [2, 1]


def test_of_those_that_passed_the_least_alike_come_first(paint: Any) -> None:
    red, rose, blue = paint("red", (255, 0, 0)), paint("rose", (250, 20, 20)), paint("blue", (0, 0, 255))
    given = (take(red, 1, 0.95), take(rose, 2, 0.94), take(blue, 3, 0.9), take(blue, 4, 0.5))
    assert attempts(choose_best(*given, mode=CREATIVE).ranking) == [1, 3, 2, 4]
    assert attempts(choose_best(*given).ranking) == [1, 2, 3, 4]


def test_one_take_is_the_best_even_without_a_score(paint: Any) -> None:
    path = paint("a", (1, 2, 3))
    chosen = choose_best({"picture": str(path), "score": None})
    assert chosen.picture == path and chosen.ranking[0]["scorable"] is None


def test_order_by_difference(paint: Any) -> None:
    assert diverse_order([]) == []
    same = paint("same", (5, 5, 5))
    assert diverse_order([same, same, same]) == [0, 1, 2]
