"""What the Characters page asks of a lab, and how it shows what it gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.scores.references import make_references
from data.records import CharacterInfo, FileRef, TakeInfo
from data.takes import TakeMark
from pipelines.lab import Lab
from workbench.access import LOCAL_ADMIN
from workbench.characters import Characters, Collision
from workbench.components import characters as views
from workbench.components.gallery import arranged, facts, gallery, viewer
from workbench.services import Services

USER = LOCAL_ADMIN


@pytest.fixture(scope="module")
def characters(lab: Lab) -> Characters:
    return Characters(Services(lab, lab.home / "uploads"))


@pytest.fixture
def face(lab: Lab, tmp_path: Path) -> FileRef:
    from PIL import Image

    Image.linear_gradient("L").resize((24, 24)).save(tmp_path / "face.png")
    return lab.import_file(tmp_path / "face.png")


def take(name: str, score: float | None, **more: object) -> TakeInfo:
    scored = {"scorable": True, "calibrated": score, "raw": score, "passed": (score or 0) >= 0.85}
    file = FileRef(name * 64, f"{name}.png", "image/png", 1)
    return TakeInfo(name, file, score=None if score is None else scored, **more)  # type: ignore[arg-type]


def test_a_character_made_by_hand_needs_only_a_name(characters: Characters) -> None:
    made = characters.create(USER, {"name": "  Mara  ", "tags": ["lead"], "build": ""})
    assert (made.name, made.version, made.fields) == ("Mara", "1.0.0", {"tags": ["lead"]})
    with pytest.raises(InputError, match="name"):
        characters.create(USER, {"name": " "})


def test_an_edit_saves_only_what_differs(characters: Characters) -> None:
    made = characters.create(USER, {"name": "Edit", "hair": "black"})
    saved = characters.edit(USER, made.id, {"name": "Edit", "hair": "red", "tags": []}, made.version)
    assert isinstance(saved, CharacterInfo)
    assert (saved.version, saved.what) == ("1.0.1", "hair")
    same = characters.edit(USER, made.id, {"hair": "red"}, saved.version)
    assert isinstance(same, CharacterInfo)
    assert same.version == saved.version


def test_of_two_edits_of_one_version_the_second_is_shown_both_and_loses_nothing(characters: Characters) -> None:
    made = characters.create(USER, {"name": "Twice", "hair": "black", "persona": "calm"})
    characters.edit(USER, made.id, {"hair": "red", "persona": "loud"}, made.version)
    answer = characters.edit(USER, made.id, {"name": "Twice", "hair": "green", "persona": "calm"}, made.version)
    assert isinstance(answer, Collision)
    assert answer.mine == {"hair": "green"}
    drawn = views.conflict(answer, "kept")
    for words in ("1.0.0", "1.0.1", "red", "green", "loud"):
        assert words in drawn
    saved = characters.edit(USER, made.id, answer.mine, answer.theirs.version)
    assert isinstance(saved, CharacterInfo)
    assert (saved.fields["hair"], saved.fields["persona"]) == ("green", "loud")


def test_an_old_version_comes_back_as_a_new_one(characters: Characters, face: FileRef, lab: Lab) -> None:
    made = characters.create(USER, {"name": "Back", "hair": "black"})
    characters.edit(USER, made.id, {"hair": "", "trigger": "bck"}, "1.0.0")
    lab.set_base_face(made.id, face)
    again = characters.go_back(USER, made.id, "1.0.0")
    assert (again.version, again.fields, again.headshot) == ("1.2.0", {"hair": "black"}, None)
    assert [one.version for one in characters.history(USER, made.id)] == ["1.2.0", "1.1.0", "1.0.1", "1.0.0"]
    with pytest.raises(InputError, match="nothing to restore"):
        characters.go_back(USER, made.id, "1.0.0")


def test_a_deleted_character_is_in_the_trash_and_comes_back(characters: Characters) -> None:
    made = characters.create(USER, {"name": "Gone"})
    characters.delete(USER, made.id)
    assert made.id not in [one.id for one in characters.all(USER, "Gone")]
    assert made.id in [one.id for one in characters.deleted(USER)]
    characters.restore(USER, made.id)
    assert [one.id for one in characters.all(USER, "Gone")] == [made.id]


def test_a_reference_set_is_shown_with_its_hash_its_views_and_its_ceiling(
    characters: Characters, lab: Lab, face: FileRef
) -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=512) + random.normal(size=(3, 512)) * 0.5
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    names = ("front", "front", "side_left")
    members = [{"view": view, "embedding": row.tolist()} for view, row in zip(names, units, strict=True)]
    found = make_references(members, embedder="ab" * 32, domain="pocket")
    made = lab.create_character("Known", references=found, reference_files=[face] * 3)
    drawn = views.references(made)
    assert found["digest"] in drawn
    assert f"{found['ceiling']['raw']:.2f}" in drawn
    assert "2 front, 1 side left" in drawn
    assert drawn.count(f"/media/{face.digest}/thumb") == 3


def test_a_form_gives_back_what_it_was_filled_with(characters: Characters) -> None:
    fields = {"trigger": "mra", "tags": ["a", "b"], "build": "athletic", "persona": "dry"}
    made = characters.create(USER, {"name": "Form", **fields})
    assert 'value="a, b"' in views.form(made, act="save", id="1", title="About", button="Save")
    values = {"name": "Form", "trigger": "mra", "tags": " a, b,", "build": "2", "persona": " dry "}
    assert views.read_fields(values) == {"name": "Form", **fields}
    assert views.read_fields({"build": "99", "unknown": "x"}) == {"build": ""}


def test_an_empty_cast_says_what_to_do_and_a_search_without_result_how_to_go_on() -> None:
    assert "From a clip or pictures" in views.cast([], [], "")
    assert "Show everybody" in views.cast([], [], "nobody")


def mark(name: str, score: float | None, **more: object) -> TakeMark:
    return TakeMark(name, name * 64, score=score, flagged=score is not None and score < 0.85, **more)  # type: ignore[arg-type]


def test_takes_are_sorted_by_score_with_the_unscored_last() -> None:
    takes = [mark("a", 0.5), mark("b", None), mark("c", 0.9, stars=4)]
    assert [one.id for one in arranged(takes, "best", "all")] == ["c", "a", "b"]
    assert [one.id for one in arranged(takes, "worst", "all")] == ["a", "c", "b"]
    assert [one.id for one in arranged(takes, "new", "under")] == ["a"]
    assert [one.id for one in arranged(takes, "new", "stars")] == ["c"]


def test_five_thousand_takes_are_a_short_list_not_a_long_page() -> None:
    drawn = gallery("c1", [mark("a", 0.5, label="red coat")] * 5000, "new", "all")
    assert drawn.count("<img") == 0
    assert len(drawn) < 700_000
    first = gallery("c1", [mark("a", 0.5, label="red coat")] * 5000, "new", "all", most=100)
    assert "5000 takes" in first and len(first) < 20_000


def test_the_full_view_knows_its_neighbours_and_how_the_take_was_made() -> None:
    shown = take("b", 0.5, seed=7, prompt="red coat", settings={"steps": 20, "width": 128, "height": 96})
    around = [take("a", 0.9), shown, take("c", 0.9)]
    drawn = viewer(shown, around, "a" * 64)
    assert 'data-id="a" data-before' in drawn
    assert 'data-id="c" data-next' in drawn
    assert "2 of 3" in drawn
    assert "Set as base face" in drawn
    assert "Set as base face" not in viewer(shown, around, "b" * 64)
    assert {"Seed": "7", "Steps": "20", "Size": "128 × 96", "Raw cosine": "0.50"}.items() <= dict(facts(shown)).items()


def test_what_people_write_of_a_character_is_shown_and_never_run(characters: Characters) -> None:
    evil = "<img src=x onerror=alert(1)>"
    made = characters.create(USER, {"name": evil, "trigger": evil, "tags": [evil], "description": evil})
    shown = take("a", 0.5, prompt=evil, label=evil, model=evil)
    drawn = [
        views.cast([made], [made], ""),
        views.head(made, "about"),
        views.form(made, act="save", id="1", title="About", button="Save"),
        views.versions([made], ""),
        gallery(made.id, [mark("a", 0.5, label=evil)], "new", "all"),
        viewer(shown, [shown], ""),
    ]
    for markup in drawn:
        assert "<img src=x" not in markup


def test_a_reference_set_that_says_little_is_shown_all_the_same() -> None:
    little = {"embedder": "ab" * 32, "digest": "cd" * 32, "members": [{"view": "front"}]}
    drawn = views.references(CharacterInfo("c1", "Little", "little", "1.0.0", references=little))
    assert "Not known: it takes two frames or more." in drawn
    assert "cd" * 32 in drawn
