"""Copies of the database file: what to go back to when it is damaged.

home/backups/20260131-120000-before-the_first_tables/
    lab.duckdb
    audit.head      the end of the chain in this copy; the two belong together
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from data._disk import disk_errors, sync_folder
from data.audit import GENESIS, Head, write_head

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["COPIES", "all_copies", "copy_is_due", "copy_while_open", "how_to_restore", "latest_copy", "take_copy"]

COPIES = 3
"""How many copies of a kind (the first word of their reason) are kept."""

_DAY = 86400.0
_SPARE = 64 << 20  # bytes that a daily copy leaves free
_NAME = re.compile(r"\d{8}-\d{6}-.")


def take_copy(database: Path, head: Path, reason: str) -> Path:
    """Copy a database that nobody has open, with its head; the oldest of its kind beyond `COPIES` go.

    Args:
        reason: ends the folder's name ("before-people", "daily").

    Returns:
        The copy's folder; whole and on the disk.

    Raises:
        DiskFull: the copy did not fit; nothing of it stays.
    """

    def fill(making: Path) -> None:
        for file in (database, head):
            _copy_durably(file, making / file.name)

    return _kept(database.parent / "backups", reason, fill)


def copy_while_open(cursor: DuckDBPyConnection, database: Path, head: Path, reason: str) -> Path:
    """The same of a database that is in use: DuckDB itself writes out what stands at this moment.

    The file is not read past DuckDB: closing any descriptor of it would drop DuckDB's own lock on it.

    Args:
        cursor: one that nobody else uses; it is inside no transaction.
    """

    def fill(making: Path) -> None:
        quoted = str(making / database.name).replace("'", "''")
        cursor.execute(f"ATTACH '{quoted}' AS the_copy")
        cursor.execute("BEGIN")
        try:
            last = cursor.execute("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1").fetchone()
            cursor.execute(f'COPY FROM DATABASE "{database.stem}" TO the_copy')
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.execute("DETACH the_copy")
        write_head(making / head.name, Head(*last) if last else GENESIS)

    return _kept(database.parent / "backups", reason, fill)


def _kept(folder: Path, reason: str, fill: Callable[[Path], None]) -> Path:
    """A new copy's folder, once `fill` has put everything into it."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    copy, making = folder / f"{stamp}-{reason}", folder / ".new"
    with disk_errors("Copying the database", folder):
        try:
            shutil.rmtree(making, ignore_errors=True)  # of a process that was killed here
            making.mkdir(parents=True)
            fill(making)
            if copy.exists():  # two within a second: the first is as good
                shutil.rmtree(making)
            else:
                making.rename(copy)
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        alike = [old for old in all_copies(folder.parent) if _kind(old) == _kind(copy)]
        for old in alike[:-COPIES]:
            shutil.rmtree(old)
    return copy


def copy_is_due(home: Path) -> bool:
    """Whether none is less than a day old (one from a future that the clock has left does not count), and one fits."""
    now, size = time.time(), (home / "lab.duckdb").stat().st_size
    return shutil.disk_usage(home).free > size + _SPARE and not any(
        0 <= now - copy.stat().st_mtime < _DAY for copy in all_copies(home)
    )


def latest_copy(home: Path) -> Path | None:
    """The newest copy's folder, None before the first."""
    copies = all_copies(home)
    return copies[-1] if copies else None


def how_to_restore(home: Path) -> str:
    """The sentences that end an error about a damaged database: what was kept, and what to do."""
    copy = latest_copy(home)
    aside = f"Nothing was changed. Move lab.duckdb, lab.duckdb.wal and audit.head out of {home} (keep them)"
    if copy is None:
        return f"{aside} and put back your own backup of these files; the lab has not taken a copy itself yet."
    return f"{aside}, then copy lab.duckdb and audit.head from {copy} into it. Blobs need no restoring."


def all_copies(home: Path) -> list[Path]:
    """Folders of the copies in a home, oldest first."""
    folder = home / "backups"
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and _NAME.match(path.name))


def _kind(copy: Path) -> str:
    return copy.name.split("-")[2]


def _copy_durably(source: Path, target: Path) -> None:
    with source.open("rb") as taken, target.open("xb") as written:
        shutil.copyfileobj(taken, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
