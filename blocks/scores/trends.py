"""Many scores at once: which takes are the least like their character, and how models and casts do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np

from blocks.errors import InputError
from blocks.scores.calibration import Calibration
from blocks.scores.references import read_references

__all__ = ["by_model", "distinctness", "worst"]


def worst(history: Iterable[Mapping[str, Any]], most: int = 10) -> list[dict[str, Any]]:
    """The takes that are least like the character, the worst first; what was not scorable is nobody's fault.

    Args:
        history: scores with ``raw``, ``calibrated`` and ``scorable`` each; whatever else they say is kept.
    """
    scored = [dict(one) for one in history if one["scorable"] and one["raw"] is not None]
    return sorted(scored, key=lambda one: (_sureness(one), one["raw"]))[: max(0, most)]


def by_model(history: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How each model does, the best first: ``model``, ``count``, and means over what could be measured, else None.

    ``raw`` and ``calibrated`` are means; ``passed`` is the share of those that the gate could judge; ``unscorable`` the
    share in which no face could be measured.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in history:
        groups.setdefault(str(one.get("model") or ""), []).append(one)
    rows = [
        {
            "model": model,
            "count": len(scores),
            "unscorable": fmean(not one["scorable"] for one in scores),
            **{name: _mean(one[name] for one in scores) for name in ("raw", "calibrated", "passed")},
        }
        for model, scores in groups.items()
    ]
    return sorted(rows, key=lambda row: -(row["raw"] if row["raw"] is not None else -2))


def distinctness(cast: Mapping[str, Mapping[str, Any]], calibration: Calibration | None = None) -> list[dict[str, Any]]:
    """How easily two characters of a cast are taken for each other, the most alike first.

    Args:
        cast: references by character (see `blocks.scores.references.make_references`), with their members.

    Returns:
        For each pair ``one, other``; the ``cosine`` of their means; the ``nearest`` that a reference of either comes to
        the other's mean; and, given a calibration, ``mistaken``: the chance that this one is taken for the other.

    Raises:
        InputError: they were made by different recognisers, whose numbers cannot be compared.
    """
    embedders = {str(references.get("embedder")) for references in cast.values()}
    if len(embedders) > 1:
        raise InputError(
            "The references of this cast were made by different recognisers, whose numbers cannot be compared. Make "
            "them all again with one face pack."
        )
    read = {name: read_references(references, *embedders) for name, references in cast.items()}
    faces = {name: _members(references) for name, references in cast.items()}
    pairs = []
    for one, other in combinations(read, 2):
        near = [(float((faces[a] @ read[b].identity).max()), read[b].count) for a, b in ((one, other), (other, one))]
        pair: dict[str, Any] = {"one": one, "other": other, "nearest": max(cosine for cosine, _ in near)}
        pair["cosine"] = float(read[one].identity @ read[other].identity)
        if calibration is not None:
            pair["mistaken"] = max(calibration.posterior(cosine, count) for cosine, count in near)
        pairs.append(pair)
    return sorted(pairs, key=lambda pair: -pair["nearest"])


def _members(references: Mapping[str, Any]) -> Any:
    """The members' embeddings, N x D; of references that came without them, their mean."""
    members: Sequence[Any] = [member["embedding"] for member in references.get("members") or ()]
    return np.array(members or [references["identity"]], np.float64)


def _sureness(score: Mapping[str, Any]) -> float:
    return float(score["calibrated"]) if score["calibrated"] is not None else float(score["raw"])


def _mean(values: Iterable[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return fmean(known) if known else None
