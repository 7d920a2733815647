"""The part of the facade that looks after a home: its disk, its copies, its record of who did what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["AuditCheck", "AuditEntry", "Copy", "Housekeeping"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did.

    Attributes:
        at: seconds since 1970.
        detail: what else is known of it.
    """

    sequence: int
    at: float
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether the chain of entries is whole.

    Attributes:
        entries: how many it has.
        problem: what is wrong with it and what to do, or "".
    """

    entries: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the database: its folder, its bytes, and when it was taken (seconds since 1970)."""

    path: Path
    bytes: int
    at: float


class Housekeeping(ABC):
    """What pages, the command line and notebooks may ask about a home, and order in it."""

    # -- disk ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def disk_use(self) -> dict[str, Any]:
        """Bytes and files by class, by pipeline, of everything else in the home, and in the trash; bytes free."""

    @abstractmethod
    def clean(
        self,
        *,
        classes: tuple[str, ...] = ("transient", "cache"),
        older_than: float = 0.0,
        dry: bool = True,
        user: str = "admin",
    ) -> dict[str, Any]:
        """Move what can be made again to the trash; `dry` only tells what would go.

        Args:
            older_than: seconds since it was made.
        """

    @abstractmethod
    def undo_clean(self, user: str = "admin") -> int:
        """Take the last cleaning back; how many files returned."""

    @abstractmethod
    def empty_trash(self, user: str = "admin") -> tuple[int, int]:
        """Delete the trash for good, removed models included; files and bytes."""

    # -- copies and the record ----------------------------------------------------------------------------------

    @abstractmethod
    def copies(self) -> list[Copy]:
        """The copies of the database in the home, newest first."""

    @abstractmethod
    def copy_database(self, user: str = "admin") -> Copy:
        """Copy the database now, while everything goes on."""

    @abstractmethod
    def audit(self, limit: int = 50) -> list[AuditEntry]:
        """The last entries of the record of who did what, newest first."""

    @abstractmethod
    def check_audit(self) -> AuditCheck:
        """Walk the whole record and see whether an entry was edited, removed or moved."""
