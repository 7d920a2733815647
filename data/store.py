"""The lab's memory: one DuckDB file, one process that owns it, one thread that writes.

    with Store.open(home) as store:
        done = store.write(lambda conn: conn.put("jobs", [{"id": "j1", "state": "QUEUED"}]))
        done.result()                                   # on the disk
        store.read("SELECT state FROM jobs WHERE id = ?", ["j1"])

Writes that wait together are committed together, so hundreds cost little more than one. A write is
acknowledged (its future resolves) after the commit and after the audit head that belongs to it.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from blocks.errors import Conflict, DiskFull, StoreError
from data import audit
from data._readers import Readers
from data.audit import Head
from data.connection import Connection, Row, as_rows
from data.copies import copy_while_open
from data.migrations import MIGRATIONS, Migration
from data.opening import FOLD_ON_CLOSE, Files, connect, lock_home, open_database
from data.reserve import keep_reserve, release_reserve

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Connection", "Row", "Store"]

T = TypeVar("T")
Params = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class _Change:
    work: Callable[[Connection], Any]
    future: Future[Any] = field(default_factory=Future)


class Store:
    """The open database of one home; `Store.open` makes it.

    Attributes:
        home: the folder it lives in.
    """

    def __init__(self, files: Files, lock: int, raw: DuckDBPyConnection, head: Head) -> None:
        self.home = files.home
        self._files = files
        self._lock = lock
        self._raw = raw
        self._conn = Connection(raw, head)
        self._head = self._kept = head
        self._queue: SimpleQueue[_Change | None] = SimpleQueue()
        self._door = threading.Lock()
        self._copying = threading.Lock()
        self._closed = False
        self._commits = 0
        self._readers = Readers(raw, self.home)
        self._writer = threading.Thread(target=self._write_groups, name="store-writer", daemon=True)
        self._writer.start()
        atexit.register(self.close)  # a script that forgets must not lose what it queued

    @classmethod
    def open(cls, home: Path, *, migrations: tuple[Migration, ...] = MIGRATIONS, accept_loss: bool = False) -> Store:
        """Own a home: lock it, check its audit chain, bring it up to date.

        Args:
            home: created if it is not there.
            accept_loss: go on with a chain that was cut short; that somebody chose so is written into the chain.

        Raises:
            HomeBusy: another process owns it.
            AuditBroken: acknowledged facts are gone or were edited; says what happened and how to restore.
            NewerStore: a newer lab wrote it.
            DiskFull, StoreError: the disk will not have it.
        """
        files = Files(home)
        lock = lock_home(files)
        try:
            with _clear_errors():
                raw, head = open_database(files, migrations, accept_loss)
            store = cls(files, lock, raw, head)
        except BaseException:
            os.close(lock)
            raise
        try:
            store._enter_opening(accept_loss)
        except BaseException:
            store.close()
            raise
        return store

    def write(self, change: Callable[[Connection], T]) -> Future[T]:
        """Queue a change; the future resolves with what it returned once that is on the disk.

        A change may be run twice (its group failed because of another), so it does nothing but talk to the
        connection, and returns plain values. First come, first written.

        Raises (from the future):
            DiskFull: no space; the change did not happen.
            Conflict: a row of that primary key exists; the change did not happen.
            StoreError: the database refused, or the store is closed.
        """
        queued = _Change(change)
        with self._door:
            if self._closed:
                raise StoreError(f"The store of {self.home} is closed; open the lab again to write.")
            self._queue.put(queued)
        return queued.future

    def read(self, sql: str, params: Params = ()) -> list[Row]:
        """Rows of committed data by column name, from any thread.

        For many keys at once: ``WHERE key IN (SELECT unnest(?))`` with ``[keys]``.

        Raises:
            StoreError: the statement is wrong, or the store is closed.
        """
        with _clear_errors(), self._readers.cursor() as cursor:
            return as_rows(cursor.execute(sql, params))

    def columns(self, sql: str, params: Params = ()) -> dict[str, Any]:
        """As `read`, a numpy array for each column: for very many numbers.

        Raises:
            StoreError: as `read`.
        """
        with _clear_errors(), self._readers.cursor() as cursor:
            return dict(cursor.execute(sql, params).fetchnumpy())

    @property
    def commits(self) -> int:
        """Grows with every group of changes; while it stays, nothing that was read has changed."""
        return self._commits

    def copy(self, reason: str = "asked") -> Path:
        """Copy the database to the home's backups while it is in use; the copy's folder.

        Raises:
            DiskFull, StoreError: it did not fit, or could not be written; nothing of it stays.
        """
        with self._copying, _clear_errors(), self._readers.cursor() as cursor:
            return copy_while_open(cursor, self._files.database, self._files.head, reason)

    def flush(self) -> None:
        """Wait until everything queued so far is on the disk (or was refused)."""
        self.write(lambda conn: None).result()

    def close(self) -> None:
        """Write what is queued, fold the log into the file, and give the home back; again is harmless."""
        with self._door:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._readers.close(self._raw.close)
        os.close(self._lock)
        atexit.unregister(self.close)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _enter_opening(self, accept_loss: bool) -> None:
        """An entry in the fresh log: whoever deletes the log from now on takes this entry along, and is seen."""
        detail = {"pid": os.getpid(), "accepted_loss": accept_loss}

        def enter(conn: Connection) -> None:
            audit.append(conn, "store", "store.open", self.home.name, detail)

        try:
            self.write(enter).result()
        except DiskFull:  # a full disk must not keep the person from opening the lab to clean it
            if not release_reserve(self.home):
                raise
            self.write(enter).result()
        else:
            keep_reserve(self.home)

    # The writer's thread.

    def _write_groups(self) -> None:
        open_ = True
        while open_:
            taken = [self._queue.get()]
            with suppress(Empty):
                while True:
                    taken.append(self._queue.get_nowait())
            open_ = None not in taken
            group = [c for c in taken if c is not None and c.future.set_running_or_notify_cancel()]
            if group:
                self._write_group(group)

    def _write_group(self, group: list[_Change]) -> None:
        """All in one transaction; if one of them breaks it, each in its own, so that only that one fails."""
        try:
            answers = self._commit(group)
        except BaseException as error:  # whatever it is belongs to the future, not to this thread
            if len(group) == 1:
                group[0].future.set_exception(_clear(error))
            else:
                for change in group:
                    self._write_group([change])
            return
        self._keep_head()
        for change, answer in zip(group, answers, strict=True):
            change.future.set_result(answer)

    def _commit(self, group: list[_Change]) -> list[Any]:
        conn = self._conn
        try:
            conn.begin(self._head)
            answers = [change.work(conn) for change in group]
            if conn.touched:
                conn.commit()
            else:
                conn.rollback()
        except BaseException:
            self._roll_back()
            raise
        self._head = conn.head
        self._commits += 1
        return answers

    def _roll_back(self) -> None:
        import duckdb

        with suppress(duckdb.Error):  # a failed commit has already ended the transaction
            self._conn.rollback()
        try:
            self._raw.execute("SELECT 1").fetchall()
        except duckdb.Error:
            self._reconnect()

    def _reconnect(self) -> None:
        """After an error that DuckDB calls fatal it serves nobody until the file is opened anew."""
        with self._readers.kept_out():
            self._raw.close()
            self._raw = connect(self._files.database)
            self._readers.go_on(self._raw)
        self._raw.execute(FOLD_ON_CLOSE)
        self._conn = Connection(self._raw, self._head)

    def _keep_head(self) -> None:
        # The commit stands, so a disk that refuses the head fails nobody: it may lag, and the next group tries again.
        if self._head != self._kept:
            with suppress(StoreError):
                audit.write_head(self._files.head, self._head)
                self._kept = self._head


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Let DuckDB's errors pass only as the lab's own."""
    try:
        yield
    except Exception as error:
        clear = _clear(error)
        if clear is error:
            raise
        raise clear from error


def _clear(error: BaseException) -> BaseException:
    """The lab's error for one of DuckDB's; any other stays what it is."""
    import duckdb

    if not isinstance(error, duckdb.Error):
        return error
    text = str(error)
    if any(sign in text for sign in ("No space left", "File too large", "Disk quota exceeded")):
        clear: StoreError | Conflict = DiskFull(
            f"The database could not be written: no space left. What was acknowledged is safe. "
            f"Free some space and try again. ({text})"
        )
    elif isinstance(error, duckdb.ConstraintException):
        clear = Conflict(f"Another row was there first, and nothing was overwritten: {text}")
    else:
        clear = StoreError(f"The database refused: {text}")
    clear.__cause__ = error
    return clear
