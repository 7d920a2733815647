"""What lies on the desk of the Generate page: who is to be seen, what is looked at; as the browser keeps it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from workbench.components.takes import FILTERS
from workbench.pages.drawing_desk import DrawingDesk, in_common, kept, listed
from workbench.takes import PAGE, Whom

__all__ = ["Desk"]

MOST_WANTED = 1200


@dataclass(frozen=True, slots=True)
class Desk(DrawingDesk):
    """Everything but the form, whose values come along with each act. It comes from a browser: nothing is trusted.

    Attributes:
        files: entries of frames of a person.
        people: the job that looks for faces in them, or "".
        identity: the person who was picked; -1 for the one seen most.
        character: id of who is drawn, or "".
        of: id of the character whose takes are shown, or "".
        show, wanted: which takes, and how many.
    """

    files: tuple[dict[str, str], ...] = ()
    people: str = ""
    identity: int = -1
    character: str = ""
    of: str = ""
    show: str = "all"
    wanted: int = PAGE

    @classmethod
    def read(cls, text: str) -> Desk:
        """From the browser; what is not as it should be stands at its default."""
        given = kept(text)
        plain = {
            field.name: given[field.name]
            for field in fields(cls)
            if field.type in ("str", "int") and type(given.get(field.name)).__name__ == field.type
        }
        plain["wanted"] = max(PAGE, min(MOST_WANTED, plain.get("wanted", PAGE)))
        if plain.get("show") not in dict(FILTERS):
            plain["show"] = "all"
        files = tuple(one for one in listed(given.get("files")) if isinstance(one, dict) and "path" not in one)
        return cls(**plain | {"files": files} | in_common(given))

    @property
    def whom(self) -> Whom:
        """Who is to be seen."""
        return Whom(self.files, self.identity, self.character)
