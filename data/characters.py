"""Characters: assets of the category "talent", with a history in which nothing is ever overwritten.

An asset is a row that points at its version; a version is a row that is never changed. An edit writes a new version
and moves the pointer, if it still points where whoever edits believes it does.
"""

from __future__ import annotations

import json
import re
import secrets
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from blocks.errors import Conflict, InputError, UnknownName
from data import audit, references
from data.records import CharacterInfo, FileRef
from data.results import remember_blobs
from data.store import Connection, Store

__all__ = ["FIELDS", "Change", "create", "edit", "find", "get", "history", "id_of", "set_deleted"]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "description": (),
    "trigger": (),
    "positive": (),
    "negative": (),
    "tags": (),
    "source": ("ai_generated", "stock", "original", "composite", "reference"),
    "age_range": (),
    "ethnicity": (),
    "build": ("slim", "athletic", "average", "muscular", "plus"),
    "hair": (),
    "features": (),
    "wardrobe": (),
    "persona": (),
    "voice": (),
    "lora": (),
    "lora_weight": (),
    "lora_model": (),
}
"""What can be said of a character, and of some the words there are to choose from; tags are a list, all else is text.
Nothing is required: a blank draft is a character too. ``lora`` is a file among the models that was trained on this
person; it and the trigger word are used by themselves where they are drawn with ``lora_model`` ("": the lab's own)."""

