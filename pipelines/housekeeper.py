"""Housekeeping in the process that owns the home."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import AuditBroken
from blocks.models.pull import PARTIAL
from data import audit, cleaning, copies, folders, jobs, usage
from data.blobs import Blobs
from data.store import Store
from pipelines.access import authorize
from pipelines.housekeeping import AuditCheck, AuditEntry, Copy, Housekeeping
from pipelines.registry import PULL
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.engine.runner import Runner

__all__ = ["Housekeeper"]

_OTHERS = {"models": "models", "copies": "backups", "thumbnails": "thumbs", "uploads": "uploads"}
"""What else takes space, and the folder of the home it lies in."""


class Housekeeper(Housekeeping):
    """Whoever inherits from this owns the store, the blobs and the runner."""

    settings: Settings
    _store: Store
    _blobs: Blobs
    _runner: Runner

    # -- disk ---------------------------------------------------------------------------------------------------

    def disk_use(self) -> dict[str, Any]:
        home = self.settings.home
        use = asdict(usage.disk_use(self._store, self._blobs))
        trash = _folder_use(self._trash)
        use["trash"] = {what: use["trash"][what] + trash[what] for what in trash}
        files = [path for path in (home / "lab.duckdb", home / "lab.duckdb.wal") if path.exists()]
        database = {"files": len(files), "bytes": sum(path.stat().st_size for path in files)}
        use["free"] = shutil.disk_usage(home).free
        return {**use, "others": {"database": database, **{n: _folder_use(home / f) for n, f in _OTHERS.items()}}}

    def clean(
        self,
        *,
        classes: tuple[str, ...] = ("transient", "cache"),
        older_than: float = 0.0,
        dry: bool = True,
        user: str = "admin",
    ) -> dict[str, Any]:
        authorize(user, "clean")
        plan = cleaning.plan(self._store, self._blobs, classes, older_than)
        use = {"files": len(plan.going), "bytes": plan.bytes}
        if not dry:
            use = asdict(cleaning.sweep(self._store, self._blobs, plan, user))
            self._runner.forget()
        return {**use, "by_class": {kind: asdict(u) for kind, u in plan.by_class.items()}}

    def undo_clean(self, user: str = "admin") -> int:
        authorize(user, "clean")
        files = cleaning.undo(self._store, self._blobs, user).files
        self._runner.forget()
        return files

    def empty_trash(self, user: str = "admin") -> tuple[int, int]:
        authorize(user, "clean")
        files, size = folders.delete_all(self._trash)
        if not self._fetching():
            half = folders.delete_all(self.settings.models / PARTIAL)  # of downloads that were stopped
            files, size = files + half[0], size + half[1]
        use = cleaning.empty_trash(self._store, self._blobs, user)
        return use.files + files, use.bytes + size

    def _fetching(self) -> bool:
        """Whether a download is under way, or waits to go on."""
        active = [job for state in ("RUNNING", "QUEUED") for job in jobs.find(self._store, state=state, limit=1000)]
        return any(job.pipeline == PULL for job in active)

    @property
    def _trash(self) -> Path:
        return self.settings.home / "models-trash"

    # -- copies and the record ----------------------------------------------------------------------------------

    def copies(self) -> list[Copy]:
        return [_copy(path) for path in reversed(copies.all_copies(self.settings.home))]

    def copy_database(self, user: str = "admin") -> Copy:
        authorize(user, "copy", "the database")
        taken = _copy(self._store.copy())
        detail = {"bytes": taken.bytes}
        self._store.write(lambda conn: audit.append(conn, user, "store.copy", taken.path.name, detail)).result()
        return taken

    def audit(self, limit: int = 50) -> list[AuditEntry]:
        rows = self._store.read(
            'SELECT sequence, "at", who, action, subject, detail FROM audit ORDER BY sequence DESC LIMIT ?', [limit]
        )
        return [AuditEntry(**{**row, "detail": json.loads(row["detail"])}) for row in rows]

    def check_audit(self) -> AuditCheck:
        rows: list[Any] = []
        try:
            head = audit.read_head(self.settings.home / "audit.head") or audit.GENESIS  # first: the chain may go on
            rows = self._store.read(f"SELECT {audit.COLUMNS} FROM audit ORDER BY sequence")
            last = audit.verify((tuple(row.values()) for row in rows), head)
        except AuditBroken as error:
            return AuditCheck(len(rows), str(error))
        return AuditCheck(last.sequence)


def _folder_use(folder: Path) -> dict[str, int]:
    sizes = []
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            sizes.append(path.stat().st_size if path.is_file() else None)
        except OSError:  # gone while we looked
            continue
    found = [size for size in sizes if size is not None]
    return {"files": len(found), "bytes": sum(found)}


def _copy(folder: Path) -> Copy:
    return Copy(folder, _folder_use(folder)["bytes"], folder.stat().st_mtime)
