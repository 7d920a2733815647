"""``actor`` draws a clip, ``frames`` finds who is in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from workbench.commands import main

    path = tmp_path_factory.mktemp("actor") / "two.mp4"
    assert main(["actor", "--seed", "810", "--second", "811", "--seconds", "2", "--out", str(path), "--no-flaws"]) == 0
    return path


def test_an_actor_is_drawn_the_same_for_the_same_seed(run: Run, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one.mp4", "same.mp4", "other.mp4")]
    for path, seed in zip(files, (5, 5, 6), strict=True):
        said = run("actor", "--seed", seed, "--seconds", 0.5, "--out", path, "--json")
        assert said.json == {"file": str(path), "actors": [seed], "seconds": 0.5}
    one, same, other = (path.read_bytes() for path in files)
    assert one == same != other


def test_a_clip_that_cannot_be_drawn_says_why(run: Run, tmp_path: Path) -> None:
    assert "end in one of" in run("actor", "--out", tmp_path / "clip.txt").err
    assert "cannot be drawn" in run("actor", "--seconds", 0, "--out", tmp_path / "clip.mp4").err
    assert list(tmp_path.iterdir()) == []


def test_both_actors_are_found_and_the_one_that_is_named_is_copied_out(run: Run, clip: Path, tmp_path: Path) -> None:
    said = run("frames", clip, "--out", tmp_path / "first", "--most", 4, "--json")
    assert said.code == 0, said.err
    assert said.json["identity"] == 0
    assert [person["identity"] for person in said.json["people"]] == [0, 1]
    assert 1 <= len(said.json["frames"]) <= 4
    assert Image.open(said.json["frames"][0]["frame"]).size == (320, 240)
    other = run("frames", clip, "--out", tmp_path / "second", "--most", 4, "--identity", 1, "--json").json
    assert other["identity"] == 1
    left = [[frame["box"][0] < 160 for frame in one["frames"]] for one in (said.json, other)]
    assert all(len(set(sides)) == 1 for sides in left) and left[0][0] != left[1][0]


def test_what_is_shown_on_the_terminal_says_who_and_where(run: Run, clip: Path, tmp_path: Path) -> None:
    said = run("frames", clip, "--out", tmp_path, "--most", 4)
    assert "frames of person 0 are in" in said.out
    assert "left out: " in said.out


def test_nobody_and_nothing_are_errors(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "teal").save(tmp_path / "wall.png")
    said = run("frames", tmp_path / "wall.png", "--out", tmp_path / "out")
    assert said.code == 1 and "1 no face" in said.err
    assert "check the path" in run("frames", tmp_path / "gone.png", "--out", tmp_path / "out").err
    assert "private network" in run("frames", "http://127.0.0.1/a.png", "--out", tmp_path / "out").err
    assert not (tmp_path / "out").exists()
