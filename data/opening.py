"""Opening the database file: what must be true before anybody reads from it or writes to it."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import AuditBroken, HomeBusy, StoreError
from data import audit
from data._disk import disk_errors
from data.audit import ACCEPT, GENESIS, Head
from data.copies import copy_is_due, how_to_restore, take_copy
from data.migrations import MIGRATIONS, Migration, migrate, pending

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["FOLD_ON_CLOSE", "Files", "connect", "lock_home", "open_database"]


FOLD_ON_CLOSE = "PRAGMA enable_checkpoint_on_shutdown"
"""For a connection that is trusted: closing it folds the log into the file."""


@dataclass(frozen=True, slots=True)
class Files:
    """The names of what the store keeps in a home."""

    home: Path

    @property
    def database(self) -> Path:
        return self.home / "lab.duckdb"

    @property
    def log(self) -> Path:
        return self.home / "lab.duckdb.wal"

    @property
    def head(self) -> Path:
        return self.home / "audit.head"

    @property
    def lock(self) -> Path:
        return self.home / "owner.lock"


def lock_home(files: Files) -> int:
    """Become the one owner of a home, for as long as the returned descriptor is open.

    Raises:
        HomeBusy: another process is; the message has its id.
        StoreError: the home cannot be created or written.
    """
    with disk_errors("Opening the lab's home", files.home):
        files.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(files.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise HomeBusy(
            f"The home {files.home} is in use by process {owner}. Hand the work to that lab, or stop it first."
        ) from error
    # The name is only for people; a disk too full to take it must not keep the lab from starting.
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError:
        pass
    return descriptor


def open_database(
    files: Files, migrations: tuple[Migration, ...] = MIGRATIONS, accept_loss: bool = False
) -> tuple[DuckDBPyConnection, Head]:
    """Open a home's database, or create it; check it, then bring it up to date.

    Args:
        accept_loss: go on with a chain that was cut short, once the person has understood that facts are gone.

    Returns:
        The connection, and the end of its audit chain.

    Raises:
        AuditBroken: the chain is damaged, shortened or missing.
        NewerStore: a newer lab wrote the file.
        StoreError: the file cannot be read or written.
    """
    head = _expected_head(files, accept_loss)
    raw = connect(files.database)
    try:
        steps = pending(raw, migrations)
        if steps != migrations:  # a file with a past: look before touching
            head = _verified(raw, files, head)
            raw = _copied(raw, files, head, steps)
        elif head != GENESIS:
            raise AuditBroken(
                f"The database {files.database} has lost its tables. {ACCEPT} {how_to_restore(files.home)}"
            )
        if steps:
            migrate(raw, steps)
            raw.execute("CHECKPOINT")  # whatever becomes of the log, the file has its tables
        raw.execute(FOLD_ON_CLOSE)
    except BaseException:
        raw.close()
        raise
    return raw, head


def connect(database: Path) -> DuckDBPyConnection:
    """DuckDB on this file; nothing is ever fetched from the network.

    Raises:
        StoreError: the file is damaged, or cannot be opened.
    """
    import duckdb

    settings = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": "1",  # every statement is small: handing it to other threads takes longer than the work
        "python_enable_replacements": "false",  # a missing table is missing, and not some variable of that name
    }
    try:
        raw = duckdb.connect(str(database), config=settings)
        # Until the chain is verified, closing must not fold a damaged log into the file: it is the evidence.
        raw.execute("PRAGMA disable_checkpoint_on_shutdown")
        return raw
    except duckdb.Error as error:
        raise StoreError(
            f"The database {database} cannot be opened: {error} {how_to_restore(database.parent)}"
        ) from error


def _expected_head(files: Files, accept_loss: bool) -> Head:
    """What the head file says; a new home gets one before it gets a database, so one without is never our doing."""
    if accept_loss:
        return GENESIS
    restore = how_to_restore(files.home)
    try:
        head = audit.read_head(files.head)
    except AuditBroken as error:
        raise AuditBroken(f"{error} {ACCEPT} {restore}") from error
    new = not files.database.exists() or files.database.stat().st_size == 0
    if head is None and new:
        head = GENESIS
        audit.write_head(files.head, head)
    if head is None:
        raise AuditBroken(
            f"The audit head {files.head} is missing, so nobody can tell whether facts are gone. {ACCEPT} {restore}"
        )
    if head != GENESIS and new:
        raise AuditBroken(
            f"The database {files.database} is gone or empty, though {head.sequence} audit entries were acknowledged. "
            f"{ACCEPT} {restore}"
        )
    return head


def _copied(raw: DuckDBPyConnection, files: Files, head: Head, steps: tuple[Migration, ...]) -> DuckDBPyConnection:
    """Copy the file if it is about to be migrated, or was not copied today; the connection to go on with."""
    if not steps and not copy_is_due(files.home):
        return raw
    raw.execute("CHECKPOINT")
    raw.close()  # closing any descriptor of an open file would drop DuckDB's own lock on it
    try:
        audit.write_head(files.head, head)
        take_copy(files.database, files.head, f"before-{steps[0].__name__}" if steps else "daily")
    except StoreError:
        if steps:  # a daily copy that cannot be taken keeps nobody from working
            raise
    return connect(files.database)


def _verified(raw: DuckDBPyConnection, files: Files, head: Head) -> Head:
    import duckdb

    try:
        rows = raw.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY sequence").fetchall()
        return audit.verify(rows, head)
    except duckdb.CatalogException as error:
        raise AuditBroken(f"The audit table was removed or changed. {how_to_restore(files.home)}") from error
    except AuditBroken as error:
        raise AuditBroken(f"{error} {how_to_restore(files.home)}") from error
