"""Variation grids: which picture stands in which cell, what people decided about it, and sets of cells under a name.

A picture gets into a cell by being a take whose label is the cell's key. What a person decides is written down and
never changed, so how a cell stands follows from takes and decisions alone: the first picture made is current until
another is confirmed, nothing is overwritten before that, and every picture that was ever current is still known.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from blocks.errors import Conflict, InputError, UnknownName
from data import audit
from data.records import TakeInfo
from data.store import Connection, Store

__all__ = [
    "Decision",
    "Standing",
    "Template",
    "cells_of",
    "check_cells",
    "decide",
    "decisions",
    "delete_template",
    "get_template",
    "keep_cells",
    "save_template",
    "stand",
    "templates",
]

Verdict = Literal["current", "discarded"]
Cell = dict[str, Any]

_KEY = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_LONGEST_NAME, _MOST_CELLS, _LONGEST_CELL = 80, 500, 8000


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of a picture: that it stands in the cell from now on, or that it never shall."""

    key: str
    take: str
    verdict: Verdict
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a cell stands.

    Attributes:
        current: the picture in it, or None while there is none.
        candidates: pictures made since that nobody decided about, newest first.
        history: every picture that was ever current, newest first; the first is the current one.
    """

    current: TakeInfo | None = None
    candidates: tuple[TakeInfo, ...] = ()
    history: tuple[TakeInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A set of cells under a name, to be applied to any character."""

    id: str
    name: str
    cells: tuple[Cell, ...]
    at: float
    who: str


def stand(takes: Iterable[TakeInfo], decided: Iterable[Decision]) -> dict[str, Standing]:
    """How every cell stands that has a picture.

    Args:
        takes: of one character, in any order; those without a label stand in no cell.
        decided: about the same character, oldest first.
    """
    made: dict[str, dict[str, list[TakeInfo]]] = {}
    for take in sorted(takes, key=lambda one: one.at):
        if take.label:
            made.setdefault(take.label, {}).setdefault(take.job or take.id, []).append(take)
    said: dict[str, list[Decision]] = {}
    for one in decided:
        said.setdefault(one.key, []).append(one)
    return {
        key: _stand([_best(tries) for tries in jobs.values()], said.get(key, ()), jobs) for key, jobs in made.items()
    }


def _stand(made: Sequence[TakeInfo], decided: Sequence[Decision], jobs: Mapping[str, Sequence[TakeInfo]]) -> Standing:
    known = {take.id: take for tries in jobs.values() for take in tries}
    forgotten = {one.take for one in decided if one.verdict == "discarded"}
    confirmed = [known[one.take] for one in decided if one.verdict == "current" and one.take in known]
    history = [take for take in made if take.id not in forgotten][:1] + confirmed
    history = [take for n, take in enumerate(history) if n == 0 or history[n - 1].id != take.id]
    last = max((one.at for one in decided if one.verdict == "current"), default=0.0)
    seen = {take.id for take in history} | forgotten
    waiting = [take for take in made if take.id not in seen and take.at > last]
    return Standing(history[-1] if history else None, tuple(waiting[::-1]), tuple(history[::-1]))


def _best(tries: Sequence[TakeInfo]) -> TakeInfo:
    """What one job has to offer: of its tries the likest, and of those that have no score the last."""

    def rank(take: TakeInfo) -> tuple[bool, float]:
        score = take.score or {}
        return bool(score.get("passed")), float(score.get("calibrated") or score.get("raw") or 0.0)

    return max(reversed(tries), key=rank)


def decisions(store: Store, character: str) -> list[Decision]:
    """What was decided about a character's cells, oldest first."""
    sql = 'SELECT key, take, verdict, "at", who FROM grid_decisions WHERE character = ? ORDER BY sequence'
    return [Decision(**row) for row in store.read(sql, (character,))]


def decide(connection: Connection, character: str, key: str, take: str, verdict: Verdict, who: str) -> None:
    """Write a decision down; runs inside a store change.

    Raises:
        UnknownName: the take is not one of this character's cell.
    """
    if not connection.rows("SELECT 1 FROM takes WHERE id = ? AND character = ? AND label = ?", [take, character, key]):
        raise UnknownName(f"The take {take[:80]!r} was not made for the cell {key[:80]}; choose one of that cell.")
    entry = audit.append(connection, who, f"grid.{verdict}", character, {"cell": key, "take": take})
    facts = {"character": character, "key": key, "take": take, "verdict": verdict, "at": time.time(), "who": who}
    connection.add("grid_decisions", [{"sequence": entry.sequence} | facts])


