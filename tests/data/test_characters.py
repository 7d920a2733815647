"""Characters: a history in which nothing is overwritten, and edits of which none is lost unseen."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from blocks.errors import Conflict, InputError, UnknownName
from data import characters, references
from data.blobs import Blobs
from data.characters import Change
from data.records import FileRef
from data.store import Store

FACE = [1.0] + [0.0] * 511
SET: dict[str, Any] = {
    "embedder": "e",
    "digest": "ab" * 32,
    "identity": FACE,
    "second_identity": [],
    "members": [{"file": "a.png", "view": "front", "embedding": FACE, "second": []}],
    "ceiling": {"raw": 0.8},
}


def create(store: Store, name: str = "Mara Öst", **facts: Any) -> str:
    return store.write(lambda c: characters.create(c, name, Change(None, facts), "kim")).result()


def edit(store: Store, asset: str, change: Change, expected: str = "", who: str = "kim") -> None:
    store.write(lambda c: characters.edit(c, asset, change, who, expected)).result()


def file(blobs: Blobs, text: str) -> FileRef:
    blob = blobs.put_bytes(text.encode())
    return FileRef(blob.digest, text, "image/png", blob.size)


def test_a_name_is_enough_for_a_draft(store: Store) -> None:
    found = characters.get(store, create(store, "  Mara   Öst "))
    assert (found.name, found.slug, found.version, found.fields) == ("Mara Öst", "mara-ost", "1.0.0", {})
    assert (found.headshot, found.references, found.take_count, found.created_by) == (None, None, 0, "kim")


def test_two_of_one_name_have_two_slugs_and_one_in_the_trash_holds_none(store: Store) -> None:
    first, second = create(store), create(store)
    assert characters.get(store, second).slug == "mara-ost-2"
    assert characters.id_of(store, "mara-ost") == characters.id_of(store, first) == first
    store.write(lambda c: characters.set_deleted(c, first, True, "kim")).result()
    third = create(store)
    assert characters.id_of(store, "mara-ost") == third
    store.write(lambda c: characters.set_deleted(c, first, False, "kim")).result()
    assert characters.get(store, first).slug == "mara-ost-3"


@pytest.mark.parametrize("name", ["Мара", "真", "!!!", "a" * 80])
def test_every_name_gives_a_slug(store: Store, name: str) -> None:
    assert characters.get(store, create(store, name)).slug


@pytest.mark.parametrize("name", ["", " \n", "a" * 81])
def test_a_name_is_neither_empty_nor_endless(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="1 to 80"):
        create(store, name)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"colour": "red"}, "no field 'colour'"),
        ({"build": "tall"}, "slim, athletic"),
        ({"hair": 5}, "text"),
        ({"description": "x" * 5000}, "4000"),
        ({"tags": [1]}, "short words"),
    ],
)
def test_a_field_holds_what_it_can(store: Store, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        create(store, **fields)
    assert characters.find(store) == []


def test_metadata_is_a_patch_and_looks_are_a_minor_version(store: Store, blobs: Blobs) -> None:
    asset = create(store, hair="red")
    edit(store, asset, Change(fields={"hair": "blue", "tags": ["a", "a", " "]}))
    edit(store, asset, Change(headshot=file(blobs, "face")))
    edit(store, asset, Change(name="Mia", fields={"hair": ""}))
    found = characters.history(store, asset)
    assert [(one.version, one.what) for one in found] == [
        ("1.1.1", "hair, name"),
        ("1.1.0", "base face"),
        ("1.0.1", "tags, hair"),
        ("1.0.0", "created"),
    ]
    assert [one.fields for one in found[:3]] == [{"tags": ["a"]}, *[{"hair": "blue", "tags": ["a"]}] * 2]
    assert found[0] == characters.get(store, asset)
    assert characters.get(store, asset, "1.0.0").fields == {"hair": "red"}


def test_an_edit_that_changes_nothing_is_no_version(store: Store) -> None:
    asset = create(store, hair="red")
    edit(store, asset, Change(name="Mara Öst", fields={"hair": " red "}), "1.0.0")
    assert characters.get(store, asset).version == "1.0.0"


def test_the_second_of_two_edits_sees_both_versions_and_changes_nothing(store: Store) -> None:
    asset = create(store, hair="red")
    edit(store, asset, Change(fields={"hair": "blue"}), "1.0.0", who="ada")
    with pytest.raises(Conflict, match=r"1\.0\.1.*theirs 'blue', yours 'green'") as error:
        edit(store, asset, Change(fields={"hair": "green"}), "1.0.0")
    assert "ada" in str(error.value)
    assert len(characters.history(store, asset)) == 2


def test_of_many_who_edit_at_once_one_wins(store: Store) -> None:
    asset, won = create(store), []

    def one(number: int) -> None:
        try:
            edit(store, asset, Change(fields={"hair": str(number)}), "1.0.0")
            won.append(number)
        except Conflict:
            pass

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert characters.get(store, asset).fields == {"hair": str(won[0])}


def test_they_are_found_by_name_description_and_tags(store: Store) -> None:
    create(store, "Zoe", description="A pirate")
    create(store, "adam", tags=["Sailor"])
    assert [one.name for one in characters.find(store)] == ["adam", "Zoe"]
    assert [one.name for one in characters.find(store, "PIRATE")] == ["Zoe"]
    assert [one.name for one in characters.find(store, "sail")] == ["adam"]
    assert characters.find(store, limit=0) == []


def test_the_trash_gives_back(store: Store) -> None:
    asset = create(store)
    for _ in range(2):
        store.write(lambda c: characters.set_deleted(c, asset, True, "kim")).result()
    assert characters.find(store) == []
    assert [one.id for one in characters.find(store, deleted=True)] == [asset]
    assert characters.get(store, asset).deleted_at is not None
    store.write(lambda c: characters.set_deleted(c, asset, False, "kim")).result()
    assert characters.get(store, asset).deleted_at is None


def test_everything_is_in_the_audit(store: Store) -> None:
    asset = create(store)
    edit(store, asset, Change(fields={"hair": "red"}))
    store.write(lambda c: characters.set_deleted(c, asset, True, "ada")).result()
    rows = store.read("SELECT who, action FROM audit WHERE subject = ? ORDER BY sequence", (asset,))
    assert [(row["who"], row["action"]) for row in rows] == [
        ("kim", "character.create"),
        ("kim", "character.edit"),
        ("ada", "character.delete"),
    ]


def test_one_that_is_not_there_is_said(store: Store) -> None:
    for look in (lambda: characters.id_of(store, "gone"), lambda: characters.get(store, "gone")):
        with pytest.raises(UnknownName, match="no character 'gone'"):
            look()
    with pytest.raises(UnknownName, match="no character 'gone'"):
        edit(store, "gone", Change(name="x"))


def test_a_reference_set_is_kept_once_and_shown_without_embeddings(store: Store, blobs: Blobs) -> None:
    picture = file(blobs, "a.png")
    for files in ([], [picture], []):
        digest = store.write(lambda c, f=files: references.record(c, SET, f)).result()  # type: ignore[misc]
    whole = references.get(store, digest)
    assert whole == {**SET, "pictures": [picture]}
    asset = create(store)
    edit(store, asset, Change(reference_set=digest))
    shown = characters.get(store, asset).references
    assert shown == {
        "embedder": "e",
        "digest": digest,
        "members": [{"file": "a.png", "view": "front"}],
        "ceiling": {"raw": 0.8},
        "pictures": [picture],
    }


@pytest.mark.parametrize(
    "wrong", [{"digest": "../x"}, {"embedder": ""}, {"members": []}, {"identity": [0.0] * 512}, {"identity": None}]
)
def test_what_is_no_reference_set_is_refused(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        references.check_references({**SET, **wrong})


def test_a_set_that_was_never_here_is_said(store: Store) -> None:
    with pytest.raises(UnknownName, match="no reference set"):
        references.get(store, "gone")
