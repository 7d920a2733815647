"""What may go when the disk fills up: look first, then sweep into the trash, then perhaps take it back.

    use = disk_use(store, blobs)
    going = plan(store, blobs, older_than=7 * 86400)
    sweep(store, blobs, going, who="ada")       # nothing is deleted yet
    undo(store, blobs, who="ada")               # or, for good: empty_trash(store, blobs, who="ada")

Nobody loses what is in use: blobs of class "kept" stay, and so does every blob that a queued or running
job was given or that its steps have made. A result that names a swept blob goes with it, so that no step is
ever answered with a file that is not there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from blocks.errors import DiskFull, InputError, UnknownName
from data import audit
from data.blobs import Blobs
from data.connection import Connection
from data.reserve import keep_reserve, release_reserve
from data.store import Store
from data.usage import REFERENCE, DiskUse, Use, disk_use

__all__ = ["DiskUse", "Going", "Plan", "Use", "disk_use", "empty_trash", "orphans", "plan", "sweep", "undo"]

T = TypeVar("T")

CLASSES = ("cache", "transient")
ORPHAN = "orphan"
GRACE = 3600.0
"""Seconds that a blob without a row is left alone: the step that made it has not reported yet."""

_ALIVE = "state IN ('QUEUED', 'RUNNING')"

# Whatever a job that is not over was given, or has made so far.
_IN_USE = f"""
    WITH alive AS (SELECT id, inputs, options FROM jobs WHERE {_ALIVE}),
    texts AS (
        SELECT inputs AS text FROM alive
        UNION ALL SELECT options FROM alive
        UNION ALL SELECT outputs FROM results WHERE job IN (SELECT id FROM alive)
        UNION ALL SELECT outputs FROM results WHERE key IN (SELECT key FROM steps WHERE job IN (SELECT id FROM alive))
    )
    SELECT DISTINCT unnest(regexp_extract_all(text, {REFERENCE}, 1)) AS digest FROM texts
"""
_IN_ANY_RESULT = f"SELECT unnest(regexp_extract_all(outputs, {REFERENCE}, 1)) AS digest FROM results"
_NAMES_ANY_OF = f"list_has_any(regexp_extract_all(outputs, {REFERENCE}, 1), ?)"


@dataclass(frozen=True, slots=True)
class Going:
    """A blob that would go.

    Attributes:
        kind: its class, or "orphan" if no fact knows it.
        touched: see `Blobs.touched`; one that is put again before the sweep stays.
    """

    digest: str
    size: int
    kind: str
    touched: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go; look at it, then `sweep`."""

    going: tuple[Going, ...]

    @property
    def bytes(self) -> int:
        return sum(blob.size for blob in self.going)

    @property
    def by_class(self) -> dict[str, Use]:
        """How much of each kind."""
        kinds = sorted({blob.kind for blob in self.going})
        sizes = {kind: [blob.size for blob in self.going if blob.kind == kind] for kind in kinds}
        return {kind: Use(len(found), sum(found)) for kind, found in sizes.items()}


def plan(store: Store, blobs: Blobs, classes: Collection[str] = CLASSES, older_than: float = 0.0) -> Plan:
    """What would go now.

    Args:
        classes: any of "cache" and "transient".
        older_than: seconds since the blob was recorded.

    Raises:
        InputError: "kept", or no class at all.
    """
    if not classes or not set(classes) <= set(CLASSES):
        raise InputError(f"Only blobs of the classes {' and '.join(CLASSES)} can be cleaned, not {sorted(classes)}.")
    found = store.read(
        f"""SELECT digest, size, class AS kind FROM blobs
            WHERE class IN (SELECT unnest(?)) AND trashed_at IS NULL AND created_at <= ?
            AND digest NOT IN ({_IN_USE}) ORDER BY created_at, digest""",
        [list(classes), time.time() - older_than],
    )
    going = []
    for row in found:
        with suppress(UnknownName):  # a row without its file frees nothing
            going.append(Going(row["digest"], row["size"], row["kind"], blobs.touched(row["digest"])))
    return Plan(tuple(going))


def orphans(store: Store, blobs: Blobs, grace: float = GRACE) -> Plan:
    """Files that no fact knows and nobody has put for a while: what a killed step left. Sweep them like any plan."""
    known = {row["digest"] for row in store.read("SELECT digest FROM blobs")}
    named = {row["digest"] for row in store.read(f"{_IN_USE} UNION SELECT digest FROM ({_IN_ANY_RESULT})")}
    before = (time.time() - grace) * 1e9
    going = []
    for digest in set(blobs.digests()) - known - named:
        with suppress(UnknownName, FileNotFoundError):
            touched = blobs.touched(digest)
            if touched <= before:
                going.append(Going(digest, blobs.size(digest), ORPHAN, touched))
    return Plan(tuple(sorted(going, key=lambda blob: blob.digest)))


def sweep(store: Store, blobs: Blobs, plan: Plan, who: str) -> Use:
    """Move what a plan says to the trash, and forget the results that named it.

    What has come into use since the plan was made, or is put again while this runs, stays.

    Returns:
        What really went.
    """

    def mark(conn: Connection) -> tuple[Going, ...]:
        going = _still_going(conn, plan)
        if going:
            _forget(conn, going, who)
        return going

    marked = _even_when_full(store, mark)
    # Facts first, files second: a crash in between leaves files that nobody names, never names without files.
    spared = {blob.digest for blob in marked if not _trash(blobs, blob)}
    if spared:
        _even_when_full(store, lambda conn: _spare(conn, spared))
    gone = [blob.size for blob in marked if blob.digest not in spared]
    return Use(len(gone), sum(gone))


