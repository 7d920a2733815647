"""The references that a character's faces are measured against: a set with a digest, a mean and a ceiling.

It is plain JSON, so that it travels between steps and is kept with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError

__all__ = ["References", "ceiling_of", "make_references", "mean_of", "read_references"]

_DIGITS = 6
_DIGEST_DIGITS = 4  # a face that is read again on another machine differs in the sixth digit

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class References:
    """References as they are measured against.

    Attributes:
        identity: the normalised mean of the members' embeddings, D.
        second: that of the second recogniser's, or None.
        ceiling, second_ceiling: see `ceiling_of`; None for a single member.
        count: how many members there are.
        digest: stands for the faces in the set, whatever their files are called and in whichever order they came.
    """

    embedder: str
    domain: str
    identity: Floats
    count: int
    digest: str
    ceiling: float | None
    second_embedder: str = ""
    second: Floats | None = None
    second_ceiling: float | None = None


def make_references(
    members: Sequence[Mapping[str, Any]], *, embedder: str, domain: str, second_embedder: str = ""
) -> dict[str, Any]:
    """A set of references as JSON.

    Args:
        members: faces of one person; each with ``embedding`` (of length one) and, where there is a second recogniser,
            ``second``; whatever else they say (file, at, view, box) is kept. Those without an embedding are left out.
        embedder, second_embedder: SHA-256 of the recognisers' files.
        domain: of the face pack.

    Returns:
        ``embedder, domain, second_embedder, count, digest, identity, second_identity, members`` and ``ceiling``, which
        has ``raw`` and ``second``.

    Raises:
        InputError: no member has an embedding, or their mean is nothing.
    """
    kept = [dict(member) for member in members if len(member.get("embedding") or ())]
    if not kept:
        raise InputError(
            "None of these pictures shows a face that can be measured. Choose sharper ones, in which the face is "
            "larger and turned to the camera."
        )
    embeddings = np.array([member["embedding"] for member in kept], np.float64)
    with_second = bool(second_embedder) and all(len(member.get("second") or ()) for member in kept)
    seconds = np.array([member["second"] for member in kept], np.float64) if with_second else None
    for member in kept:
        member["embedding"] = _short(member["embedding"])
        member["second"] = _short(member.get("second") or ()) if with_second else []
    return {
        "embedder": embedder,
        "domain": domain,
        "second_embedder": second_embedder if with_second else "",
        "count": len(kept),
        "digest": _digest(embedder, embeddings),
        "identity": _short(mean_of(embeddings)),
        "second_identity": _short(mean_of(seconds)) if seconds is not None else [],
        "members": kept,
        "ceiling": {"raw": ceiling_of(embeddings), "second": ceiling_of(seconds) if seconds is not None else None},
    }


def mean_of(embeddings: Floats) -> Floats:
    """The normalised mean of embeddings, N x D.

    Raises:
        InputError: they cancel out, or are not numbers.
    """
    mean = np.asarray(embeddings, np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not np.isfinite(length) or length < 1e-6:
        raise InputError("These faces have no mean: they are no pictures of one person. Choose others.")
    found: Floats = mean / length
    return found


def ceiling_of(embeddings: Floats) -> float | None:
    """How near the person comes to themselves: each picture's cosine to the mean of the others, averaged.

    No generated picture can be expected to come nearer. None for a single picture.
    """
    if len(embeddings) < 2:
        return None
    others = embeddings.sum(axis=0) - embeddings
    lengths = np.linalg.norm(others, axis=1)
    cosines = np.einsum("nd,nd->n", embeddings, others) / np.maximum(lengths, 1e-9)
    return round(float(cosines.mean()), _DIGITS)


def read_references(value: Mapping[str, Any], embedder: str) -> References:
    """References from their JSON, checked.

    Args:
        embedder: the recogniser that faces will be compared by.

    Raises:
        InputError: they were made by another recogniser, or are no references.
    """
    try:
        made_by, count = str(value["embedder"]), int(value["count"])
        identity = _unit(value["identity"])
        ceilings = value.get("ceiling") or {}
        second = _unit(value["second_identity"]) if value.get("second_identity") else None
        found = References(
            embedder=made_by,
            domain=str(value.get("domain", "")),
            identity=identity,
            count=count,
            digest=str(value.get("digest", "")),
            ceiling=_number(ceilings.get("raw")),
            second_embedder=str(value.get("second_embedder", "")) if second is not None else "",
            second=second,
            second_ceiling=_number(ceilings.get("second")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"These are no references ({error}); make them from pictures of the person.") from None
    if count < 1:
        raise InputError("These references have no members; make them from pictures of the person.")
    if made_by != embedder:
        raise InputError(
            f"These references were made by the recogniser {made_by[:12]}, the face pack that is chosen has "
            f"{embedder[:12]}, and what two recognisers say cannot be compared. Choose the pack that made them, or "
            "make the references again with this one."
        )
    return found


def _unit(values: Any) -> Floats:
    vector = np.asarray(values, np.float64)
    if vector.ndim != 1 or not abs(float(np.linalg.norm(vector)) - 1) < 0.02:
        raise ValueError("the identity is not of length one")
    found: Floats = vector / np.linalg.norm(vector)
    return found


def _number(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(float(value)) else None


def _short(values: Any) -> list[float]:
    """Six digits: what a recogniser computes in single precision has no more."""
    rounded: list[float] = np.round(np.asarray(values, np.float64), _DIGITS).tolist()
    return rounded


def _digest(embedder: str, embeddings: Floats) -> str:
    rows = sorted((np.round(row, _DIGEST_DIGITS) + 0.0).astype(np.float32).tobytes() for row in embeddings)
    return hashlib.sha256(b"".join([embedder.encode(), *rows])).hexdigest()
