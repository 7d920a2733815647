"""The stand-in serves where torchvision cannot be imported, and keeps out of the way where it can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SAY = "from enhance._torchvision_shim import ensure_torchvision as e; e(); e(); import torchvision; "


def answer(code: str, *path: Path) -> str:
    inserted = f"import sys; sys.path[:0] = {[str(p) for p in path]!r}; "
    done = subprocess.run([sys.executable, "-c", inserted + SAY + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def package(folder: Path, functional: str) -> Path:
    (folder / "torchvision" / "transforms").mkdir(parents=True)
    (folder / "torchvision" / "__init__.py").write_text("real = True")
    (folder / "torchvision" / "transforms" / "__init__.py").touch()
    (folder / "torchvision" / "transforms" / "functional.py").write_text(functional)
    return folder


def test_a_working_torchvision_is_left_in_place(tmp_path: Path) -> None:
    assert answer("print(torchvision.real)", package(tmp_path, "")) == "True"


def test_a_broken_torchvision_is_replaced_whole(tmp_path: Path) -> None:
    broken = package(tmp_path, "raise RuntimeError('operator torchvision::nms does not exist')")
    assert answer("print(hasattr(torchvision, 'real'))", broken) == "False"


def test_normalize_is_the_real_formula() -> None:
    code = (
        "import torch; from torchvision.transforms.functional import normalize; "
        "print(normalize(torch.tensor([[[[1.0]], [[0.5]], [[0.0]]]]), [0.5] * 3, [0.5] * 3).flatten().tolist())"
    )
    assert answer(code) == "[1.0, 0.0, -1.0]"


def test_spandrel_imports_with_it() -> None:
    assert answer("import spandrel; print('SwinIR' in spandrel.MAIN_REGISTRY)") == "True"