def undo(store: Store, blobs: Blobs, who: str) -> Use:
    """Take back the last sweep whose trash was not emptied: its files and the results that named them.

    Raises:
        InputError: there is none.
    """
    last = store.read("SELECT max(sweep) AS sweep FROM swept_blobs")[0]["sweep"]
    if last is None:
        raise InputError("There is no sweep to undo: none was made, or its trash was emptied.")
    swept = store.read(
        "SELECT digest, size FROM swept_blobs JOIN blobs USING (digest) WHERE sweep = ? ORDER BY digest", [last]
    )
    back = {row["digest"]: row["size"] for row in swept if _restore(blobs, row["digest"])}
    lost = [row["digest"] for row in swept if row["digest"] not in back]

    def remember(conn: Connection) -> None:
        columns = ", ".join(f'"{name}"' for name in _columns(conn, "results"))
        conn.execute(
            f"INSERT INTO results ({columns}) SELECT {columns} FROM swept_results "
            f"WHERE sweep = ? AND NOT {_NAMES_ANY_OF} ON CONFLICT DO NOTHING",
            [last, lost],
        )
        conn.put("blobs", [{"digest": digest, "trashed_at": None} for digest in back])
        conn.execute("DELETE FROM swept_results WHERE sweep = ?", [last])
        conn.execute("DELETE FROM swept_blobs WHERE sweep = ?", [last])
        audit.append(conn, who, "clean.undo", f"sweep {last}", {"files": len(back), "lost": len(lost)})

    store.write(remember).result()
    return Use(len(back), sum(back.values()))


def empty_trash(store: Store, blobs: Blobs, who: str) -> Use:
    """Delete for good what was swept; there is no way back."""
    files, freed = blobs.empty_trash()  # files first: on a full disk they make the room to write the rest down

    def forget(conn: Connection) -> None:
        conn.execute("DELETE FROM blobs WHERE trashed_at IS NOT NULL")
        conn.execute("DELETE FROM swept_blobs")
        conn.execute("DELETE FROM swept_results")
        audit.append(conn, who, "clean.empty_trash", f"{files} blobs", {"files": files, "bytes": freed})

    store.write(forget).result()
    keep_reserve(store.home)
    return Use(files, freed)


def _still_going(conn: Connection, plan: Plan) -> tuple[Going, ...]:
    """The plan, less what has come into use since; asked inside the change, so nothing can come between."""
    digests = [blob.digest for blob in plan.going]
    known = {
        row["digest"]: row["class"]
        for row in conn.rows(
            "SELECT digest, class FROM blobs WHERE trashed_at IS NULL AND digest IN (SELECT unnest(?))", [digests]
        )
    }
    named = {row["digest"] for row in conn.rows(_IN_ANY_RESULT)}
    in_use = {row["digest"] for row in conn.rows(_IN_USE)}

    def may_go(blob: Going) -> bool:
        if blob.digest in in_use:
            return False
        if blob.kind == ORPHAN:
            return blob.digest not in known and blob.digest not in named
        return known.get(blob.digest) in CLASSES

    return tuple(blob for blob in plan.going if may_go(blob))


def _forget(conn: Connection, going: tuple[Going, ...], who: str) -> None:
    digests, now = [blob.digest for blob in going], time.time()
    sizes = {kind: use.bytes for kind, use in Plan(going).by_class.items()}
    entry = audit.append(conn, who, "clean.sweep", f"{len(going)} blobs", {"files": len(going), "bytes": sizes})
    new = {"class": "transient", "created_at": now, "trashed_at": now}
    conn.put("blobs", [{"digest": b.digest, "trashed_at": now} for b in going if b.kind != ORPHAN])
    conn.put("blobs", [{"digest": b.digest, "size": b.size, **new} for b in going if b.kind == ORPHAN])
    conn.add("swept_blobs", [{"sweep": entry.sequence, "digest": digest} for digest in digests])
    columns = ", ".join(f'"{name}"' for name in _columns(conn, "results"))
    conn.execute(
        f"INSERT INTO swept_results (sweep, {columns}) SELECT ?, {columns} FROM results WHERE {_NAMES_ANY_OF}",
        [entry.sequence, digests],
    )
    conn.execute(f"DELETE FROM results WHERE {_NAMES_ANY_OF}", [digests])


def _spare(conn: Connection, digests: Iterable[str]) -> None:
    """These were put again at the last moment: they are not in the trash, so nothing may say so."""
    conn.put("blobs", [{"digest": digest, "trashed_at": None} for digest in digests])
    conn.execute("DELETE FROM swept_blobs WHERE digest IN (SELECT unnest(?))", [list(digests)])


def _even_when_full(store: Store, change: Callable[[Connection], T]) -> T:
    """Cleaning is what a person does when the disk is full, so it may use the space set aside."""
    try:
        return store.write(change).result()
    except DiskFull:
        if not release_reserve(store.home):
            raise
        return store.write(change).result()


def _trash(blobs: Blobs, blob: Going) -> bool:
    try:
        return blobs.trash(blob.digest, unless_touched_since=blob.touched)
    except UnknownName:  # gone already, which is what was wanted
        return True


def _restore(blobs: Blobs, digest: str) -> bool:
    try:
        blobs.restore(digest)
    except UnknownName:
        return False
    return True


def _columns(conn: Connection, table: str) -> list[str]:
    return [row["column_name"] for row in conn.rows(f"DESCRIBE {table}")]
