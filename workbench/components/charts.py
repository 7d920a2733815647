"""Scores as drawings: a character's takes over time, and what a gate lets in and keeps out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from workbench.components.filling import fill
from workbench.components.words import clock

__all__ = ["Dot", "Measure", "Series", "curve", "dots", "score_chart"]

Measure = Literal["calibrated", "raw"]

MOST = 400  # dots; of a longer history the newest
MARKS = 4  # kinds of dot; models beyond them share the last
RUN = 5  # takes that the line is the mean of
LEAST_COSINE = -0.2  # where the curve begins; below it nothing happens
INSET = 1.5  # share of the width left free at either side, so that no dot is cut


@dataclass(frozen=True, slots=True)
class Dot:
    """One take in the drawing.

    Attributes:
        x, y: percent of the drawing from the left and from the top; `y` is None where there was nothing to score.
        mark: which kind of dot, by model, from 0.
        words: what it stands for.
    """

    take: str
    x: float
    y: float | None
    mark: int
    passed: bool
    words: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """What the legend says of a model: how many takes, how many scorable, their mean, the share that passed."""

    name: str
    mark: int
    takes: int
    mean: float | None
    passed: float | None


def score_chart(
    history: Sequence[Mapping[str, Any]], measure: Measure, gate: float, ceiling: float | None = None
) -> str:
    """Every scored take of a character, oldest at the left.

    Args:
        history: `at` (seconds since 1970), `raw`, `calibrated`, `passed`, `model` and `take` of each, oldest first;
            `picture` where a digest is known. What could not be scored has null for its scores.
        measure: which of the two scores is drawn; the gate belongs to the calibrated one, the ceiling to the raw one.
        gate: calibrated score that a take must reach, 0 to 1.
        ceiling: mean raw cosine of the actor's own frames to each other, left out one at a time.
    """
    shown = list(history)[-MOST:]
    drawn = dots(shown, measure)
    line = gate if measure == "calibrated" else ceiling
    return fill(
        "score_chart.html",
        dots=drawn,
        trend=_trend(drawn),
        series=_series(shown, measure),
        measure=measure,
        line=None if line is None else 100 * (1 - _part(line)),
        line_words=_line_words(measure),
        line_value="" if line is None else f"{line:.2f}".lstrip("0"),
        run=RUN,
        ends=(clock(shown[0]["at"]), clock(shown[-1]["at"])) if shown else ("", ""),
        left_out=len(history) - len(shown),
    )


def dots(history: Sequence[Mapping[str, Any]], measure: Measure) -> list[Dot]:
    """Where each take stands. Takes come in bursts, so they are spread evenly: in order, not by the clock."""
    marks = _marks(history)
    return [
        Dot(
            str(entry["take"]),
            _across(place, len(history)),
            None if entry[measure] is None else round(100 * (1 - _part(entry[measure])), 2),
            marks[str(entry["model"])],
            bool(entry["passed"]),
            _words(entry),
            str(entry.get("picture") or ""),
        )
        for place, entry in enumerate(history)
    ]


def curve(points: Sequence[Mapping[str, float]], *, gate: float, count: int, basis: str) -> str:
    """What a gate costs: the share of strangers let in and of the actor's own pictures kept, at every cosine.

    Args:
        points: ``threshold`` (raw cosine, rising), ``calibrated``, ``far`` and ``tar``, all 0 to 1 but the first; see
            `Calibration.far_tar_curve`.
        gate: the calibrated score asked for.
        count: references that the fit is for.
        basis: what the fit was made on, in words.
    """
    shown = [point for point in points if point["threshold"] >= LEAST_COSINE]
    at = next((point for point in shown if point["calibrated"] >= gate), None)
    return fill(
        "curve.html",
        strangers=_path([(_along(p["threshold"]), 100 * (1 - p["far"])) for p in shown]),
        kept=_path([(_along(p["threshold"]), 100 * (1 - p["tar"])) for p in shown]),
        x=None if at is None else _along(at["threshold"]),
        at=at,
        gate=gate,
        count=count,
        basis=basis,
        ticks=[LEAST_COSINE + (1 - LEAST_COSINE) * part / 4 for part in range(5)],
        points=[(_along(p["threshold"]), p) for p in shown[::2]],
    )


def _along(cosine: float) -> float:
    return round(100 * (cosine - LEAST_COSINE) / (1 - LEAST_COSINE), 2)


def _trend(drawn: Sequence[Dot]) -> str:
    """The running mean of the last few, as a path in a box of 100 by 100."""
    seen = [(dot.x, dot.y) for dot in drawn if dot.y is not None]
    means = [(x, fmean(y for _, y in seen[max(0, n - RUN + 1) : n + 1])) for n, (x, _) in enumerate(seen)]
    return _path(means) if len(means) > RUN else ""


def _series(history: Sequence[Mapping[str, Any]], measure: Measure) -> list[Series]:
    found = []
    for name, mark in _marks(history).items():
        own = [entry for entry in history if str(entry["model"]) == name]
        scores = [entry[measure] for entry in own if entry[measure] is not None]
        passed = [bool(entry["passed"]) for entry in own if entry[measure] is not None]
        mean, share = (fmean(scores), fmean(passed)) if scores else (None, None)
        found.append(Series(name or "No model named", mark, len(own), mean, share))
    return found


def _marks(history: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A kind of dot for each model, in the order in which they appear."""
    names = dict.fromkeys(str(entry["model"]) for entry in history)
    return {name: min(place, MARKS - 1) for place, name in enumerate(names)}


def _words(entry: Mapping[str, Any]) -> str:
    when = f"{clock(entry['at'])} · {entry['model'] or 'no model named'}"
    if entry["calibrated"] is None and entry["raw"] is None:
        return f"Not scorable · {when}"
    scores = [f"{name} {entry[key]:.2f}" for name, key in (("score", "calibrated"), ("cosine", "raw")) if entry[key]]
    verdict = "passed" if entry["passed"] else "below the gate"
    return f"{', '.join(scores)}, {verdict} · {when}".capitalize()


def _line_words(measure: Measure) -> str:
    return "the gate" if measure == "calibrated" else "how alike the actor’s own frames are"


def _across(place: int, count: int) -> float:
    return round(INSET + (100 - 2 * INSET) * (place + 0.5) / max(1, count), 3)


def _part(value: float) -> float:
    return max(0.0, min(1.0, value))


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Straight lines from point to point."""
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) if points else ""
