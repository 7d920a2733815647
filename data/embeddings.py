"""Embeddings of the faces in takes: unit vectors, each with the recogniser that made it.

Vectors of two recognisers mean nothing to each other and are never compared. A vector that is zero, not finite or not
of length one would sort before every real one, so it is refused here and by the table itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from blocks.errors import InputError
from data.store import Connection, Store

__all__ = ["WIDTH", "check_unit", "nearest", "of_take", "record"]

WIDTH = 512


def check_unit(vector: Sequence[float]) -> list[float]:
    """The vector as plain numbers.

    Raises:
        InputError: it has not `WIDTH` numbers, or is not of length one.
    """
    numbers = [float(number) for number in vector]
    length = math.sqrt(math.fsum(n * n for n in numbers)) if all(map(math.isfinite, numbers)) else math.nan
    if len(numbers) != WIDTH or not 0.992 <= length <= 1.008:
        raise InputError(
            f"A face embedding has {WIDTH} numbers and length 1; this one has {len(numbers)} and length {length:.3f}. "
            "Take it from a face that was found."
        )
    return numbers


def record(connection: Connection, take: str, embedder: str, vector: Sequence[float], at: float) -> None:
    """Write the embedding of the face in a take; runs inside a store change."""
    connection.put("embeddings", [{"take": take, "embedder": embedder, "at": at, "vector": check_unit(vector)}])


def nearest(
    store: Store, vector: Sequence[float], embedder: str, k: int = 10, character: str | None = None
) -> list[dict[str, Any]]:
    """Takes by the cosine of their faces, best first, exactly; an equal cosine goes by id.

    Args:
        character: id; only takes that show it.
    """
    whose = "AND t.character = ?" if character is not None else ""
    sql = f"""
        SELECT e.take, array_inner_product(e.vector, ?::FLOAT[{WIDTH}]) AS cosine
        FROM embeddings AS e {"JOIN takes AS t ON t.id = e.take" if whose else ""}
        WHERE e.embedder = ? {whose} ORDER BY cosine DESC, e.take LIMIT ?
    """
    return store.read(sql, [check_unit(vector), embedder, *([character] if whose else []), max(0, k)])


def of_take(store: Store, take: str) -> tuple[str, list[float]] | None:
    """The recogniser and the embedding of the face in a take, the newest; None where no face was read."""
    rows = store.read('SELECT embedder, vector FROM embeddings WHERE take = ? ORDER BY "at" DESC LIMIT 1', (take,))
    return (str(rows[0]["embedder"]), [float(number) for number in rows[0]["vector"]]) if rows else None
