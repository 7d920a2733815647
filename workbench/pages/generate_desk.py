"""What lies on the desk of the Generate page: who is to be seen, what is looked at; as the browser keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import uuid4

from workbench.components.takes import FILTERS
from workbench.takes import PAGE, Whom

__all__ = ["Desk"]

MOST_WANTED = 1200


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything but the form, whose values come along with each act. It comes from a browser: nothing is trusted.

    Attributes:
        files: entries of frames of a person.
        people: the job that looks for faces in them, or "".
        identity: the person who was picked; -1 for the one seen most.
        character: id of who is drawn, or "".
        of: id of the character whose takes are shown, or "".
        show, wanted: which takes, and how many.
        take: the one that is open, or "".
        dismissed: failed jobs that need not be shown any more.
        token: of the next click on Generate.
    """

    files: tuple[dict[str, str], ...] = ()
    people: str = ""
    identity: int = -1
    character: str = ""
    of: str = ""
    show: str = "all"
    wanted: int = PAGE
    take: str = ""
    dismissed: tuple[str, ...] = ()
    token: str = ""

    @classmethod
    def read(cls, text: str) -> Desk:
        """From the browser; what is not as it should be stands at its default."""
        try:
            found = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            found = None
        given: dict[str, Any] = found if isinstance(found, dict) else {}
        plain = {
            field.name: given[field.name]
            for field in fields(cls)
            if field.type in ("str", "int") and type(given.get(field.name)).__name__ == field.type
        }
        plain["wanted"] = max(PAGE, min(MOST_WANTED, plain.get("wanted", PAGE)))
        if plain.get("show") not in dict(FILTERS):
            plain["show"] = "all"
        files = tuple(one for one in _list(given.get("files")) if isinstance(one, dict) and "path" not in one)
        dismissed = tuple(str(one) for one in _list(given.get("dismissed")))[-50:]
        return cls(**plain | {"files": files, "dismissed": dismissed, "token": plain.get("token") or uuid4().hex})

    def write(self) -> str:
        """For the browser."""
        return json.dumps(asdict(self))

    @property
    def whom(self) -> Whom:
        """Who is to be seen."""
        return Whom(self.files, self.identity, self.character)


def _list(value: Any) -> list[Any]:
    return value[:500] if isinstance(value, list) else []
