"""Faces are repaired where they are, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from blocks.errors import InputError, NotAvailable, UnreadableFile
from enhance._torchvision_shim import torchvision_or_stand_in
from enhance.pictures import Picture, read_picture, write_picture
from enhance.restore import ALIGNED, repaired, restore_faces

with torchvision_or_stand_in():
    from spandrel.architectures.RestoreFormer import RestoreFormer


def face_at(x: float, y: float, size: float, turn: float = 0.0) -> np.ndarray:
    """Landmarks of a face of that size, turned by so many radians."""
    cos, sin = np.cos(turn) * size / 512, np.sin(turn) * size / 512
    return ((ALIGNED - 256) @ np.array([[cos, sin], [-sin, cos]]) + (x, y)).astype(np.float32)


def smooth(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(2).random((height // 8, width // 8, 3), np.float32)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny RestoreFormer of random weights in the real layout."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("models")
    network = RestoreFormer(
        n_embed=16, embed_dim=32, ch=32, ch_mult=(1, 1, 1, 1, 1, 1), num_res_blocks=1, z_channels=32, resolution=512
    )
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, folder / "faces.safetensors")
    return folder


@pytest.mark.parametrize("turn", [0.0, 0.4, -1.2])
def test_a_face_goes_to_the_model_upright_and_comes_back_where_it_was(turn: float) -> None:
    picture = smooth(240, 320)
    landmarks = face_at(170, 120, 150, turn)
    shown: list[np.ndarray] = []

    def same(face: np.ndarray) -> np.ndarray:
        shown.append(face)
        return face

    assert np.abs(repaired(picture, same, landmarks, 1.0) - picture).max() < 0.05
    assert shown[0].shape == (512, 512, 3)
    for (ax, ay), (px, py) in zip(ALIGNED, landmarks, strict=True):
        assert shown[0][round(ay), round(ax)] == pytest.approx(picture[round(py), round(px)], abs=0.1)


def test_only_the_face_changes_and_its_border_is_soft() -> None:
    picture = np.full((300, 300, 3), 0.5, np.float32)
    result = repaired(picture, lambda face: np.ones_like(face), face_at(150, 150, 128), 1.0)
    assert result[150, 150] == pytest.approx([1, 1, 1], abs=1e-3)
    assert np.array_equal(result[:80], picture[:80])
    assert np.abs(np.diff(result, axis=1)).max() < 0.1


def test_strength_mixes_with_the_source() -> None:
    picture = np.zeros((200, 200, 3), np.float32)
    half = repaired(picture, lambda face: np.ones_like(face), face_at(100, 100, 128), 0.5)
    assert half[100, 100] == pytest.approx([0.5] * 3, abs=1e-3)


def test_a_brought_model_repairs_a_picture_file_and_does_it_again_alike(tmp_path: Path, models: Path) -> None:
    frame = (smooth(160, 160) * 255).astype(np.uint8)
    frame = np.dstack([frame, np.maximum(frame[..., 0], 1)])
    path = write_picture(Picture((frame,)), tmp_path / "a.png")
    face = face_at(80, 80, 64).tolist()
    out = restore_faces(path, "faces", faces=[face], models=str(models), scratch=tmp_path)
    result = read_picture(out).frames[0]
    assert out.name == "a_faces.png"
    assert np.array_equal(result[..., 3], frame[..., 3])
    assert np.array_equal(result[:40], frame[:40])
    assert not np.array_equal(result[70:90, 70:90], frame[70:90, 70:90])
    again = restore_faces(path, "faces", faces=[face], models=str(models), scratch=tmp_path)
    assert np.array_equal(read_picture(again).frames[0], result)


def test_a_picture_without_faces_comes_back_as_it_was(tmp_path: Path, models: Path) -> None:
    frame = (smooth(96, 96) * 255).astype(np.uint8)
    path = write_picture(Picture((frame,)), tmp_path / "a.png")
    out = restore_faces(path, "faces", faces=[], models=str(models), scratch=tmp_path)
    assert np.array_equal(read_picture(out).array, frame)


def test_without_a_detector_or_model_it_says_what_to_get(tmp_path: Path, models: Path) -> None:
    path = write_picture(Picture((np.zeros((64, 64, 3), np.uint8),)), tmp_path / "a.png")
    with pytest.raises(NotAvailable, match="yunet"):
        restore_faces(path, "faces", models=str(models), scratch=tmp_path)
    with pytest.raises(NotAvailable, match="GFPGAN"):
        restore_faces(path, "gfpgan", scratch=tmp_path)
    with pytest.raises(InputError, match="does not restore"):
        restore_faces(path, "realesr-animevideov3", scratch=tmp_path)


def test_a_broken_detector_and_bad_landmarks_are_refused(tmp_path: Path, models: Path) -> None:
    path = write_picture(Picture((np.zeros((64, 64, 3), np.uint8),)), tmp_path / "a.png")
    for bad in ([[1.0, 2.0]], [[float("nan"), 1.0]] * 5, [[3.0, 3.0]] * 5):
        with pytest.raises(InputError, match="five"):
            restore_faces(path, "faces", faces=[bad], models=str(models), scratch=tmp_path)
    (tmp_path / "face_detection_yunet_x.onnx").write_bytes(b"not a network")
    (tmp_path / "faces.safetensors").symlink_to(models / "faces.safetensors")
    with pytest.raises(UnreadableFile, match="YuNet"):
        restore_faces(path, "faces", models=str(tmp_path), scratch=tmp_path)
