"""How work says how far it is: one callable, passed down, never imported from above."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

__all__ = ["Progress", "part", "silent"]


class Progress(Protocol):
    """Called by a block now and then.

    Args:
        fraction: share of the work that is done, 0 to 1.
        note: what is being done, in a few words ("tile 3 of 12").
        preview: a small picture of the result so far, if there is one.

    Raises:
        Cancelled: when the person asked to stop; let it pass through.
    """

    def __call__(self, fraction: float, note: str = "", preview: Path | None = None) -> None: ...


def silent(fraction: float, note: str = "", preview: Path | None = None) -> None:
    """Tell nobody."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A progress for one stretch of a longer work: its 0..1 becomes start..end."""

    def stretch(fraction: float, note: str = "", preview: Path | None = None) -> None:
        progress(start + (end - start) * fraction, note, preview)

    return stretch