def check_cells(cells: Sequence[Mapping[str, Any]]) -> list[Cell]:
    """Cells as they are kept: each with a key of its own.

    Raises:
        InputError: none or too many, two with one key, or something that is no cell.
    """
    if not 1 <= len(cells) <= _MOST_CELLS:
        raise InputError(f"A grid has 1 to {_MOST_CELLS} cells, not {len(cells)}.")
    kept = [dict(cell) for cell in cells]
    for cell in kept:
        key = cell.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InputError(f"{str(key)[:80]!r} cannot be a cell's key; use small letters, digits and _, at most 64.")
        if len(json.dumps(cell)) > _LONGEST_CELL:
            raise InputError(f"The cell {key} says more than {_LONGEST_CELL} characters; shorten its prompt.")
    keys = [cell["key"] for cell in kept]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise InputError(f"Two cells are called {', '.join(twice)}; give each a key of its own.")
    return kept


def cells_of(store: Store, character: str) -> list[Cell] | None:
    """The cells of a character's own grid, or None where it has the standard set."""
    rows = store.read("SELECT cells FROM grid_sets WHERE character = ?", (character,))
    return json.loads(rows[0]["cells"]) if rows and rows[0]["cells"] else None


def keep_cells(connection: Connection, character: str, cells: Sequence[Mapping[str, Any]] | None, who: str) -> None:
    """Give a character a grid of its own, or with None the standard set again; runs inside a store change.

    Pictures of cells that are no longer in it stay takes of the character, and stand in the cell again if it comes
    back.
    """
    kept = None if cells is None else json.dumps(check_cells(cells))
    audit.append(connection, who, "grid.cells", character, {"cells": len(cells) if cells is not None else "standard"})
    connection.put("grid_sets", [{"character": character, "cells": kept, "at": time.time(), "who": who}])


def templates(store: Store) -> list[Template]:
    """Every template, by name."""
    sql = 'SELECT id, name, cells, "at", who FROM grid_templates WHERE deleted_at IS NULL ORDER BY lower(name), id'
    return [_template(row) for row in store.read(sql)]


def get_template(store: Store, template: str) -> Template:
    """One by its id or name.

    Raises:
        UnknownName: there is none.
    """
    found = next((one for one in templates(store) if template in (one.id, one.name)), None)
    if found is None:
        raise UnknownName(f"There is no template {template[:80]!r}; save one from a character's grid.")
    return found


def save_template(connection: Connection, name: str, cells: Sequence[Mapping[str, Any]], who: str) -> str:
    """Keep a set of cells under a name; its id. Runs inside a store change.

    Raises:
        InputError: the name is empty or too long, or the cells are none.
        Conflict: there is a template of that name.
    """
    plain = " ".join(str(name).split())
    if not 1 <= len(plain) <= _LONGEST_NAME:
        raise InputError(f"A template's name has 1 to {_LONGEST_NAME} characters; {len(plain)} were given.")
    if connection.rows("SELECT 1 FROM grid_templates WHERE name = ? AND deleted_at IS NULL", [plain]):
        raise Conflict(f"There is a template called {plain} already; choose another name, or delete that one first.")
    kept, made = check_cells(cells), secrets.token_hex(6)
    audit.append(connection, who, "grid.template", made, {"name": plain, "cells": len(kept)})
    row = {"id": made, "name": plain, "cells": json.dumps(kept), "at": time.time(), "who": who}
    connection.add("grid_templates", [row])
    return made


def delete_template(connection: Connection, template: str, who: str, deleted: bool = True) -> None:
    """Put a template away, or take it back; grids that were made from it stay. Runs inside a store change."""
    if not connection.rows("SELECT 1 FROM grid_templates WHERE id = ?", [template]):
        raise UnknownName(f"There is no template {template[:80]!r}.")
    audit.append(connection, who, "grid.template_deleted" if deleted else "grid.template_back", template, {})
    connection.update("grid_templates", [{"id": template, "deleted_at": time.time() if deleted else None}])


def _template(row: Mapping[str, Any]) -> Template:
    return Template(row["id"], row["name"], tuple(json.loads(row["cells"])), row["at"], row["who"])
