"""What the parts of the runner work with; each is one idea with a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.blobs import Blobs
from data.store import Store
from pipelines.engine.agenda import Agenda
from pipelines.engine.facts import Facts
from pipelines.engine.floor import Floor
from pipelines.engine.inbox import Inbox
from pipelines.engine.memory import Memory
from pipelines.engine.roster import Roster

__all__ = ["Means"]


@dataclass(frozen=True, slots=True)
class Means:
    """All of one lab.

    Attributes:
        on_change: told a job's id whenever something about it changed.
    """

    store: Store
    blobs: Blobs
    floor: Floor
    facts: Facts
    memory: Memory
    agenda: Agenda
    roster: Roster
    inbox: Inbox
    on_change: Callable[[str], None]
