"""Takes: every picture that was generated, with all that is needed to make it again or to judge it.

A take is named by what it came from (job, step, item and the bytes of its picture), so to record it twice is to
record it once. What a person says of it (stars, kept, hidden) is changed in place and written into the audit chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from blocks.errors import InputError, UnknownName
from data import audit
from data.records import FileRef, TakeInfo
from data.results import blob_refs, remember_blobs
from data.store import Connection, Store

__all__ = ["MOST_STARS", "TakeMark", "change", "find", "get", "marks", "record", "take_id"]

MOST_STARS = 5

_PLAIN = (
    "id", "character", "job", "batch", "at", "who", "seed", "prompt", "model", "stars", "kept", "hidden", "attempt",
    "label",
)  # fmt: skip
_FILE = ("picture", "name", "media_type", "size")
_COLUMNS = ", ".join(f't."{name}"' for name in (*_PLAIN, *_FILE, "settings", "parents"))
_WITH_SCORE = f"""
    WITH shown AS (SELECT * FROM takes AS t WHERE {{where}} ORDER BY sequence DESC LIMIT ?),
    newest AS (
        SELECT take, arg_max(content, "at") AS content FROM scores
        WHERE take IN (SELECT id FROM shown) GROUP BY take
    )
    SELECT {_COLUMNS}, s.content AS score FROM shown AS t LEFT JOIN newest AS s ON s.take = t.id
    ORDER BY t.sequence DESC
"""

_MARKS = """
    WITH shown AS (
        SELECT id, picture, label, prompt, stars, kept, sequence FROM takes
        WHERE character = ? AND NOT hidden ORDER BY sequence DESC LIMIT ?
    ), newest AS (
        SELECT take, arg_max({'c': calibrated, 's': scorable, 'p': passed}, "at") AS said FROM scores
        WHERE take IN (SELECT id FROM shown) GROUP BY take
    )
    SELECT t.id, t.picture, CASE WHEN t.label <> '' THEN t.label ELSE t.prompt[:60] END AS label, t.stars, t.kept,
        n.said.c AS score, coalesce(n.said.s AND n.said.p IS NOT true, false) AS flagged
    FROM shown AS t LEFT JOIN newest AS n ON n.take = t.id ORDER BY t.sequence DESC
"""


@dataclass(frozen=True, slots=True)
class TakeMark:
    """As much of a take as a gallery of thousands shows.

    Attributes:
        picture: its digest.
        label: what a chain calls it, or how its prompt begins.
        score: calibrated, or None.
        flagged: it was scored and stayed below the gate.
    """

    id: str
    picture: str
    label: str = ""
    stars: int = 0
    kept: bool = False
    score: float | None = None
    flagged: bool = False


def take_id(job: str, step: str, item: int, picture: str) -> str:
    """The name of what a step gave: 16 hex characters."""
    return hashlib.sha256(f"{job}\n{step}\n{item}\n{picture}".encode()).hexdigest()[:16]


def record(connection: Connection, take: TakeInfo, step: str = "", item: int = -1) -> bool:
    """Write a take, and keep its picture and the files that its settings name; runs inside a store change.

    Args:
        take: settings in wire form.
        step, item: where in its job it came from.

    Returns:
        False if it was recorded before; nothing is changed then.
    """
    if connection.rows("SELECT 1 FROM takes WHERE id = ?", [take.id]):
        return False
    detail = {"picture": take.picture.digest, "character": take.character, "job": take.job}
    entry = audit.append(connection, take.who, "take.record", take.id, detail)
    row = {name: getattr(take, name) for name in _PLAIN} | _file_columns(take.picture)
    written = {"settings": json.dumps(take.settings), "parents": json.dumps(take.parents)}
    connection.add("takes", [row | written | {"step": step, "item": item, "sequence": entry.sequence}])
    files = {ref.digest: ref for ref in (take.picture, *blob_refs(take.settings))}
    remember_blobs(connection, files.values(), dict.fromkeys(files, "kept"), take.at)
    return True


def change(connection: Connection, take: str, who: str, action: str, **columns: Any) -> None:
    """Change what a person says of a take: stars, kept, hidden, character.

    Raises:
        UnknownName: there is no such take.
        InputError: so many stars there are not.
    """
    stars = columns.get("stars", 0)
    if not isinstance(stars, int) or not 0 <= stars <= MOST_STARS:
        raise InputError(f"{stars!r} stars cannot be given; give 0 to {MOST_STARS}.")
    if not connection.rows("SELECT 1 FROM takes WHERE id = ?", [take]):
        raise _unknown(take)
    connection.update("takes", [{"id": take, **columns}])
    audit.append(connection, who, action, take, columns)


def get(store: Store, take: str) -> TakeInfo:
    """One take, its settings in wire form.

    Raises:
        UnknownName: there is none.
    """
    rows = store.read(_WITH_SCORE.format(where="t.id = ?"), (take, 1))
    if not rows:
        raise _unknown(take)
    return _take(rows[0])


def find(
    store: Store,
    *,
    character: str | None = None,
    job: str | None = None,
    batch: str | None = None,
    stars: int = 0,
    hidden: bool = False,
    labelled: bool = False,
    before: str | None = None,
    limit: int = 60,
) -> list[TakeInfo]:
    """Takes, newest first; arguments are those of `pipelines.ledger.Ledger.takes`, the character by its id.

    Args:
        labelled: only those that a chain has given a label.
    """
    where, params = ["t.stars >= ?"], [stars]
    wanted: dict[str, Any] = {"character": character, "job": job, "batch": batch}
    for name, value in wanted.items():
        if value is not None:
            where.append(f"t.{name} = ?")
            params.append(value)
    if not hidden:
        where.append("NOT t.hidden")
    if labelled:
        where.append("t.label <> ''")
    if before is not None:
        where.append("t.sequence < (SELECT sequence FROM takes WHERE id = ?)")
        params.append(before)  # type: ignore[arg-type]
    rows = store.read(_WITH_SCORE.format(where=" AND ".join(where)), (*params, max(0, limit)))
    return [_take(row) for row in rows]


def marks(store: Store, character: str, limit: int) -> list[TakeMark]:
    """A character's takes that are not hidden, newest first, with as much of each as a gallery shows."""
    return [TakeMark(**row) for row in store.read(_MARKS, (character, max(0, limit)))]


def _file_columns(ref: FileRef) -> dict[str, Any]:
    return {"picture": ref.digest, "name": ref.name, "media_type": ref.media_type, "size": ref.size}


def _take(row: dict[str, Any]) -> TakeInfo:
    picture = FileRef(row["picture"], row["name"], row["media_type"], row["size"])
    parents: Sequence[str] = json.loads(row["parents"])
    score = json.loads(row["score"]) if row["score"] else None
    info = TakeInfo(picture=picture, **{name: row[name] for name in _PLAIN})
    return replace(info, settings=json.loads(row["settings"]), score=score, parents=tuple(parents))


def _unknown(take: str) -> UnknownName:
    return UnknownName(f"There is no take {take[:80]!r}; `takes` lists those there are.")
