"""Blends in the process that owns the home: keeping one, who came of whom, and who in the lab is like a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.errors import InputError, UnknownName
from data import characters, embeddings, lineage, references, takes
from data.characters import Change
from data.connection import Connection
from data.records import CharacterInfo, TakeInfo
from data.store import Store
from pipelines.access import authorize
from pipelines.blends import Blends, Lineage, Neighbour, made_of

__all__ = ["BlendKeeper"]

_LOOKED_AT = 40  # takes among which one is looked for that is of another blend


class BlendKeeper(Blends):
    """Whoever inherits from this owns the store."""

    _store: Store

    if TYPE_CHECKING:
        character: Callable[..., CharacterInfo]
        characters: Callable[..., list[CharacterInfo]]
        nearest_faces: Callable[..., list[dict[str, Any]]]
        take: Callable[[str], TakeInfo]

    def keep_blend(
        self, take: str, name: str, *, fields: Mapping[str, Any] | None = None, user: str = "admin"
    ) -> CharacterInfo:
        authorize(user, "create a character", name)
        kept = self.take(take)
        method, parents = made_of(kept)
        person = str((kept.settings.get("blend") or {}).get("person") or "")
        if not person:
            raise InputError("No face is seen in this picture, so nobody could be known by it; keep another one.")
        known = {key: value for key, value in references.get(self._store, person).items() if key != "pictures"}
        said = {"source": "composite", **(fields or {})}

        def keep(connection: Connection) -> str:
            digest = references.record(connection, known, [kept.picture])
            made = characters.create(connection, name, Change(None, said, kept.picture, digest), user)
            lineage.record(connection, made, method, parents, user, take=kept.id)
            if kept.character is None:
                takes.change(connection, kept.id, user, "take.assign", character=made)
            return made

        return self.character(self._store.write(keep).result())

    def lineage(self, character: str) -> Lineage:
        asset = characters.id_of(self._store, character)
        return Lineage(
            tuple(lineage.parents(self._store, asset)),
            lineage.method_of(self._store, asset),
            tuple(lineage.children(self._store, asset)),
        )

    def neighbours(self, take: str, k: int = 3) -> list[Neighbour]:
        asked = self.take(take)
        found = embeddings.of_take(self._store, take)
        if found is None:
            return []
        embedder, vector = found
        near = [*self._like_characters(embedder, vector), *self._like_takes(asked, embedder, vector)]
        itself = lineage.kept_from(self._store, take)
        best: dict[str, Neighbour] = {}
        for one in sorted((one for one in near if one.character not in itself), key=lambda one: -one.cosine):
            best.setdefault(one.character or one.take, one)  # of a character the nearest of its pictures is enough
        return list(best.values())[: max(0, k)]

    # -- inside -------------------------------------------------------------------------------------------------

    def _like_characters(self, embedder: str, vector: list[float]) -> Iterator[Neighbour]:
        for one in self.characters(limit=100_000):
            known = one.references or {}
            if known.get("embedder") == embedder:
                identity = self._identity(str(known["digest"]))
                yield Neighbour(one.name, round(float(identity @ np.asarray(vector)), 4), character=one.id)

    def _identity(self, digest: str) -> Any:
        """The mean face of a reference set; a set never changes."""
        if digest not in self._identities:
            self._identities[digest] = np.asarray(references.get(self._store, digest)["identity"], np.float64)
        return self._identities[digest]

    @cached_property
    def _identities(self) -> dict[str, Any]:
        return {}

    def _like_takes(self, asked: TakeInfo, embedder: str, vector: list[float]) -> Iterator[Neighbour]:
        for found in self.nearest_faces(vector, embedder=embedder, k=_LOOKED_AT):
            try:
                take = self.take(found["take"])
                if take.id == asked.id or take.picture.digest == asked.picture.digest or _siblings(take, asked):
                    continue
                whose = self.character(take.character) if take.character else None
            except UnknownName:
                continue
            name = whose.name if whose else take.prompt[:60] or take.picture.name
            yield Neighbour(name, round(float(found["cosine"]), 4), whose.id if whose else "", take.id)


def _siblings(one: TakeInfo, other: TakeInfo) -> bool:
    """Whether two takes come of the same faces: that their pictures are alike says nothing."""
    first, second = (_faces(take) for take in (one, other))
    return bool(first) and first == second


def _faces(take: TakeInfo) -> list[str]:
    blend = take.settings.get("blend") or {}
    pairs = zip(blend.get("parents", ()), blend.get("roles", ()), strict=False)
    return sorted(name for name, role in pairs if role == "face")
