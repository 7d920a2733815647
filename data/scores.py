"""Scores of takes: how like the character they are, by which recogniser, against which references.

What could not be scored has no figures at all: a face that was not found is no face that is unlike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from blocks.errors import InputError
from data import embeddings
from data.store import Connection, Store

__all__ = ["history", "read_score", "record"]

_FIGURES = ("raw", "calibrated", "gate")
_EMBEDDINGS = ("embedding", "second_embedding")


def read_score(score: Mapping[str, Any]) -> dict[str, Any]:
    """A score as it is kept: checked, and without embeddings, which have a table of their own.

    Args:
        score: as `blocks.scores` gives it.

    Raises:
        InputError: it is no score, or holds a figure that is no number.
    """
    kept = {name: value for name, value in score.items() if name not in _EMBEDDINGS}
    if not isinstance(kept.get("scorable"), bool):
        raise InputError("This is no score: it does not say whether the picture is scorable.")
    for name in _FIGURES:
        value = kept.get(name)
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
            raise InputError(f"This score's {name} is {value!r}, which is no number; score the picture again.")
    if not kept["scorable"] and kept.get("raw") is not None:
        raise InputError("A picture that is not scorable has no raw score; score it again.")
    others = kept.get("characters")
    if isinstance(others, list):
        kept["characters"] = [{k: v for k, v in one.items() if k not in _EMBEDDINGS} for one in others]
    return kept


def record(connection: Connection, take: str, score: Mapping[str, Any], at: float) -> None:
    """Write a take's score and the embedding that came with it; runs inside a store change.

    A score by the same recogniser and references takes the place of an earlier one.

    Raises:
        InputError: it is no score, or its embedding is none.
    """
    kept = read_score(score)
    second = kept.get("second")
    row = {
        "take": take,
        "embedder": str(kept.get("embedder") or ""),
        "reference_set": str(kept.get("references") or ""),
        "at": at,
        "scorable": kept["scorable"],
        "passed": kept.get("passed"),
        "second": second.get("raw") if isinstance(second, Mapping) else None,
        "content": json.dumps(kept, allow_nan=False),
    }
    connection.put("scores", [row | {name: kept.get(name) for name in _FIGURES}])
    if score.get("embedding"):
        embeddings.record(connection, take, row["embedder"], score["embedding"], at)


def history(store: Store, character: str, limit: int = 1000) -> list[dict[str, Any]]:
    """The newest scores of a character's takes, oldest first (see `pipelines.ledger.Ledger.score_history`)."""
    rows = store.read(
        """SELECT t."at" AS "at", s.take, t.model, s.embedder, s.scorable, s.raw, s.calibrated, s.passed, s.gate,
                  s.second
           FROM scores AS s JOIN takes AS t ON t.id = s.take
           WHERE t.character = ? ORDER BY t.sequence DESC LIMIT ?""",
        (character, limit),
    )
    return rows[::-1]
