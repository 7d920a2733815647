"""Shards of renders: drawn once, read back whole."""

from pathlib import Path

import numpy as np
import pytest

from blocks.errors import InputError
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
