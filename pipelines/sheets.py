"""What a person has set on a canvas, kept in the home: inputs, the last job, and where the view stands.

No result is kept here. A sheet says what is asked; what is known about that comes from the store, by key.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from blocks.errors import InputError, UnknownName

__all__ = ["Sheet", "Sheets"]

_ID = re.compile(r"[0-9a-f]{16}")
_LARGEST = 1 << 20  # bytes of one sheet: inputs are a few form fields, files are digests


@dataclass(frozen=True)
class Sheet:
    """One set of inputs on the canvas of a chain.

    Attributes:
        inputs: by canvas node and port, in the canvas's own form; files as addresses.
        salts: by step, a word that makes a result that was asked for anew differ from the one before.
        job: the last job that was started from here.
        drawn: inputs that were drawn for that job (a random seed).
        transform: x, y and scale of the view.
    """

    id: str
    user: str
    name: str
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    salts: dict[str, str] = field(default_factory=dict)
    job: str = ""
    drawn: dict[str, Any] = field(default_factory=dict)
    transform: dict[str, float] | None = None
    created_at: float = 0.0


class Sheets:
    """The sheets of one chain, one small file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Sheet] = {}

    def of(self, user: str) -> list[Sheet]:
        """A user's sheets, oldest first; there is always one."""
        for path in self._folder.glob("*.json"):
            if path.stem not in self._open:
                self._read(path.stem)
        mine = sorted((s for s in self._open.values() if s.user == user), key=lambda s: s.created_at)
        return mine or [self.create(user)]

    def get(self, user: str, sheet: str) -> Sheet:
        """One sheet.

        Raises:
            UnknownName: this user has none of that id.
        """
        found = self._open.get(sheet) or (self._read(sheet) if _ID.fullmatch(sheet or "") else None)
        if found is None or found.user != user:
            raise UnknownName("This sheet is gone; it was deleted in another window. Choose another one.")
        return found

    def create(self, user: str, name: str | None = None) -> Sheet:
        """An empty sheet."""
        number = sum(s.user == user for s in self._open.values()) + 1
        sheet = Sheet(secrets.token_hex(8), user, (name or f"Sheet {number}")[:80], created_at=time.time())
        return self.save(sheet)

    def change(self, user: str, sheet: str, **changes: Any) -> Sheet:
        """Write some of a sheet anew."""
        return self.save(replace(self.get(user, sheet), **changes))

    def save(self, sheet: Sheet) -> Sheet:
        """Write a sheet, whole or not at all.

        Raises:
            InputError: it is larger than a sheet can be.
        """
        text = json.dumps(asdict(sheet))
        if len(text) > _LARGEST:
            raise InputError("There is more on this sheet than 1 MB; give large things as files.")
        self._folder.mkdir(parents=True, exist_ok=True)
        half = self._folder / f".{sheet.id}.{os.getpid()}"
        half.write_text(text, encoding="utf-8")
        half.replace(self._folder / f"{sheet.id}.json")
        self._open[sheet.id] = sheet
        return sheet

    def delete(self, user: str, sheet: str) -> None:
        """Forget a sheet; results stay."""
        self.get(user, sheet)
        del self._open[sheet]
        (self._folder / f"{sheet}.json").unlink(missing_ok=True)

    def _read(self, sheet: str) -> Sheet | None:
        try:
            found = Sheet(**json.loads((self._folder / f"{sheet}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # a sheet that cannot be read is no sheet
            return None
        self._open[sheet] = found
        return found
