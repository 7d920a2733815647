"""What another set of cells would change in a grid, so that a person can be told before it does."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from blocks.grid.standard import Cell, standard_set

__all__ = ["Changes", "compare"]

_MOST = 6  # cells that are named


@dataclass(frozen=True, slots=True)
class Changes:
    """Titles of the cells that come, go, and say something else, in their order.

    Attributes:
        own: those that go or change and are not as the standard set has them.
        pictured: how many of those that go or change have a picture.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    pictured: int = 0

    @property
    def harmless(self) -> bool:
        """Whether nothing that is there goes or changes."""
        return not self.removed and not self.changed

    def words(self) -> str:
        """All of it in a few sentences; "" where nothing changes."""
        parts = [("takes out", self.removed), ("changes", self.changed), ("adds", self.added)]
        told = [f"{verb} {_counted(titles)}" for verb, titles in parts if titles]
        if not told:
            return ""
        text = f"It {_joined(told)}."
        if self.own:
            text += f" With that go the words of {_counted(self.own)} of your own, unless a template keeps them."
        if self.pictured:
            whose = _number(self.pictured)
            text += f" No picture is lost: those of {whose} stay among the takes and stand in their place again when"
            text += " the cell is back."
        return text


def compare(before: Sequence[Cell], after: Sequence[Cell], pictured: Container[str] = ()) -> Changes:
    """What differs between two sets of cells.

    Args:
        pictured: keys of the cells that have a picture.
    """
    old, new, standard = ({cell.key: cell for cell in cells} for cells in (before, after, standard_set()))
    removed = [cell for cell in before if cell.key not in new]
    changed = [cell for cell in before if cell.key in new and new[cell.key] != cell]
    return Changes(
        tuple(cell.title for cell in after if cell.key not in old),
        tuple(cell.title for cell in removed),
        tuple(cell.title for cell in changed),
        tuple(cell.title for cell in (*removed, *changed) if standard.get(cell.key) != cell),
        sum(cell.key in pictured for cell in (*removed, *changed)),
    )


def _counted(titles: Sequence[str]) -> str:
    named = [*titles[:_MOST], *(["…"] if len(titles) > _MOST else [])]
    return f"{_number(len(titles))} ({', '.join(named)})"


def _number(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
