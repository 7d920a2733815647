"""Face embeddings as one matrix on the disk, to look through a million of them as fast as memory is read.

    index = VectorIndex(home / "vectors", embedder)
    index.add(["take-1"], vectors, state="1 row")
    index.nearest(vector, k=10)                         # [("take-1", 0.83)]

It is a copy of what DuckDB holds, and may be deleted at any time. Three files: the rows, their ids, and a head that
says how many of both count. The head is written last, so that after a crash the old rows are there or the new ones too;
`state` in it is the caller's word for what of the database the copy has seen. One file set is of one embedder, for
vectors of two mean nothing to each other.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError, StoreError
from data._disk import disk_errors, sync_folder, write_whole

__all__ = ["WIDTH", "DamagedCopy", "VectorIndex"]

WIDTH = 512
_FORMAT = 1
_ID_BYTES = 64
_ID = np.dtype(f"S{_ID_BYTES}")
_ROW = WIDTH * 4
_OFF = 0.02  # a cosine beyond one by more than rounding shows rows that are not what was written

Floats = NDArray[np.floating]


class DamagedCopy(StoreError):
    """The copy does not hold what was written into it; make it again from the database."""


@dataclass(frozen=True, slots=True)
class _Head:
    rows: int = 0
    state: str = ""
    generation: int = 0


class VectorIndex:
    """The vectors of one embedder in a folder that one process owns; safe to share between threads.

    Args:
        folder: created if it is not there.
        embedder: SHA-256 of the recogniser's file.

    Raises:
        DiskFull, StoreError: the folder cannot be used.
    """

    def __init__(self, folder: Path, embedder: str) -> None:
        if not embedder.isalnum():
            raise InputError(f"{embedder[:80]!r} is no embedder: it is called by its SHA-256.")
        self.embedder = embedder
        self._folder = folder
        self._door = threading.Lock()
        with disk_errors("Opening the copy of the embeddings", folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._head = self._read_head()
        self._places: dict[bytes, int] | None = None
        self._map()

    @property
    def rows(self) -> int:
        """How many vectors there are."""
        return self._head.rows

    @property
    def state(self) -> str:
        """What was last said with `add` or `rewrite`; "" for a copy that is new, or was found damaged."""
        return self._head.state

    def add(self, ids: Sequence[str], vectors: Floats, state: str = "") -> None:
        """Append vectors; on the disk when this returns.

        Args:
            ids: one for each row, not in it yet, up to 64 bytes.
            vectors: N x 512 of length one.

        Raises:
            InputError: a vector is none, or an id is too long.
            DiskFull, StoreError: the disk will not have them; the copy is what it was.
        """
        names, rows = _checked(ids, vectors)
        with self._door:
            self._append(names, rows)
            self._move(replace(self._head, rows=self._head.rows + len(rows), state=state))
            if self._places is not None:
                start = self._head.rows - len(rows)
                self._places |= {name: start + n for n, name in enumerate(names.tolist())}

    def rewrite(self, parts: Iterable[tuple[Sequence[str], Floats]], state: str = "") -> None:
        """Begin anew with these vectors; the old ones stand until the new ones are whole."""
        with self._door:
            old, rows = self._head, 0
            new = _Head(generation=old.generation + 1)
            self._remove(new.generation)  # what an interrupted call may have left
            try:
                for ids, vectors in parts:
                    names, some = _checked(ids, vectors)
                    self._append(names, some, replace(new, rows=rows))
                    rows += len(some)
                self._append(np.zeros(0, _ID), np.zeros((0, WIDTH), np.float32), replace(new, rows=rows))
            except BaseException:
                self._remove(new.generation)
                raise
            self._places = None
            self._move(replace(new, rows=rows, state=state))
            self._remove(old.generation)

    def nearest(self, vector: Floats, k: int = 10, within: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Ids by cosine, best first, exactly; an equal cosine goes by id.

        Args:
            vector: 512 numbers of length one.
            within: only these ids, those that are not there left out.

        Raises:
            InputError: the vector is none.
            DamagedCopy: the rows are not what was written.
        """
        query = _checked([""], np.asarray([vector]))[1][0]
        with self._door:
            matrix, ids = self._matrix, self._ids
            places = None if within is None else self._found(within)
        cosines = (matrix if places is None else matrix[places]) @ query
        if len(cosines) and not -1 - _OFF <= cosines.min() <= cosines.max() <= 1 + _OFF:
            raise DamagedCopy(f"The copy of the embeddings in {self._folder} is damaged; it is made again.")
        best = _best(cosines, k)
        names = ids[best if places is None else places[best]]
        order = np.lexsort((names, -cosines[best]))[: max(0, k)]
        return [(names[n].decode(), float(np.clip(cosines[best[n]], -1, 1))) for n in order]

    def _found(self, within: Collection[str]) -> NDArray[np.intp]:
        """Rows of ids, in their order on the disk, which is the fastest to read."""
        if self._places is None:
            self._places = {name: row for row, name in enumerate(self._ids.tolist())}
        rows = (self._places.get(name.encode()) for name in within)
        return np.array(sorted({row for row in rows if row is not None}), np.intp)

    # Files.

    def _path(self, kind: str, generation: int) -> Path:
        return self._folder / f"{self.embedder[:32]}.{generation}.{kind}"

    @property
    def _head_path(self) -> Path:
        return self._folder / f"{self.embedder[:32]}.json"

    def _read_head(self) -> _Head:
        """What the head says, if the files bear it out; else an empty one, which the caller fills again."""
        try:
            said = json.loads(self._head_path.read_bytes())
            head = _Head(int(said["rows"]), str(said["state"]), int(said["generation"]))
            vectors, ids = (self._path(kind, head.generation).stat().st_size for kind in ("vectors", "ids"))
            whole = 0 <= head.rows * _ROW <= vectors and head.rows * _ID_BYTES <= ids
            if whole and said["embedder"] == self.embedder and said["format"] == _FORMAT:
                return head
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return self._afresh()

    def _afresh(self) -> _Head:
        """A generation that none of the files lying about belongs to."""
        names = (path.name.split(".") for path in self._folder.glob(f"{self.embedder[:32]}.*.*"))
        used = [int(parts[1]) for parts in names if parts[1].isdecimal()]
        for generation in used:
            self._remove(generation)
        return _Head(generation=max(used, default=-1) + 1)

    def _append(self, names: NDArray[np.bytes_], rows: Floats, head: _Head | None = None) -> None:
        head = head or self._head
        for kind, content, size in (("vectors", rows, _ROW), ("ids", names, _ID_BYTES)):
            path = self._path(kind, head.generation)
            with disk_errors("Copying the embeddings", path), path.open("r+b" if path.exists() else "x+b") as file:
                _write_at(file, head.rows * size, np.ascontiguousarray(content).tobytes())

    def _move(self, head: _Head) -> None:
        said = {
            "format": _FORMAT,
            "embedder": self.embedder,
            "rows": head.rows,
            "state": head.state,
            "generation": head.generation,
        }
        with disk_errors("Copying the embeddings", self._head_path):
            write_whole(self._head_path, json.dumps(said).encode())
            sync_folder(self._folder)
        self._head = head
        self._map()

    def _map(self) -> None:
        rows, generation = self._head.rows, self._head.generation
        if not rows:  # nothing can be mapped of an empty file
            self._matrix, self._ids = np.zeros((0, WIDTH), np.float32), np.zeros(0, _ID)
            return
        with disk_errors("Opening the copy of the embeddings", self._folder):
            self._matrix = np.asarray(np.memmap(self._path("vectors", generation), np.float32, "r", 0, (rows, WIDTH)))
            self._ids = np.asarray(np.memmap(self._path("ids", generation), _ID, "r", 0, (rows,)))

    def _remove(self, generation: int) -> None:
        for kind in ("vectors", "ids"):
            with suppress(OSError):  # space that is lost, not a fact
                self._path(kind, generation).unlink(missing_ok=True)


