"""Whose face is like this one, among all that is stored: exact, over a million faces, and never across recognisers.

The answer comes from a copy on the disk (see `data.vectors`) that is brought up to date before it is asked. What the
copy has seen is told by the number of rows, a sum over their ids and times, and the last row's number: rows that were
only added are added to it; after anything else it is made again. Where no copy can be kept, DuckDB itself answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import StoreError
from data import embeddings
from data.store import Store
from data.vectors import WIDTH, DamagedCopy, VectorIndex

__all__ = ["Likeness"]

_TOGETHER = 8192
_TRIES = 3
_FEW = 65_536  # rows that are added to a copy; with more it is made again, which needs less memory
_EVERY = 2**62

Part = tuple[list[str], NDArray[np.floating]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of the database a copy holds: rows, the sum over them, and the number of the last."""

    rows: int = 0
    sum: int = 0
    last: int = -1

    def __str__(self) -> str:
        return f"{self.rows} {self.sum} {self.last}"


class Likeness:
    """Search by face in one home.

    Args:
        folder: for the copies; may be deleted while nobody uses it.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._door = threading.Lock()
        self._copies: dict[str, tuple[VectorIndex, int]] = {}

    def nearest(
        self, vector: Sequence[float], embedder: str, k: int = 10, character: str | None = None
    ) -> list[dict[str, Any]]:
        """Takes by the cosine of their faces to this one, best first: ``take`` and ``cosine``.

        Args:
            vector: 512 numbers of length one, by this embedder.
            character: id; only takes that show it.

        Raises:
            InputError: the vector is none.
        """
        wanted = embeddings.check_unit(vector)
        within = None
        if character is not None:
            within = {row["id"] for row in self._store.read("SELECT id FROM takes WHERE character = ?", [character])}
        try:
            found = self._ask(wanted, embedder, k, within)
        except StoreError:  # a disk too full for a copy still holds the embeddings
            return embeddings.nearest(self._store, wanted, embedder, k, character)
        return [{"take": take, "cosine": cosine} for take, cosine in found]

    def _ask(self, wanted: Sequence[float], embedder: str, k: int, within: set[str] | None) -> list[tuple[str, float]]:
        try:
            return self._copy(embedder).nearest(np.asarray(wanted), k, within)
        except DamagedCopy:
            return self._copy(embedder, anew=True).nearest(np.asarray(wanted), k, within)

    def _copy(self, embedder: str, anew: bool = False) -> VectorIndex:
        """The copy, with all that is in the database now."""
        with self._door:
            commits = self._store.commits
            copy, looked = self._copies.get(embedder, (None, -1))
            if copy is None:
                copy = VectorIndex(self._folder, embedder)
            if looked != commits or anew:
                self._bring_up(copy, anew)
                self._copies[embedder] = copy, commits
            return copy

    def _bring_up(self, copy: VectorIndex, anew: bool) -> None:
        for _ in range(_TRIES):  # somebody may write while we read; then what was read does not add up
            now = self._seen(copy.embedder)
            if copy.state == str(now) and not anew:
                return
            if not anew and self._added(copy, now):
                return
            copy.rewrite(self._parts(copy.embedder, -1, now.last), str(now))
            if copy.rows == now.rows:
                return
            anew = True
        copy.add([], np.zeros((0, WIDTH)), "")  # so that the next look makes it again

    def _added(self, copy: VectorIndex, now: _Seen) -> bool:
        """Whether the copy lacked a few new rows and nothing else, and has them now."""
        before = self._kept(copy)
        if not before.rows or now.rows - before.rows > _FEW:
            return False
        parts = list(self._parts(copy.embedder, before.last, now.last))
        if sum(len(ids) for ids, _ in parts) != now.rows - before.rows:
            return False
        for ids, vectors in parts:
            copy.add(ids, vectors)
        copy.add([], np.zeros((0, WIDTH)), str(now))
        return True

    def _kept(self, copy: VectorIndex) -> _Seen:
        """What the copy has seen, if the database still has just that; else nothing."""
        try:
            seen = _Seen(*map(int, copy.state.split()))
        except (ValueError, TypeError):
            return _Seen()
        same = seen.rows == copy.rows and self._seen(copy.embedder, seen.last) == seen
        return seen if same else _Seen()

    def _seen(self, embedder: str, last: int = _EVERY) -> _Seen:
        """What there is in the database, up to a row's number."""
        sql = """
            SELECT count(*) AS rows, coalesce(bit_xor(hash(take, "at")), 0) AS sum, coalesce(max(rowid), -1) AS last
            FROM embeddings WHERE embedder = ? AND rowid <= ?
        """
        [row] = self._store.read(sql, [embedder, last])
        return _Seen(**row)

    def _parts(self, embedder: str, after: int, last: int) -> Iterator[Part]:
        """Ids and vectors of rows, in the order of their numbers, as they are read."""
        sql = "SELECT take, vector FROM embeddings WHERE embedder = ? AND rowid BETWEEN ? AND ? ORDER BY rowid"
        for start in range(after + 1, last + 1, _TOGETHER):
            columns = self._store.columns(sql, [embedder, start, min(last, start + _TOGETHER - 1)])
            if len(columns["take"]):
                yield columns["take"].tolist(), np.stack(columns["vector"].tolist())
