"""Scores at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import TakeInfo

__all__ = ["best_of", "in_words"]


def in_words(score: Mapping[str, Any] | None) -> str:
    """The calibrated score with the cosine beside it, and whether it passed the gate."""
    if score is None:
        return "not scored"
    if not score["scorable"]:
        return "not scorable"
    figure = f"raw {score['raw']:.2f}"
    if score["calibrated"] is not None:
        figure = f"score {score['calibrated']:.2f} ({figure})"
    return figure + {True: ", passed", False: ", not passed"}.get(score["passed"], "")


def best_of(takes: Sequence[TakeInfo]) -> TakeInfo:
    """The take that is most surely the person; of takes without a score the first."""
    return max(takes, key=lambda take: (take.score or {}).get("raw") or -2.0)
