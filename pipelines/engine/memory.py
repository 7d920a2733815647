"""What the runner remembers of results, so that it need not ask the store at every turn.

Everything here can be forgotten at any time; it only saves questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from blocks.errors import CorruptBlob, LabError
from data import results
from data.blobs import Blobs
from data.records import Result
from data.store import Store

__all__ = ["Memory"]

Outputs = dict[str, Any]

_MOST = 4096  # results and keys that are kept in mind


class Memory:
    """Results by key, and how long blocks usually take."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store, self._blobs = store, blobs
        self._recent: dict[str, Outputs] = {}
        self._absent: set[str] = set()
        self._seconds: dict[str, float] = {}

    def known(self, keys: Iterable[str]) -> dict[str, Outputs]:
        """Results that can be used: known by key, and their files still there."""
        keys = list(keys)
        found = {key: self._recent[key] for key in keys if key in self._recent}
        sought = [key for key in keys if key not in found]
        found.update(results.lookup(self._store, sought))
        if len(self._absent) > _MOST:
            self._absent.clear()  # it only takes longer to record what is not known to be new
        self._absent.update(key for key in sought if key not in found)
        return {key: outputs for key, outputs in found.items() if self._kept(outputs)}

    def recent(self, key: str) -> Outputs | None:
        """A result of a moment ago, which the store may not have yet."""
        outputs = self._recent.get(key)
        return outputs if outputs is not None and self._kept(outputs) else None

    def learn(self, result: Result) -> bool:
        """A step is finished; whether its key is known to be new to the store."""
        self._recent[result.key] = result.outputs
        if len(self._recent) > _MOST:
            del self._recent[next(iter(self._recent))]
        new = result.key in self._absent
        self._absent.discard(result.key)
        return new

    def usual(self, blocks: Iterable[str]) -> dict[str, float]:
        """Seconds that blocks usually take; the store is asked once a block, then this run's times are followed."""
        blocks = list(blocks)
        unknown = [block for block in blocks if block not in self._seconds]
        if unknown:
            self._seconds.update(results.typical_seconds(self._store, unknown))
        return {block: self._seconds[block] for block in blocks if block in self._seconds}

    def took(self, block: str, seconds: float) -> None:
        """A block has just taken so long: what is usual follows, an eighth of the way."""
        before = self._seconds.setdefault(block, seconds)
        self._seconds[block] = before + (seconds - before) / 8

    def distrust(self, inputs: Any) -> None:
        """A file among these is damaged: take bad ones away, so that what made them runs again."""
        for ref in results.blob_refs(inputs):
            try:
                self._blobs.verify(ref.digest)
            except CorruptBlob:
                self._blobs.trash(ref.digest)
            except LabError:
                continue

    def forget(self) -> None:
        """Ask the store again from now on: some of this may be gone."""
        self._recent.clear()
        self._absent.clear()

    def _kept(self, outputs: Outputs) -> bool:
        refs = list(results.blob_refs(outputs))
        return all(self._blobs.has(ref.digest) and self._blobs.size(ref.digest) == ref.size for ref in refs)
