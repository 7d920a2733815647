"""Shards of renders: drawn once, read back whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.pocket.portrait import Portrait
from blocks.pocket.training import renders
from blocks.pocket.training.face_pack import write_face_pack


def test_shards_hold_what_was_drawn_and_are_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renders, "SHARD", 4)
    renders.draw_shards(tmp_path / "open", "open", 3, 2)
    read = renders.Renders.read(tmp_path / "open")
    assert read.people.tolist() == [0, 1, 2, 0, 1, 2]
    assert read.pictures.shape == (6, 128, 128, 3)
    assert read.landmarks.shape == (6, 5, 2)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "open").iterdir()}
    renders.draw_shards(tmp_path / "open", "open", 3, 2)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "open").iterdir()} == before


def test_in_measurements_twenty_people_share_hair_and_outfit() -> None:
    looks = [renders._shared("open", person, 1) for person in range(40)]
    assert all(look == looks[0] for look in looks[:20])
    assert looks[20] != looks[0]
    assert renders._shared("training", 3, 1) == {}


def test_figures_keep_their_skeleton_and_say_where_no_face_is(tmp_path: Path) -> None:
    renders.draw_figure_shards(tmp_path, 14)
    shard = np.load(tmp_path / "shard-000.npz")
    assert shard["skeletons"].shape == shard["pictures"].shape == (14, 256, 160, 3)
    read = renders.Renders.read(tmp_path)
    behind = [look.view == "back" for look in read.looks]
    assert ((read.boxes == -1).all(axis=1) == behind).all()


def test_the_generator_learns_from_people_whom_the_recogniser_never_saw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renders, "SHARD", 6)
    renders.draw_posed_shards(tmp_path / "posed", 3, 2)
    renders.draw_met_shards(tmp_path / "met", 3, 2)
    posed, met = (renders.Renders.read(tmp_path / name) for name in ("posed", "met"))
    assert posed.people.tolist() == met.people.tolist() == [6000, 6001, 6002] * 2
    assert not np.array_equal(posed.pictures, met.pictures)


def test_posed_people_hold_still() -> None:
    def sway(draw: Callable[[int], Portrait]) -> float:
        middles = [np.mean(face.box) for face in (draw(person).face for person in range(6000, 6030)) if face]
        return float(np.std(middles))

    assert sway(lambda person: renders.one_posed(person, 0)) < sway(
        lambda person: renders.one_render("training", person, 0)
    )


def test_a_face_pack_needs_both_networks(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"detector\.onnx"):
        write_face_pack(tmp_path / "detector.onnx", tmp_path / "recogniser.onnx", tmp_path / "pack")


def test_two_parts_side_by_side_draw_what_one_process_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renders, "SHARD", 2)
    renders.draw_shards(tmp_path / "whole", "open", 5, 1)
    for part in ((1, 2), (0, 2)):
        renders.draw_shards(tmp_path / "parts", "open", 5, 1, part)
    one, other = (renders.Renders.read(tmp_path / name) for name in ("whole", "parts"))
    assert np.array_equal(one.pictures, other.pictures)
    assert one.looks == other.looks
