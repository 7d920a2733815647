"""Step results by key: the memory that makes a finished step free.

A key that is known is never computed again; forgetting one is always safe.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from data.records import FileRef, Result
from data.store import Connection, Store

__all__ = [
    "blob_refs",
    "forget",
    "lookup",
    "of_job",
    "rates",
    "recipe_of",
    "recipes",
    "record",
    "remember_blobs",
    "typical_seconds",
]


def lookup(store: Store, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Outputs (wire values) of those keys that are known."""
    if not keys:
        return {}
    rows = store.read("SELECT key, outputs FROM results WHERE key IN (SELECT unnest(?))", (list(keys),))
    return {row["key"]: json.loads(row["outputs"]) for row in rows}


def recipe_of(store: Store, key: str) -> dict[str, Any] | None:
    """How the result of a key was made, or None if it is not known."""
    rows = store.read("SELECT recipe, seconds, environment FROM results WHERE key = ?", (key,))
    if not rows:
        return None
    return {**json.loads(rows[0]["recipe"]), "seconds": rows[0]["seconds"], "environment": rows[0]["environment"]}


def recipes(store: Store, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How the results of those keys that are known were made, asked once for all."""
    rows = store.read("SELECT key, recipe FROM results WHERE key IN (SELECT unnest(?))", (list(keys),)) if keys else []
    return {row["key"]: json.loads(row["recipe"]) for row in rows}


def of_job(store: Store, job: str) -> list[str]:
    """Keys first computed by a job."""
    return [row["key"] for row in store.read("SELECT key FROM results WHERE job = ?", (job,))]


def record(
    connection: Connection, results: Sequence[Result], classes: dict[str, str], new: Collection[str] = ()
) -> None:
    """Write results and the blobs they point at, all together; runs inside a store change.

    Args:
        classes: class of each blob digest; one that is not named is "cache".
        new: keys that are known to have no row yet, which are written in a third of the time.
    """
    if not results:
        return
    now = time.time()
    connection.add("results", ({**as_row(r), "created_at": now} for r in results if r.key in new))
    connection.put("results", ({**as_row(r), "created_at": now} for r in results if r.key not in new))
    files = {ref.digest: ref for r in results for ref in blob_refs(r.outputs)}
    remember_blobs(connection, files.values(), classes, now)


def remember_blobs(connection: Connection, files: Iterable[FileRef], classes: dict[str, str], now: float) -> None:
    """Rows for blobs; one that is known keeps its row, but "kept" wins over the lesser classes."""
    refs = list(files)
    if not refs:
        return
    connection.execute(
        """INSERT INTO blobs (digest, size, media_type, name, class, created_at)
           SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?), ?
           ON CONFLICT (digest) DO UPDATE SET
             class = CASE WHEN excluded.class = 'kept' THEN 'kept' ELSE blobs.class END,
             trashed_at = NULL""",
        [
            [r.digest for r in refs],
            [r.size for r in refs],
            [r.media_type for r in refs],
            [r.name for r in refs],
            [classes.get(r.digest, "cache") for r in refs],
            now,
        ],
    )


def as_row(result: Result) -> dict[str, Any]:
    """A result as a row of its table."""
    row = {name: getattr(result, name) for name in Result.__dataclass_fields__}
    return {**row, "recipe": json.dumps(result.recipe), "outputs": json.dumps(result.outputs)}


def forget(connection: Connection, keys: Sequence[str]) -> None:
    """Drop results, so that their steps are computed again when asked for."""
    connection.execute("DELETE FROM results WHERE key IN (SELECT unnest(?))", [list(keys)])


def rates(store: Store, block: str, like: dict[str, Any], most: int = 50) -> list[float]:
    """Seconds a unit of the newest runs of a block whose plain inputs equal `like`; newest first."""
    rows = store.read(
        "SELECT recipe, seconds, units FROM results WHERE block = ? AND units > 0 ORDER BY created_at DESC LIMIT 400",
        (block,),
    )
    found = []
    for row in rows:
        inputs = json.loads(row["recipe"]).get("inputs", {})
        if all(inputs.get(name, {}).get("value") == value for name, value in like.items()):
            found.append(row["seconds"] / row["units"])
    return found[:most]


def typical_seconds(store: Store, blocks: Sequence[str]) -> dict[str, float]:
    """Median seconds of past runs, a block; blocks never run are absent."""
    rows = store.read(
        "SELECT block, median(seconds) AS usual FROM results WHERE block IN (SELECT unnest(?)) GROUP BY block",
        (list(set(blocks)),),
    )
    return {row["block"]: row["usual"] for row in rows}


def blob_refs(value: Any) -> Iterator[FileRef]:
    """Every file that a wire value points at."""
    match value:
        case {"$dict": dict(inner)}:  # the user's own dict, which may look like one of ours
            values: Iterable[Any] = inner.values()
        case {"$blob": digest, "name": name, "type": media_type, "size": size}:
            yield FileRef(digest, name, media_type, size)
            return
        case dict():
            values = value.values()
        case list():
            values = value
        case _:
            return
    for inner_value in values:
        yield from blob_refs(inner_value)
