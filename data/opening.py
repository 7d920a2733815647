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
from data.audit import GENESIS, Head
from data.copies import how_to_restore, take_copy
from data.migrations import MIGRATIONS, Migration, migrate, pending

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Files", "connect", "lock_home", "open_database"]


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
            if steps:
                raw.execute("CHECKPOINT")
                raw.close()  # closing a copied file's descriptor would drop DuckDB's own lock on it
                take_copy(files.database, files.head, f"before-{steps[0].__name__}")
                raw = connect(files.database)
        elif head != GENESIS:
            raise AuditBroken(f"The database {files.database} is empty. {how_to_restore(files.home)}")
        if steps:
            migrate(raw, steps)
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

    settings = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    try:
        return duckdb.connect(str(database), config=settings)
    except duckdb.Error as error:
        raise StoreError(
            f"The database {database} cannot be opened: {error} {how_to_restore(database.parent)}"
        ) from error


def _expected_head(files: Files, accept_loss: bool) -> Head:
    if accept_loss:
        return GENESIS
    head = audit.read_head(files.head)
    if head is None and not files.database.exists():
        head = GENESIS
        audit.write_head(files.head, head)  # before the database, so that a database without a head is never our doing
    if head is None:
        raise AuditBroken(
            f"The audit head {files.head} is missing, so nobody can tell whether facts are gone. "
            f"{how_to_restore(files.home)}"
        )
    if head != GENESIS and not files.database.exists():
        raise AuditBroken(
            f"The database {files.database} is gone, though {head.sequence} audit entries were acknowledged. "
            f"{how_to_restore(files.home)}"
        )
    return head


def _verified(raw: DuckDBPyConnection, files: Files, head: Head) -> Head:
    rows = raw.execute(f"SELECT {audit.COLUMNS} FROM audit ORDER BY sequence").fetchall()
    try:
        return audit.verify(rows, head)
    except AuditBroken as error:
        raise AuditBroken(f"{error} {how_to_restore(files.home)}") from error
