"""``characters``: made, listed and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from blocks.pocket.clip import render_clip
from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]


def test_an_empty_lab_says_how_to_make_one(run: Run, tmp_path: Path) -> None:
    said = run("--home", tmp_path / "empty", "characters")
    assert said.code == 0
    assert "characters create --name" in said.out


def test_one_is_made_by_hand_listed_and_shown(run: Run) -> None:
    made = run(
        "characters", "create", "--name", "Mara Öst", "--tags", "lead", "tall", "--positive", "freckles", "--json"
    )
    assert (made.json["slug"], made.json["version"]) == ("mara-ost", "1.0.0")
    assert made.json["fields"] == {"tags": ["lead", "tall"], "positive": "freckles"}
    assert [one["name"] for one in run("characters", "--json").json] == ["Mara Öst"]
    assert run("characters", "list", "nobody", "--json").json == []
    assert "mara-ost" in run("characters").out
    shown = run("characters", "show", "mara-ost")
    assert "positive: freckles" in shown.out and "references: 0" in shown.out


def test_one_is_made_from_an_actors_clip(run: Run, tmp_path: Path) -> None:
    clip = render_clip(900_002, 2, tmp_path / "actor.mp4", fps=8, flaws=False)
    said = run("characters", "create", "--name", "Ivo", "--from", clip, "--json")
    assert said.code == 0, said.err
    references = said.json["references"]
    assert references["count"] == len(references["members"]) == len(references["pictures"]) > 0
    assert said.json["headshot"]["digest"] in [picture["digest"] for picture in references["pictures"]]
    assert "embedding" not in str(references)


def test_what_is_missing_or_unknown_is_said(run: Run) -> None:
    for words, message in (
        (("create",), "--name NAME"),
        (("show",), "Which character"),
        (("show", "gone"), "no character 'gone'"),
        (("create", "--name", " "), "1 to 80"),
    ):
        said = run("characters", *words)
        assert said.code == 1
        assert message in said.err
