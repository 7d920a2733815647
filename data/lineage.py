"""Lineage: of a character that was blended, who it was made of, how much of each, and in which way; never changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from blocks.errors import InputError
from data import audit
from data.store import Connection, Store

__all__ = ["Ancestor", "Descendant", "children", "kept_from", "method_of", "parents", "record"]


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One parent of a character.

    Attributes:
        name: what it was called then.
        weight: share of the face, 0 to 1; of an outfit or style that was taken, 0.
        role: "face", "outfit" or "style".
        character: id of the character that it is, or "".
        picture: digest of a picture of it, or "".
        similarity: how near the child's first picture came to it, -1 to 1; None where that was not measured.
    """

    name: str
    weight: float
    role: str = "face"
    character: str = ""
    picture: str = ""
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Descendant:
    """One character that was made of another: its id and name now, and the other's share in it."""

    character: str
    name: str
    weight: float
    role: str
    method: str


def record(
    connection: Connection, child: str, method: str, made_of: Sequence[Ancestor], who: str, take: str = ""
) -> None:
    """Write down who a character was made of, once; runs inside the store change that creates it.

    Args:
        take: the picture that was kept.

    Raises:
        InputError: nobody is named.
    """
    if not made_of:
        raise InputError("A character that was blended has parents; none are named.")
    detail = {"method": method, "take": take, "parents": [[one.name, one.weight, one.role] for one in made_of]}
    audit.append(connection, who, "character.blend", child, detail)
    same = {"child": child, "method": method, "take": take, "at": time.time(), "who": who}
    rows = [{name: getattr(one, name) for name in Ancestor.__slots__} for one in made_of]
    rows = [row | {"parent": row.pop("character"), "place": place} for place, row in enumerate(rows)]
    connection.add("lineage", [row | same for row in rows])


def parents(store: Store, child: str) -> list[Ancestor]:
    """Who a character was made of, under the names they have now; empty where it was not blended."""
    sql = f"SELECT l.*, v.name AS now FROM lineage AS l {_NAMES.format(who='l.parent')} WHERE child = ? ORDER BY place"
    found = []
    for row in store.read(sql, (child,)):
        given = {name: row[name] for name in Ancestor.__slots__ if name != "character"}
        one = Ancestor(**given, character=row["parent"])
        found.append(replace(one, name=row["now"] or one.name))
    return found


def method_of(store: Store, child: str) -> str:
    """In which way a character was blended; "" where it was not."""
    rows = store.read("SELECT method FROM lineage WHERE child = ? LIMIT 1", (child,))
    return str(rows[0]["method"]) if rows else ""


def children(store: Store, parent: str) -> list[Descendant]:
    """The characters that were made of one and are not deleted, the newest first."""
    sql = f"""
        SELECT l.child, l.weight, l.role, l.method, v.name FROM lineage AS l {_NAMES.format(who="l.child")}
        WHERE l.parent = ? AND a.deleted_at IS NULL ORDER BY l."at" DESC, l.place
    """
    rows = store.read(sql, (parent,))
    return [Descendant(row["child"], row["name"] or "", row["weight"], row["role"], row["method"]) for row in rows]


def kept_from(store: Store, take: str) -> set[str]:
    """Ids of the characters that were kept from a picture."""
    return {str(row["child"]) for row in store.read("SELECT DISTINCT child FROM lineage WHERE take = ?", (take,))}


_NAMES = """
    LEFT JOIN assets AS a ON a.id = {who}
    LEFT JOIN asset_versions AS v ON v.asset = a.id AND v.version = a.version
"""