_LONGEST_NAME, _LONGEST_TEXT, _MOST_TAGS, _SHOWN = 80, 4000, 50, 120
_TALENT = "talent"
_SELECT = """
    SELECT a.id, a.slug, a.scope, a.created_at, a.created_by, a.deleted_at, v.name, v.version, v.fields, v.headshot,
           v.reference_set, v."at", v.who, v.what, coalesce(n.takes, 0) AS takes
    FROM assets AS a JOIN asset_versions AS v ON v.asset = a.id
    LEFT JOIN (SELECT character, count(*) AS takes FROM takes WHERE NOT hidden GROUP BY character) AS n
      ON n.character = a.id
"""
_NOW = "v.version = a.version AND a.category = 'talent'"


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes different in a version; what is not named stays.

    Attributes:
        fields: by name, see `FIELDS`.
        headshot: a file, None for none, or `...` where it stays.
        reference_set: digest of one that is recorded, None for none, or `...` where it stays.
    """

    name: str | None = None
    fields: Mapping[str, Any] | None = None
    headshot: Any = ...
    reference_set: Any = ...


def create(connection: Connection, name: str, change: Change, who: str) -> str:
    """A new character at version 1.0.0; its id. Runs inside a store change."""
    asset, now, name = secrets.token_hex(6), time.time(), _name(name)
    slug = _free_slug(connection, name)
    entry = audit.append(connection, who, "character.create", asset, {"name": name, "slug": slug})
    row = {"id": asset, "category": _TALENT, "slug": slug, "scope": "global", "version": "1.0.0"}
    connection.add("assets", [row | {"created_at": now, "created_by": who}])
    first = _changed(_Version(name, {}, None, None), change)
    _write(connection, asset, "1.0.0", first, who, "created", entry.sequence)
    return asset


def edit(connection: Connection, asset: str, change: Change, who: str, expected: str = "") -> None:
    """Write a new version if `expected` (or, if empty, any) is the one that counts. Runs inside a store change.

    Raises:
        UnknownName: there is no such character.
        Conflict: another version counts by now; nothing is changed.
    """
    row = _current(connection, asset)
    before = _Version(row["name"], json.loads(row["fields"]), _file(row["headshot"]), row["reference_set"])
    after = _changed(before, change)
    what = ", ".join(_differences(before, after))
    if expected not in ("", row["version"]):
        raise _overtaken(row, expected, _differences(before, after))
    if not what:
        return
    visual = (before.headshot, before.reference_set) != (after.headshot, after.reference_set)
    version = _next(row["version"], visual)
    detail = {"from": row["version"], "to": version, "what": what}
    entry = audit.append(connection, who, "character.edit", asset, detail)
    _write(connection, asset, version, after, who, what, entry.sequence)
    connection.update("assets", [{"id": asset, "version": version}])


def set_deleted(connection: Connection, asset: str, deleted: bool, who: str) -> None:
    """Put a character into the trash, or take it out; harmless if it is there already. Runs inside a store change."""
    row = _current(connection, asset)
    if (row["deleted_at"] is not None) == deleted:
        return
    slug = row["slug"] if deleted else _free_slug(connection, row["name"], row["slug"])
    audit.append(connection, who, "character.delete" if deleted else "character.restore", asset, {"slug": slug})
    connection.update("assets", [{"id": asset, "slug": slug, "deleted_at": time.time() if deleted else None}])


def id_of(store: Store, name: str) -> str:
    """The id of a character by its id or slug; of two with one slug, the one that is not deleted.

    Raises:
        UnknownName: there is none.
    """
    sql = "SELECT id FROM assets WHERE category = 'talent' AND ? IN (id, slug) ORDER BY deleted_at NULLS FIRST LIMIT 1"
    rows = store.read(sql, (name,))
    if not rows:
        raise _unknown(name)
    return str(rows[0]["id"])


def get(store: Store, asset: str, version: str = "") -> CharacterInfo:
    """One character by its id, in the version that counts or another."""
    where, params = ("v.version = ?", (asset, version)) if version else (_NOW, (asset,))
    rows = store.read(f"{_SELECT} WHERE a.id = ? AND {where}", params)
    if not rows:
        raise _unknown(f"{asset} {version}".strip())
    return _infos(store, rows)[0]


def find(store: Store, text: str = "", deleted: bool = False, limit: int = 200) -> list[CharacterInfo]:
    """Characters by name; those whose name, description or tags hold the text."""
    trash = "NOT NULL" if deleted else "NULL"
    rows = store.read(f"{_SELECT} WHERE {_NOW} AND a.deleted_at IS {trash} ORDER BY lower(v.name), a.id")
    sought = text.casefold().strip()
    return _infos(store, [row for row in rows if sought in _words(row)][:limit])


def history(store: Store, asset: str) -> list[CharacterInfo]:
    """Every version of a character, newest first."""
    return _infos(store, store.read(f"{_SELECT} WHERE a.id = ? ORDER BY v.sequence DESC", (asset,)))


@dataclass(frozen=True, slots=True)
class _Version:
    name: str
    fields: dict[str, Any]
    headshot: FileRef | None
    reference_set: str | None


def _write(
    connection: Connection, asset: str, number: str, version: _Version, who: str, what: str, sequence: int
) -> None:
    now = time.time()
    if version.headshot is not None:
        remember_blobs(connection, [version.headshot], {version.headshot.digest: "kept"}, now)
    texts = {
        "fields": json.dumps(version.fields),
        "headshot": json.dumps(asdict(version.headshot)) if version.headshot else None,
    }
    facts = {"name": version.name, "reference_set": version.reference_set, "at": now, "who": who, "what": what}
    connection.add("asset_versions", [{"asset": asset, "version": number, "sequence": sequence} | facts | texts])


def _current(connection: Connection, asset: str) -> dict[str, Any]:
    rows = connection.rows(f"{_SELECT} WHERE a.id = ? AND {_NOW}", [asset])
    if not rows:
        raise _unknown(asset)
    return rows[0]


def _changed(before: _Version, change: Change) -> _Version:
    fields = {**before.fields, **{name: _field(name, value) for name, value in (change.fields or {}).items()}}
    return replace(
        before,
        name=before.name if change.name is None else _name(change.name),
        fields={name: value for name, value in fields.items() if value},
        headshot=before.headshot if change.headshot is ... else change.headshot,
        reference_set=before.reference_set if change.reference_set is ... else change.reference_set,
    )


def _differences(before: _Version, after: _Version) -> dict[str, tuple[Any, Any]]:
    """What is not the same in two versions: by name, the one's and the other's."""
    pairs = {name: (before.fields.get(name), after.fields.get(name)) for name in FIELDS}
    pairs["name"] = (before.name, after.name)
    pairs["base face"] = (before.headshot, after.headshot)
    pairs["references"] = (before.reference_set, after.reference_set)
    return {name: (one, other) for name, (one, other) in pairs.items() if one != other}


def _overtaken(row: Mapping[str, Any], expected: str, differences: Mapping[str, tuple[Any, Any]]) -> Conflict:
    both = "; ".join(f"{name}: theirs {_short(a)}, yours {_short(b)}" for name, (a, b) in differences.items())
    return Conflict(
        f"{row['name']} was changed while you edited version {expected}: {row['who']} made version {row['version']} "
        f"({row['what']}). Nothing was overwritten. {both or 'Yours says the same'}. Look at the newer version, then "
        "edit again."
    )


def _short(value: Any) -> str:
    text = value.name if isinstance(value, FileRef) else str(value or "empty")
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _next(version: str, visual: bool) -> str:
    """1.4.2 -> 1.5.0 where it looks different, else 1.4.3."""
    major, minor, patch = (int(part) for part in version.split("."))
    return f"{major}.{minor + 1}.0" if visual else f"{major}.{minor}.{patch + 1}"


def _name(name: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(name)).split())
    if not plain or len(plain) > _LONGEST_NAME:
        raise InputError(f"A character's name has 1 to {_LONGEST_NAME} characters; {len(plain)} were given.")
    return plain


def _free_slug(connection: Connection, name: str, wanted: str = "") -> str:
    """A word for addresses, made of a name, that no other character has."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or name
    slug = wanted or re.sub(r"[^\w]+|_+", "-", plain.casefold()).strip("-") or "character"
    taken = {row["slug"] for row in connection.rows("SELECT slug FROM assets WHERE deleted_at IS NULL")}
    numbered = (slug if n == 1 else f"{slug}-{n}" for n in range(1, len(taken) + 2))
    return next(candidate for candidate in numbered if candidate not in taken)


