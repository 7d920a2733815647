"""Reference sets: the frames by which a face is known, under the hash of their content; never changed.

A set is a plain dict that `blocks.scores.references.make_references` makes: whose recogniser, the mean embedding, the
members with theirs. It is long, so a summary without embeddings lies beside it for those who only look.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from blocks.errors import InputError, UnknownName
from data.embeddings import check_unit
from data.records import FileRef
from data.results import remember_blobs
from data.store import Connection, Store

__all__ = ["check_references", "get", "record", "summaries"]

_DIGEST = re.compile(r"[0-9a-f]{16,64}")
_OF_SET = frozenset({"identity", "second_identity"})
_OF_MEMBER = frozenset({"embedding", "second"})


def check_references(references: Mapping[str, Any]) -> None:
    """Whether something is a reference set.

    Raises:
        InputError: it is none; the message says what is missing.
    """
    digest, embedder = (references.get(name) for name in ("digest", "embedder"))
    if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)) or not isinstance(embedder, str) or not embedder:
        raise InputError("This is no reference set: it names neither its content nor its recogniser.")
    identity, members = references.get("identity"), references.get("members")
    if not isinstance(identity, list) or not isinstance(members, list) or not members:
        raise InputError("This reference set has no members; pick an actor whose face was found.")
    check_unit(identity)


def record(connection: Connection, references: Mapping[str, Any], pictures: Iterable[FileRef] = ()) -> str:
    """Write a reference set, unless it is known, and keep its members' pictures; runs inside a store change.

    Returns:
        Its digest.

    Raises:
        InputError: it is none.
    """
    check_references(references)
    digest, files, now = str(references["digest"]), list(pictures), time.time()
    remember_blobs(connection, files, {ref.digest: "kept" for ref in files}, now)
    known = connection.rows("SELECT pictures FROM reference_sets WHERE digest = ?", [digest])
    texts = {"pictures": json.dumps([asdict(ref) for ref in files])}
    if not known:
        content = {name: value for name, value in references.items() if name != "pictures"}
        texts |= {"content": json.dumps(content, allow_nan=False), "summary": json.dumps(_summary(content))}
        connection.add(
            "reference_sets", [{"digest": digest, "embedder": content["embedder"], "created_at": now} | texts]
        )
    elif files and not json.loads(known[0]["pictures"]):
        connection.update("reference_sets", [{"digest": digest} | texts])
    return digest


def get(store: Store, digest: str) -> dict[str, Any]:
    """A whole set, with ``pictures`` as `FileRef`.

    Raises:
        UnknownName: it was never recorded here.
    """
    rows = store.read("SELECT content, pictures FROM reference_sets WHERE digest = ?", (digest,))
    if not rows:
        raise UnknownName(f"There is no reference set {digest[:64]!r} in this home; pick the actor's frames again.")
    content: dict[str, Any] = json.loads(rows[0]["content"])
    return content | {"pictures": _files(rows[0]["pictures"])}


def summaries(store: Store, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Sets without their embeddings, by digest, asked once for all."""
    rows = store.read(
        "SELECT digest, summary, pictures FROM reference_sets WHERE digest IN (SELECT unnest(?))", (list(digests),)
    )
    return {row["digest"]: json.loads(row["summary"]) | {"pictures": _files(row["pictures"])} for row in rows}


def _summary(content: Mapping[str, Any]) -> dict[str, Any]:
    members = [{k: v for k, v in member.items() if k not in _OF_MEMBER} for member in content["members"]]
    return {k: v for k, v in content.items() if k not in _OF_SET} | {"members": members}


def _files(text: str) -> list[FileRef]:
    return [FileRef(**file) for file in json.loads(text)]
