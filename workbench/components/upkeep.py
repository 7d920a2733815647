"""Disk, copies, settings and the record, in the words and shapes of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.components.filling import fill
from workbench.components.words import bytes_of, clock, place

if TYPE_CHECKING:
    from pipelines.housekeeping import AuditCheck, AuditEntry, Copy
    from workbench.upkeep import Setting

__all__ = ["cleaning", "copies", "disk", "machine", "record", "settings"]

CLASSES = {
    "kept": ("Kept", "what you brought in, and results you keep"),
    "cache": ("Cache", "results of steps; can be made again"),
    "transient": ("Transient", "pieces of results; can be made again"),
}
OTHERS = {
    "models": ("Models", "files you brought"),
    "database": ("Database", "jobs, steps and who did what"),
    "copies": ("Copies", "of the database"),
    "thumbnails": ("Thumbnails", "made again when they are needed"),
    "uploads": ("Uploads", "on their way in; cleared each day"),
}
MINE = 15  # characters of a detail's digest that are shown


@dataclass(frozen=True, slots=True)
class Share:
    """A line of the disk's use."""

    title: str
    hint: str
    bytes: int
    count: int
    of: int

    @property
    def percent(self) -> float:
        return round(100 * self.bytes / self.of, 1) if self.of else 0.0

    @property
    def size(self) -> str:
        return bytes_of(self.bytes)

    @property
    def files(self) -> str:
        return f"{self.count} file{'' if self.count == 1 else 's'}"

    @property
    def spoken(self) -> str:
        return f"{self.title} {self.size}"


def disk(use: Mapping[str, Any]) -> str:
    """Where the space went."""
    parts = [(CLASSES.get(name, (name, "")), found) for name, found in use["classes"].items()]
    parts += [(OTHERS[name], found) for name, found in use["others"].items()]
    parts.append((("Trash", "moved away, not yet deleted"), use["trash"]))
    total = sum(found["bytes"] for _, found in parts)
    rows = [Share(title, hint, found["bytes"], found["files"], total) for (title, hint), found in parts]
    shown = sorted((row for row in rows if row.count), key=lambda row: -row.bytes)
    most = max((found["bytes"] for found in use["pipelines"].values()), default=0)
    pipelines = [
        Share(name.replace("_", " ").capitalize(), "", found["bytes"], found["files"], most)
        for name, found in sorted(use["pipelines"].items(), key=lambda item: -item[1]["bytes"])
    ]
    return fill("disk.html", rows=shown, pipelines=pipelines, used=bytes_of(total), free=bytes_of(use["free"]))


def cleaning(going: Mapping[str, Any], trash: Mapping[str, int]) -> str:
    """What a cleaning would move, and the buttons."""
    parts = [f"{bytes_of(found['bytes'])} {CLASSES[name][0].lower()}" for name, found in going["by_class"].items()]
    return fill(
        "cleaning.html",
        files=going["files"],
        size=bytes_of(going["bytes"]),
        parts=parts if len(parts) > 1 else [],
        trash=bytes_of(trash["bytes"]),
        trash_files=trash["files"],
    )


def copies(known: Iterable[Copy], home: Path) -> str:
    """Copies of the database."""
    shown = [
        {"name": one.path.name, "path": str(one.path), "size": bytes_of(one.bytes), "when": clock(one.at)}
        for one in known
    ]
    return fill("copies.html", copies=shown, folder=place(home / "backups"))


def machine(found: Mapping[str, Any]) -> str:
    """What `doctor` says."""
    facts = [
        ("System", found["system"]),
        ("Python", found["python"]),
        ("GPU", ", ".join(found["gpu"]) or "none; everything runs on the processor"),
        ("Steps run in", ", ".join(found["slots"])),
        ("Home", place(found["home"])),
        ("Models folder", place(found["models_folder"])),
    ]
    packages = list(found["packages"].items())
    return fill("machine.html", facts=facts, packages=packages, absent=len(found["missing"]))


def settings(known: Sequence[Setting]) -> str:
    """Every setting and how to change it."""
    return fill("settings.html", settings=known)


def record(entries: Iterable[AuditEntry], check: AuditCheck | None) -> str:
    """The last entries, and whether the whole record is as it was written."""
    shown = [
        {
            "when": clock(entry.at),
            "who": entry.who,
            "action": entry.action,
            "job": entry.action.startswith("job."),
            "subject": entry.subject if len(entry.subject) <= 40 else f"{entry.subject[:MINE]}…",
            "detail": json.dumps(entry.detail, ensure_ascii=False)[:300],
        }
        for entry in entries
    ]
    problem, checked = (check.problem, check.entries) if check else ("", 0)
    return fill("record.html", entries=shown, problem=problem, checked=checked)
