"""What the generator learns from: faces as they were met, and faces that count more."""

from pathlib import Path

import numpy as np
import pytest

from blocks.errors import InputError
from blocks.pocket.training.decoder import crops_of
from blocks.pocket.training.faces import align
from blocks.pocket.training.lessons import FACE, encoded, face_weights, faces_met
from blocks.pocket.training.renders import one_render


def test_a_face_is_that_of_frames_of_the_person_alone() -> None:
    face = faces_met([0, 0, 0, 1, 1, 1], np.eye(6, dtype=np.float32))
    random = np.random.default_rng(0)
    seen = [face(0, random) for _ in range(30)]
    assert all(np.linalg.norm(found) == pytest.approx(1, abs=1e-5) and not found[3:].any() for found in seen)
    assert {int(np.count_nonzero(found)) for found in seen} == {1, 2, 3}


def test_somebody_who_was_never_met_has_no_face() -> None:
    assert not faces_met([0], np.eye(1, dtype=np.float32))(7, np.random.default_rng(0)).any()


def test_faces_count_more_and_the_mean_stays_one() -> None:
    weight = face_weights(np.array([[32.0, 32, 96, 96], [-1, -1, -1, -1]]), 16, 16)
    assert weight.mean().item() == pytest.approx(1)
    assert (weight[0, 0, 8, 8] / weight[0, 0, 0, 0]).item() == pytest.approx(FACE)
    assert (weight[1] == 1).all()


def test_shards_count_up_to_the_first_that_is_missing(tmp_path: Path) -> None:
    for folder in ("renders-posed", "latents-posed"):
        (tmp_path / folder).mkdir()
    for number in range(3):
        (tmp_path / "renders-posed" / f"shard-{number:03}.npz").touch()
    with pytest.raises(InputError, match="lessons"):
        encoded(tmp_path, "posed")
    for number in (0, 2):
        np.save(tmp_path / "latents-posed" / f"shard-{number:03}.npy", np.full((4, 2), number))
    assert encoded(tmp_path, "posed").tolist() == [[0, 0]] * 4


def test_crops_for_gradients_are_those_of_insightface() -> None:
    import torch

    portrait = one_render("training", 3, 0)
    assert portrait.face
    marks = portrait.face.landmarks
    picture = torch.from_numpy(portrait.picture.copy()).permute(2, 0, 1)[None].float()
    made = crops_of(picture, marks[None])[0].permute(1, 2, 0).numpy()
    off = np.abs(made - align(portrait.picture, marks).astype(float))[4:-4, 4:-4]
    assert off.mean() < 3