def _checked(ids: Sequence[str], vectors: Floats) -> tuple[NDArray[np.bytes_], Floats]:
    rows = np.ascontiguousarray(vectors, np.float32)
    if not len(ids) and not rows.size:
        return np.zeros(0, _ID), np.zeros((0, WIDTH), np.float32)
    if rows.shape != (len(ids), WIDTH):
        raise InputError(f"{len(ids)} embeddings of {WIDTH} numbers were expected, not {rows.shape}.")
    with np.errstate(all="ignore"):
        lengths = np.einsum("nd,nd->n", rows, rows)
    if not (np.abs(lengths - 1) <= _OFF).all():  # a NaN is not near 1 either
        raise InputError("A face embedding has length 1; take it from a face that was found.")
    names = [name.encode() for name in ids]
    if any(len(name) > _ID_BYTES or name.endswith(b"\0") for name in names):
        raise InputError(f"The id of an embedding has up to {_ID_BYTES} bytes.")
    return np.array(names, _ID), rows


def _write_at(file: BinaryIO, place: int, content: bytes) -> None:
    """Cut off what an interrupted call left, and write after it."""
    file.truncate(place)
    file.seek(place)
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _best(cosines: Floats, k: int) -> NDArray[np.intp]:
    """Places of the k largest and of all that equal the last of them."""
    count = min(max(0, k), len(cosines))
    if not count:
        return np.zeros(0, np.intp)
    return np.flatnonzero(cosines >= np.partition(cosines, len(cosines) - count)[len(cosines) - count])
