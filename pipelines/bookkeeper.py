"""The owner's side of the ledger: takes, characters, references and scores in the store."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar

from blocks.errors import InputError, UnknownName
from data import characters, references, scores, takes
from data.blobs import Blobs
from data.characters import Change
from data.connection import Connection
from data.likeness import Likeness
from data.records import CharacterInfo, FileRef, TakeInfo
from data.results import remember_blobs
from data.store import Store
from data.takes import TakeMark
from pipelines.access import authorize
from pipelines.engine.values import as_plain, encode
from pipelines.ledger import Ledger

__all__ = ["Bookkeeper"]

T = TypeVar("T")

_NOT_FIELDS = frozenset({"name", "headshot", "references", "reference_files"})


class Bookkeeper(Ledger):
    """Keeps the ledger of an owned home; `pipelines.owner.OwnerLab` adds the rest.

    Attributes:
        _store, _blobs: of the home; set by the owner.
    """

    _store: Store
    _blobs: Blobs

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness(self._store, self._store.home / "vectors")

    # -- takes --------------------------------------------------------------------------------------------------

    def takes(
        self,
        *,
        character: str | None = None,
        job: str | None = None,
        batch: str | None = None,
        stars: int = 0,
        hidden: bool = False,
        before: str | None = None,
        limit: int = 60,
    ) -> list[TakeInfo]:
        whose = None if character is None else characters.id_of(self._store, character)
        found = takes.find(
            self._store, character=whose, job=job, batch=batch, stars=stars, hidden=hidden, before=before, limit=limit
        )
        return [_seen(take) for take in found]

    def take_marks(self, character: str, limit: int = 5000) -> list[TakeMark]:
        return takes.marks(self._store, characters.id_of(self._store, character), limit)

    def take(self, take: str) -> TakeInfo:
        return _seen(takes.get(self._store, take))

    def add_take(
        self,
        picture: FileRef,
        settings: Mapping[str, Any] | None = None,
        *,
        character: str | None = None,
        parents: Sequence[str] = (),
        score: Mapping[str, Any] | None = None,
        label: str = "",
        user: str = "admin",
    ) -> TakeInfo:
        authorize(user, "add a take", picture.name)
        self._check_file(picture)
        given, now = dict(settings or {}), time.time()
        made = TakeInfo(
            id=secrets.token_hex(8),
            picture=picture,
            character=None if character is None else characters.id_of(self._store, character),
            at=now,
            who=user,
            settings=encode(given, self._blobs),
            seed=_whole(given.get("seed")),
            prompt=str(given.get("prompt") or ""),
            model=str(given.get("model") or ""),
            parents=tuple(parents),
            label=label,
        )
        self._write(lambda c: _add(c, made, score))
        return self.take(made.id)

    def star(self, take: str, stars: int, *, user: str = "admin") -> TakeInfo:
        return self._change_take(take, user, "take.star", stars=stars)

    def keep_take(self, take: str, kept: bool = True, *, user: str = "admin") -> TakeInfo:
        return self._change_take(take, user, "take.keep", kept=bool(kept))

    def hide_take(self, take: str, hidden: bool = True, *, user: str = "admin") -> TakeInfo:
        return self._change_take(take, user, "take.hide", hidden=bool(hidden))

    def assign_take(self, take: str, character: str | None, *, user: str = "admin") -> TakeInfo:
        whose = None if character is None else characters.id_of(self._store, character)
        return self._change_take(take, user, "take.assign", character=whose)

    def _change_take(self, take: str, user: str, action: str, **columns: Any) -> TakeInfo:
        authorize(user, action, take)
        self._write(lambda c: takes.change(c, take, user, action, **columns))
        return self.take(take)

    # -- characters ---------------------------------------------------------------------------------------------

    def characters(self, *, text: str = "", deleted: bool = False, limit: int = 200) -> list[CharacterInfo]:
        return characters.find(self._store, text, deleted, limit)

    def character(self, character: str, version: str = "") -> CharacterInfo:
        return characters.get(self._store, characters.id_of(self._store, character), version)

    def create_character(
        self,
        name: str,
        *,
        fields: Mapping[str, Any] | None = None,
        references: Mapping[str, Any] | None = None,
        reference_files: Sequence[FileRef] = (),
        headshot: FileRef | None = None,
        user: str = "admin",
    ) -> CharacterInfo:
        authorize(user, "create a character", name)
        self._check_file(*reference_files, *([headshot] if headshot else []))

        def create(connection: Connection) -> str:
            known = _reference_set(connection, references, reference_files)
            return characters.create(connection, name, Change(None, fields, headshot, known), user)

        return self.character(self._write(create))

    def edit_character(
        self, character: str, changes: Mapping[str, Any], *, expected_version: str, user: str = "admin"
    ) -> CharacterInfo:
        authorize(user, "edit a character", character)
        asset = characters.id_of(self._store, character)
        headshot, files = changes.get("headshot", ...), changes.get("reference_files") or ()
        if headshot is not ... and headshot is not None and not isinstance(headshot, FileRef):
            raise InputError("A base face is a file that the lab keeps; import it first, or use a take.")
        self._check_file(*files, *([headshot] if isinstance(headshot, FileRef) else []))
        fields = {name: value for name, value in changes.items() if name not in _NOT_FIELDS}

        def edit(connection: Connection) -> None:
            known: Any = ...
            if "references" in changes:
                known = _reference_set(connection, changes["references"], files)
            change = Change(changes.get("name"), fields, headshot, known)
            characters.edit(connection, asset, change, user, expected_version)

        self._write(edit)
        return self.character(asset)

    def set_base_face(
        self, character: str, picture: str | FileRef, *, expected_version: str = "", user: str = "admin"
    ) -> CharacterInfo:
        face = picture if isinstance(picture, FileRef) else self.take(picture).picture
        return self.edit_character(character, {"headshot": face}, expected_version=expected_version, user=user)

    def character_history(self, character: str) -> list[CharacterInfo]:
        return characters.history(self._store, characters.id_of(self._store, character))

    def delete_character(self, character: str, user: str = "admin") -> CharacterInfo:
        return self._set_deleted(character, True, user)

    def restore_character(self, character: str, user: str = "admin") -> CharacterInfo:
        return self._set_deleted(character, False, user)

    def _set_deleted(self, character: str, deleted: bool, user: str) -> CharacterInfo:
        authorize(user, "delete a character" if deleted else "restore a character", character)
        asset = characters.id_of(self._store, character)
        self._write(lambda c: characters.set_deleted(c, asset, deleted, user))
        return self.character(asset)

    # -- references and scores ----------------------------------------------------------------------------------

    def references(self, digest: str) -> dict[str, Any]:
        return references.get(self._store, digest)

    def reference_file(self, digest: str) -> FileRef:
        found = {name: value for name, value in references.get(self._store, digest).items() if name != "pictures"}
        content = json.dumps(found, sort_keys=True, separators=(",", ":")).encode()
        blob = self._blobs.put_bytes(content)
        file = FileRef(blob.digest, f"references-{digest[:12]}.json", "application/json", blob.size)
        self._write(lambda c: remember_blobs(c, [file], {file.digest: "kept"}, time.time()))
        return file

    def score_history(self, character: str, *, limit: int = 1000) -> list[dict[str, Any]]:
        return scores.history(self._store, characters.id_of(self._store, character), limit)

    def nearest_faces(
        self, vector: Sequence[float], *, embedder: str, k: int = 10, character: str | None = None
    ) -> list[dict[str, Any]]:
        whose = None if character is None else characters.id_of(self._store, character)
        return self._likeness.nearest(vector, embedder, k, whose)

    # -- inside -------------------------------------------------------------------------------------------------

    def _write(self, change: Callable[[Connection], T]) -> T:
        return self._store.write(change).result()

    def _check_file(self, *files: FileRef) -> None:
        """Nothing may name a file that is not here: it could not be shown, and cleaning could not keep it."""
        for file in files:
            if not self._blobs.has(file.digest):
                raise UnknownName(f"The bytes of {file.name} are not kept here; import the file first.")


def _seen(take: TakeInfo) -> TakeInfo:
    return replace(take, settings=as_plain(take.settings))


def _add(connection: Connection, take: TakeInfo, score: Mapping[str, Any] | None) -> None:
    takes.record(connection, take)
    if score is not None:
        scores.record(connection, take.id, score, take.at)


def _reference_set(connection: Connection, given: Mapping[str, Any] | None, files: Sequence[FileRef]) -> str | None:
    return None if given is None else references.record(connection, given, files)


def _whole(value: Any) -> int:
    with suppress(TypeError, ValueError, OverflowError):
        return int(value)
    return 0
