"""What RIFE weights are here is told without loading anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from enhance.rife import available_rife, rife_files

Tensors = dict[str, torch.Tensor]


def test_an_empty_folder_tells_how_to_get_each_version(tmp_path: Path) -> None:
    for folder in (None, tmp_path, tmp_path / "missing"):
        infos = available_rife(folder)
        assert [(info.version, info.present) for info in infos] == [("4.6", False), ("4.25", False)]
        assert all("Practical-RIFE" in info.how_to_get and info.licence == "MIT" for info in infos)


def test_weights_in_a_folder_are_listed_with_what_can_be_told(
    tmp_path: Path, released: Callable[[str], Tensors]
) -> None:
    save_file(released("4.25"), tmp_path / "RIFE-new.safetensors")
    torch.save(released("4.6"), tmp_path / "rife46.pkl")
    torch.save({"other": torch.zeros(1)}, tmp_path / "rife-other.pth")
    (tmp_path / "rife-broken.safetensors").write_bytes(b"\xff" * 20)
    (tmp_path / "rife.txt").write_text("notes")
    (tmp_path / "other.pth").write_bytes(b"")
    found = {info.path.name: info for info in available_rife(tmp_path) if info.path}
    assert set(found) == {"RIFE-new.safetensors", "rife46.pkl", "rife-other.pth", "rife-broken.safetensors"}
    assert (found["RIFE-new.safetensors"].version, found["RIFE-new.safetensors"].present) == ("4.25", True)
    assert (found["rife46.pkl"].version, found["rife46.pkl"].present) == ("4.6", True)
    for name in ("rife-broken.safetensors", "rife-other.pth"):
        assert not found[name].present
        assert name in found[name].why_not
    assert not [info for info in available_rife(tmp_path) if info.path is None]


def test_weights_are_found_by_their_name_or_their_folders(tmp_path: Path) -> None:
    models = tmp_path / "rife-of-somebody" / "models"
    for name in ("flownet.pkl", "RIFE_4.25/weights.pth", "rife46.safetensors", "realesrgan.pth", "a/b/rife.pth"):
        (models / name).parent.mkdir(parents=True, exist_ok=True)
        (models / name).write_bytes(b"")
    (models / "rife.pth").mkdir()
    found = [str(path.relative_to(models)) for path in rife_files(models)]
    assert found == ["RIFE_4.25/weights.pth", "flownet.pkl", "rife46.safetensors"]


def test_listing_weights_loads_no_torch(tmp_path: Path, released: Callable[[str], Tensors]) -> None:
    save_file(released("4.6"), tmp_path / "rife46.safetensors")
    torch.save(released("4.25"), tmp_path / "rife425.pkl")
    program = (
        "import sys; from pathlib import Path; from enhance.rife import available_rife, rife_files; "
        f"print(*(info.version for info in available_rife(Path({str(tmp_path)!r}))), 'torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4.25", "4.6", "False"]
