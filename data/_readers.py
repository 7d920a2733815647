"""Reading beside the writer: a cursor a thread, and a way to have them all out of the database."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import StoreError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Readers"]

_PATIENCE = 2.0  # seconds that a read in the middle of something is let go on
_AGAIN = 0.05


class Readers:
    """Lends every thread its own cursor of one connection.

    DuckDB refuses to close a connection while one of its cursors is at work, so whoever would close it
    first keeps readers out (`kept_out`) and waits for those who are in.
    """

    def __init__(self, raw: DuckDBPyConnection, home: Path) -> None:
        self._raw = raw
        self._home = home
        self._turn = threading.Condition()
        self._out = False
        self._closed = False
        self._mine = threading.local()
        self._cursors: weakref.WeakSet[DuckDBPyConnection] = weakref.WeakSet()
        self._at_work: set[DuckDBPyConnection] = set()

    @contextmanager
    def cursor(self) -> Iterator[DuckDBPyConnection]:
        """This thread's cursor, for as long as one read takes.

        Raises:
            StoreError: the store is closed.
        """
        with self._turn:
            self._turn.wait_for(lambda: not self._out)
            if self._closed:
                raise StoreError(f"The store of {self._home} is closed; open the lab again to read.")
            cursor: DuckDBPyConnection | None = getattr(self._mine, "cursor", None)
            if cursor is None:
                cursor = self._mine.cursor = self._raw.cursor()
                self._cursors.add(cursor)
            self._at_work.add(cursor)
        try:
            yield cursor
        finally:
            with self._turn:
                self._at_work.discard(cursor)
                self._turn.notify_all()

    @contextmanager
    def kept_out(self) -> Iterator[None]:
        """No cursor is open in here: reads that have begun are waited for, then interrupted; new ones wait."""
        with self._turn:
            self._out = True
            done = self._turn.wait_for(lambda: not self._at_work, _PATIENCE)
            while not done:  # again and again: one that is between two statements does not hear it
                for cursor in self._at_work:
                    cursor.interrupt()
                done = self._turn.wait_for(lambda: not self._at_work, _AGAIN)
        try:
            for cursor in list(self._cursors):
                cursor.close()
            self._cursors.clear()
            self._mine = threading.local()
            yield
        finally:
            with self._turn:
                self._out = False
                self._turn.notify_all()

    def go_on(self, raw: DuckDBPyConnection) -> None:
        """Read from this connection from now on; called while readers are kept out."""
        self._raw = raw

    def close(self, last: Callable[[], None]) -> None:
        """Let nobody read any more, then do the `last` thing (closing the connection)."""
        with self.kept_out():
            self._closed = True
            last()
