"""Disk, settings, copies and the record for programs. By example: docs/api.md."""

from __future__ import annotations

from typing import Any

import gradio as gr

from workbench.access import who
from workbench.pages.wiring import record, told
from workbench.upkeep import Upkeep

__all__ = ["endpoints"]


def endpoints(upkeep: Upkeep) -> None:
    """Register them on the page that is being built."""
    for endpoint in (*_of_the_disk(upkeep), *_of_the_record(upkeep)):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _of_the_disk(upkeep: Upkeep) -> tuple[Any, ...]:
    def disk_use(request: gr.Request) -> dict[str, Any]:
        """Bytes and files by class, by pipeline, of the rest, and in the trash."""
        return upkeep.disk_use(who(request))

    def disk_clean(classes: list[str], older_than_days: float, dry: bool, request: gr.Request) -> dict[str, Any]:
        """Move what can be made again ("cache", "transient") to the trash; `dry` only tells what would go."""
        return (upkeep.preview_clean if dry else upkeep.clean)(who(request), classes, older_than_days)

    def disk_undo(request: gr.Request) -> int:
        """Take the last cleaning back; how many files returned."""
        return upkeep.undo_clean(who(request))

    def disk_empty_trash(request: gr.Request) -> dict[str, Any]:
        """Delete the trash for good."""
        files, size = upkeep.empty_trash(who(request))
        return {"files": files, "bytes": size}

    return disk_use, disk_clean, disk_undo, disk_empty_trash


def _of_the_record(upkeep: Upkeep) -> tuple[Any, ...]:
    def settings(request: gr.Request) -> list[dict[str, Any]]:
        """Every setting, its value and the variable that sets it."""
        return [record(setting) for setting in upkeep.settings(who(request))]

    def audit(limit: int, request: gr.Request) -> list[dict[str, Any]]:
        """The last entries of who did what, newest first."""
        return [record(entry) for entry in upkeep.audit(who(request), limit)]

    def audit_check(request: gr.Request) -> dict[str, Any]:
        """Walk the whole record: how many entries, and what is wrong with it ("" if it is whole)."""
        return record(upkeep.check_audit(who(request)))

    def copies(request: gr.Request) -> list[dict[str, Any]]:
        """Copies of the database, newest first."""
        return [record(copy) for copy in upkeep.copies(who(request))]

    def copy_database(request: gr.Request) -> dict[str, Any]:
        """Copy the database now, while everything goes on."""
        return record(upkeep.copy_database(who(request)))

    return settings, audit, audit_check, copies, copy_database
