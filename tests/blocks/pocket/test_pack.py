"""The pack says where its parts lie, or which are missing."""

from pathlib import Path

import pytest

from blocks.errors import NotAvailable
from blocks.pocket import pack


def test_every_part_of_the_pack_is_there() -> None:
    found = pack.pocket_pack()
    assert (found.generator / "model_index.json").is_file()
    assert (found.generator / "faceid.safetensors").is_file()
    assert (found.pose / "config.json").is_file()
    assert (found.faces / "manifest.json").is_file()
    assert found.second.is_file()
    assert found.judge.is_file()
    assert found.calibration.is_file()


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("generator", "pose", "faces"):
        (tmp_path / part).mkdir()
    (tmp_path / "judge.onnx").touch()
    monkeypatch.setattr(pack, "WEIGHTS", tmp_path)
    with pytest.raises(NotAvailable, match="second, calibration are not in"):
        pack.pocket_pack()
