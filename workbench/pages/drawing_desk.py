"""What lies on the desk of a page that draws pictures (Generate and Blend), as the browser keeps it.

The browser keeps the desk and the form as long as its tab is open; a page that is opened again goes on from there, or
does what its address asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import uuid4

__all__ = ["DrawingDesk", "Left", "as_left", "dismissing", "in_common", "kept", "listed", "remember"]

_MOST_DISMISSED = 50
_LONGEST_ADDRESS = 2000

AnyDesk = TypeVar("AnyDesk", bound="DrawingDesk")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingDesk:
    """What lies on both desks.

    Attributes:
        take: the one that is open, or "".
        dismissed: failed jobs that need not be shown any more.
        token: of the next click on the button that draws.
    """

    take: str = ""
    dismissed: tuple[str, ...] = ()
    token: str = ""

    def write(self) -> str:
        """For the browser."""
        return json.dumps(asdict(self))


def kept(text: str) -> dict[str, Any]:
    """What a browser has kept; empty where it is no such text."""
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def listed(value: Any, most: int = 500) -> list[Any]:
    """A list that a browser has kept, no longer than it may be."""
    return value[:most] if isinstance(value, list) else []


def in_common(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `DrawingDesk` from what a browser has kept; a new token where there is none."""
    take, token = given.get("take"), given.get("token")
    return {
        "take": take if isinstance(take, str) else "",
        "dismissed": tuple(str(one) for one in listed(given.get("dismissed")))[-_MOST_DISMISSED:],
        "token": token if isinstance(token, str) and token else uuid4().hex,
    }


def dismissing(desk: AnyDesk, job: str) -> AnyDesk:
    """The desk with one more failed job that need not be shown; with none, as it is."""
    return replace(desk, dismissed=(*desk.dismissed, *([job] if job else []))[-_MOST_DISMISSED:])


@dataclass(frozen=True, slots=True)
class Left:
    """A page as it was left in this tab: its desk as text, what its form held, and what its address asks for now."""

    desk: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Left:
        """From the script of `as_left`; nothing where it is no such text."""
        try:
            found = json.loads(text)
            asks = dict(parse_qsl(str(found["search"])[:_LONGEST_ADDRESS]))
            return cls(str(found["desk"]), dict(found["values"]), asks)
        except (ValueError, TypeError, KeyError):
            return cls()


def remember(name: str) -> str:
    """JavaScript that keeps a desk under a name, and takes from the address what has been done."""
    return f"(desk) => {{ sessionStorage.setItem('{name}', desk); history.replaceState(null, '', location.pathname); }}"


def as_left(name: str, form: str) -> str:
    """JavaScript that gives what `Left` reads: the desk and the form by the names they are kept under."""
    return (
        f"() => JSON.stringify({{ search: location.search.slice(1), desk: sessionStorage.getItem('{name}') || '',"
        f" values: JSON.parse(sessionStorage.getItem('{form}') || '{{}}') }})"
    )
