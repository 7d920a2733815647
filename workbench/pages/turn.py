"""Where an act on a page leads."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Place", "Turn", "without"]

Place = dict[str, str]
"""Where a page stands: what is in its address."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where an act leads.

    Attributes:
        notice: what to say about it; it stays until the next act.
        anew: the form is filled again from what is saved.
    """

    place: Place
    notice: str = ""
    anew: bool = False


def without(place: Place, *names: str) -> Place:
    """The place without some of what it says."""
    return {name: value for name, value in place.items() if name not in names}