def _field(name: str, value: Any) -> Any:
    if name not in FIELDS:
        raise InputError(f"A character has no field {name!r}; it has {', '.join(FIELDS)}.")
    if name == "tags":
        return _tags(value)
    text = "" if value is None else value
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise InputError(f"{name} is text of at most {_LONGEST_TEXT} characters.")
    text = text.strip()
    if text and FIELDS[name] and text not in FIELDS[name]:
        raise InputError(f"{name} is one of {', '.join(FIELDS[name])}, not {text[:40]!r}.")
    return text


def _tags(value: Any) -> list[str]:
    tags = [value] if isinstance(value, str) else list(value or ())
    if not all(isinstance(tag, str) and len(tag) <= _LONGEST_NAME for tag in tags) or len(tags) > _MOST_TAGS:
        raise InputError(f"Tags are at most {_MOST_TAGS} short words.")
    return list(dict.fromkeys(tag for tag in map(str.strip, tags) if tag))


def _words(row: Mapping[str, Any]) -> str:
    fields = json.loads(row["fields"])
    return " ".join([row["name"], row["slug"], fields.get("description", ""), *fields.get("tags", ())]).casefold()


def _infos(store: Store, rows: list[dict[str, Any]]) -> list[CharacterInfo]:
    sets = references.summaries(store, {row["reference_set"] for row in rows if row["reference_set"]})
    return [_info(row, sets.get(row["reference_set"])) for row in rows]


def _info(row: Mapping[str, Any], reference_set: dict[str, Any] | None) -> CharacterInfo:
    same = {name: row[name] for name in ("id", "name", "slug", "version", "scope", "created_at", "created_by", "what")}
    return CharacterInfo(
        **same,
        fields=json.loads(row["fields"]),
        headshot=_file(row["headshot"]),
        references=reference_set,
        take_count=row["takes"],
        updated_at=row["at"],
        updated_by=row["who"],
        deleted_at=row["deleted_at"],
    )


def _file(text: str | None) -> FileRef | None:
    return FileRef(**json.loads(text)) if text else None


def _unknown(name: str) -> UnknownName:
    return UnknownName(f"There is no character {name[:80]!r}; `characters list` shows those there are.")
