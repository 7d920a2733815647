"""A take: its picture carries how it was made, and a reference set is read as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from blocks.errors import InputError, UnreadableFile
from blocks.provenance import read_recipe
from blocks.recall import recall_references
from blocks.takes import finish_take

FACTS = {"model": "pencil", "digest": "d" * 64, "prompt": "hey", "seed": 3, "notes": ["n"], "sent": ["hey"]}
ABOUT = {"attempt": 2, "why": "too unlike", "asked": {"seed": 1}}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "picture.png"
    path.parent.mkdir()
    Image.effect_mandelbrot((32, 32), (-2, -1, 1, 1), 20).save(path)
    return path


def finished(picture: Path, tmp_path: Path, **more: Any) -> Any:
    given = {"recipe": {"pipeline": "p", "steps": [{"step": "draw", "key": "k", "inputs": {"prompt": "hey"}}]}, **more}
    return finish_take(picture, FACTS, scratch=tmp_path, **given)


def test_pixels_stay_and_the_making_is_written_beside_them(picture: Path, tmp_path: Path) -> None:
    done = finished(picture, tmp_path, about=ABOUT, score={"scorable": False})
    with Image.open(picture) as before, Image.open(done.picture) as after:
        assert before.tobytes() == after.tobytes()
    recipe = read_recipe(done.picture)
    assert recipe is not None
    assert recipe["settings"] == {
        **{name: FACTS[name] for name in ("model", "digest", "prompt", "seed")},
        "attempt": 2,
        "why": "too unlike",
    }
    assert (recipe["ai"]["system"], recipe["ai"]["version"], recipe["ai"]["prompt"]) == ("pencil", "d" * 64, "hey")
    assert done.take["picture"] == done.picture
    assert (done.take["attempt"], done.take["score"], done.take["facts"]) == (2, {"scorable": False}, FACTS)


def test_a_recipe_that_is_too_long_names_its_steps_by_their_keys(picture: Path, tmp_path: Path) -> None:
    steps = [{"step": "draw", "block": "b", "version": "1", "key": "k", "inputs": {"prompt": "x" * 40_000}}]
    done = finished(picture, tmp_path, recipe={"pipeline": "p", "steps": steps})
    recipe = read_recipe(done.picture)
    assert recipe is not None
    assert recipe["steps"] == [{"step": "draw", "block": "b", "version": "1", "key": "k"}]
    assert recipe["settings"]["seed"] == 3


def test_a_file_that_holds_no_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.bmp"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(InputError, match="holds no recipe"):
        finished(path, tmp_path)


def test_a_reference_set_is_read_back(tmp_path: Path) -> None:
    known = {"embedder": "e", "digest": "d", "identity": [1.0], "members": [{}]}
    (tmp_path / "set.json").write_text(json.dumps(known))
    found = recall_references(tmp_path / "set.json", [tmp_path / "a.png"])
    assert (found.references, found.pictures) == (known, [tmp_path / "a.png"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, '{"embedder": "e", "digest": "d", "identity": [1], "members": []}']
)
def test_what_is_no_reference_set_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "set.json").write_text(text)
    with pytest.raises(UnreadableFile, match="reference set"):
        recall_references(tmp_path / "set.json")
