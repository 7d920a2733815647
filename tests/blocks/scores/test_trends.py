"""What many scores say together: the worst, the models, and who in a cast may be taken for whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.scores.calibration import Trials, fit_trials
from blocks.scores.references import make_references
from blocks.scores.trends import by_model, distinctness, worst


def score(
    take: str, calibrated: float | None, raw: float | None = 0.5, model: str = "m", **more: Any
) -> dict[str, Any]:
    passed = None if calibrated is None else calibrated >= 0.85
    return {
        "take": take,
        "raw": raw,
        "calibrated": calibrated,
        "passed": passed,
        "scorable": True,
        "model": model,
    } | more


NONE: dict[str, Any] = {"raw": None, "scorable": False}


def test_the_worst_come_first_and_what_was_not_measured_not_at_all() -> None:
    history = [score("a", 0.9), score("b", 0.1), score("c", 0.4), score("d", None, **NONE), score("e", 0.1, 0.2)]
    assert [one["take"] for one in worst(history, 3)] == ["e", "b", "c"]
    assert worst(history, 0) == worst([]) == []


def test_without_a_calibration_the_cosine_decides() -> None:
    assert [one["take"] for one in worst([score("a", None, 0.7), score("b", None, 0.3)])] == ["b", "a"]


def test_models_are_compared_by_what_could_be_measured() -> None:
    history = [
        score("a", 0.9, 0.6, "good"),
        score("b", 0.5, 0.4, "good"),
        score("c", 0.2, 0.1, "bad"),
        score("d", None, model="bad", **NONE),
        score("e", None, model="blind", **NONE),
    ]
    good, bad, blind = by_model(history)
    assert (good["model"], good["count"], good["passed"], good["unscorable"]) == ("good", 2, 0.5, 0)
    assert good["calibrated"] == pytest.approx(0.7)
    assert (bad["raw"], bad["unscorable"]) == (0.1, 0.5)
    assert (blind["raw"], blind["calibrated"], blind["passed"], blind["unscorable"]) == (None, None, None, 1)


def references(middle: int, spread: float = 0.3, embedder: str = "e" * 64) -> dict[str, Any]:
    random = np.random.default_rng(middle)
    base = np.zeros(512)
    base[middle // 2] = 4
    vectors = base + spread * random.normal(size=(4, 512))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return make_references([{"embedding": tuple(v)} for v in vectors], embedder=embedder, domain="d")


def test_two_who_look_alike_are_named_first() -> None:
    cast = {"anna": references(10), "anne": references(11), "bert": references(90)}  # 10 and 11 share a middle
    calibration = fit_trials(
        {1: Trials(np.linspace(0.2, 0.9, 100), np.linspace(-0.2, 0.3, 100))}, embedder="e", domain="d"
    )
    first, *others = distinctness(cast, calibration)
    assert {first["one"], first["other"]} == {"anna", "anne"}
    assert len(others) == 2
    assert all(first["mistaken"] > pair["mistaken"] and first["cosine"] > pair["cosine"] for pair in others)
    assert "mistaken" not in distinctness(cast)[0]
    assert distinctness({"anna": cast["anna"]}) == distinctness({}) == []


def test_a_cast_measured_by_two_recognisers_is_refused() -> None:
    with pytest.raises(InputError, match="different recognisers"):
        distinctness({"anna": references(10), "bert": references(90, embedder="f" * 64)})
