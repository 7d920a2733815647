"""Copies of the database file, taken while nobody has it open: what to go back to when it is damaged.

home/backups/20260131-120000-before-the_first_tables/
    lab.duckdb
    audit.head      the end of the chain in this copy; the two belong together
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from data._disk import disk_errors, sync_folder

__all__ = ["COPIES", "how_to_restore", "latest_copy", "take_copy"]

COPIES = 4
"""How many copies are kept."""


def take_copy(database: Path, head: Path, reason: str) -> Path:
    """Copy a database that nobody has open, with its head; the oldest copies beyond `COPIES` go.

    Args:
        reason: ends the folder's name ("before-people").

    Returns:
        The copy's folder; whole and on the disk.

    Raises:
        DiskFull: the copy did not fit; nothing of it stays.
    """
    folder = database.parent / "backups"
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    copy, making = folder / f"{stamp}-{reason}", folder / f".{stamp}-{os.getpid()}"
    with disk_errors("Copying the database", folder):
        try:
            making.mkdir(parents=True)
            for file in (database, head):
                _copy_durably(file, making / file.name)
            if copy.exists():  # two within a second: the first is as good
                shutil.rmtree(making)
            else:
                making.rename(copy)
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
        for old in _copies(folder)[:-COPIES]:
            shutil.rmtree(old)
    return copy


def latest_copy(home: Path) -> Path | None:
    """The newest copy's folder, None before the first."""
    copies = _copies(home / "backups")
    return copies[-1] if copies else None


def how_to_restore(home: Path) -> str:
    """The sentences that end an error about a damaged database: what was kept, and what to do."""
    copy = latest_copy(home)
    aside = f"Nothing was changed. Move lab.duckdb, lab.duckdb.wal and audit.head out of {home} (keep them)"
    if copy is None:
        return f"{aside} and put back your own backup of these files; the lab has not taken a copy itself yet."
    return f"{aside}, then copy lab.duckdb and audit.head from {copy} into it. Blobs need no restoring."


def _copies(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _copy_durably(source: Path, target: Path) -> None:
    with source.open("rb") as taken, target.open("xb") as written:
        shutil.copyfileobj(taken, written, 1 << 20)
        written.flush()
        os.fsync(written.fileno())
