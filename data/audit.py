"""Who did what, as a chain: each entry carries the hash of the one before.

DuckDB opens silently with facts gone when its log was deleted or damaged, so the chain's head (its last
sequence and hash) is also kept in a small file of its own. On opening the two are compared:

    the chain ends at the head              all is well
    the chain goes on past the head         a crash came between a commit and the head; all is well
    the chain ends before the head          facts that were acknowledged are gone; refused
    an entry does not hash to its name      somebody edited it; refused
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blocks.errors import AuditBroken, InputError
from data._disk import disk_errors, write_whole

if TYPE_CHECKING:
    from data.connection import Connection

__all__ = ["ACCEPT", "COLUMNS", "GENESIS", "Entry", "Head", "append", "follow", "read_head", "verify", "write_head"]

COLUMNS = 'sequence, "at", who, action, subject, detail, previous, hash'

ACCEPT = "To go on without what is gone, open the home once with accept_loss; the chain will say so."

# ASCII only: the text of an entry, and so its hash, does not depend on how anybody spells unicode.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class Head(NamedTuple):
    """Where a chain ends.

    Attributes:
        sequence: of the last entry, counted from 1; 0 for the empty chain.
        hash: of the last entry, SHA-256 as 64 hex characters.
    """

    sequence: int
    hash: str


GENESIS = Head(0, "0" * 64)
"""The head of the empty chain."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did.

    Attributes:
        at: seconds since 1970 by the clock of the day, for people; order is by `sequence` alone.
        detail: canonical JSON text.
        previous: hash of the entry before.
        hash: SHA-256 over all other attributes as canonical JSON.
    """

    sequence: int
    at: float
    who: str
    action: str
    subject: str
    detail: str
    previous: str
    hash: str


def append(conn: Connection, who: str, action: str, subject: str, detail: dict[str, Any]) -> Entry:
    """Add an entry inside a change; it is written with the change or not at all.

    Raises:
        InputError: the detail is not plain JSON (a path, a set, a NaN).
    """
    try:
        text = _canonical(detail)
    except (TypeError, ValueError) as error:
        raise InputError(f"The audit detail of {action} on {subject} is not plain JSON: {error}.") from error
    entry = follow(conn.head, time.time(), who, action, subject, text)
    conn.add("audit", [asdict(entry)])
    conn.head = Head(entry.sequence, entry.hash)
    return entry


def follow(head: Head, at: float, who: str, action: str, subject: str, detail: str) -> Entry:
    """The entry that comes after a head."""
    facts = (head.sequence + 1, at, who, action, subject, detail, head.hash)
    return Entry(*facts, hash=_hash(facts))


def verify(rows: Iterable[tuple[Any, ...]], head: Head) -> Head:
    """Walk a whole chain and compare it with its head.

    Args:
        rows: all entries as tuples of `COLUMNS`, by sequence.
        head: what the head file says.

    Returns:
        The head that the chain really has: `head`, or later after a crash.

    Raises:
        AuditBroken: an entry was edited, is missing or out of place, or the chain is shorter than its head.
    """
    last = GENESIS
    for row in rows:
        *facts, written = row
        if facts[0] != last.sequence + 1 or facts[6] != last.hash:
            raise AuditBroken(f"The audit chain has a gap: entry {last.sequence + 1} was removed or moved.")
        if written != _hash(tuple(facts)):
            raise AuditBroken(f"Audit entry {facts[0]} ({facts[3]} on {facts[4]}) was edited after it was written.")
        last = Head(facts[0], written)
        if last.sequence == head.sequence and last.hash != head.hash:
            raise AuditBroken(f"The audit chain is not the one that was kept: entry {last.sequence} is another one.")
    if last.sequence < head.sequence:
        raise AuditBroken(
            f"The audit chain was cut short: entry {head.sequence} was acknowledged, but the database ends at entry "
            f"{last.sequence}. The usual cause is that lab.duckdb.wal was deleted or damaged, or that an older "
            f"lab.duckdb was put in place. {ACCEPT}"
        )
    return last


def read_head(path: Path) -> Head | None:
    """What the head file says; None when there is none.

    Raises:
        AuditBroken: the file is there and cannot be understood.
    """
    try:
        with disk_errors("Reading the audit head", path):
            facts = json.loads(path.read_bytes()) if path.exists() else None
        return None if facts is None else Head(int(facts["sequence"]), str(facts["hash"]))
    except (ValueError, TypeError, KeyError) as error:
        raise AuditBroken(f"The audit head {path} is damaged: it was cut short or edited.") from error


def write_head(path: Path, head: Head) -> None:
    """Replace the head file whole, on the disk before this returns."""
    with disk_errors("Writing the audit head", path):
        write_whole(path, _canonical(head._asdict()).encode())


def _hash(facts: tuple[Any, ...]) -> str:
    return hashlib.sha256(_canonical(facts).encode()).hexdigest()
