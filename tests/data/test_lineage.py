"""Who a character was made of stays known, and a parent knows its children."""

from __future__ import annotations

import pytest

from blocks.errors import InputError
from data import characters, lineage
from data.characters import Change
from data.lineage import Ancestor
from data.store import Store


def create(store: Store, name: str, *made_of: Ancestor) -> str:
    def change(connection: object) -> str:
        made = characters.create(connection, name, Change(), "kim")  # type: ignore[arg-type]
        if made_of:
            lineage.record(connection, made, "spherical", made_of, "kim", take="t1")  # type: ignore[arg-type]
        return made

    return store.write(change).result()


def test_parents_are_known_in_their_order_with_their_weights(store: Store) -> None:
    ada = create(store, "Ada")
    made_of = (
        Ancestor("Ada", 0.7, character=ada, similarity=0.4),
        Ancestor("walk.mp4", 0.3, picture="ab" * 32),
        Ancestor("coat.png", 0.0, "outfit", picture="cd" * 32),
    )
    child = create(store, "Nia", *made_of)
    assert tuple(lineage.parents(store, child)) == made_of
    assert lineage.method_of(store, child) == "spherical"
    assert lineage.parents(store, ada) == [] and lineage.method_of(store, ada) == ""


def test_a_parent_knows_its_children_and_both_go_by_the_names_they_have_now(store: Store) -> None:
    ada = create(store, "Ada")
    child = create(store, "Nia", Ancestor("Ada", 0.7, character=ada), Ancestor("x.png", 0.3))
    store.write(lambda c: characters.edit(c, ada, Change("Ada Lund"), "kim")).result()
    store.write(lambda c: characters.edit(c, child, Change("Nia B."), "kim")).result()
    [found] = lineage.children(store, ada)
    assert (found.character, found.name, found.weight, found.method) == (child, "Nia B.", 0.7, "spherical")
    assert [one.name for one in lineage.parents(store, child)] == ["Ada Lund", "x.png"]


def test_a_deleted_child_is_not_shown_and_comes_back(store: Store) -> None:
    ada = create(store, "Ada")
    child = create(store, "Nia", Ancestor("Ada", 1.0, character=ada))
    store.write(lambda c: characters.set_deleted(c, child, True, "kim")).result()
    assert lineage.children(store, ada) == []
    store.write(lambda c: characters.set_deleted(c, child, False, "kim")).result()
    assert len(lineage.children(store, ada)) == 1


def test_a_blend_of_nobody_is_none(store: Store) -> None:
    with pytest.raises(InputError, match="none are named"):
        store.write(lambda c: lineage.record(c, "c1", "mean", [], "kim")).result()
