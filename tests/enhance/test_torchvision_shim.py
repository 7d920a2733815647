"""The stand-in serves where torchvision cannot be imported, and keeps out of the way where it can."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

OPEN = """
from enhance._torchvision_shim import torchvision_or_stand_in
for _ in range(2):
    with torchvision_or_stand_in():
        import torchvision
        {inside}
{after}
"""


def answer(inside: str, *path: Path, after: str = "") -> str:
    """What a program prints last that twice does something with torchvision or its stand-in, then something after."""
    code = f"import sys; sys.path[:0] = {[str(p) for p in path]!r}\n" + OPEN.format(inside=inside, after=after)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


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


def test_nothing_of_it_is_left_for_libraries_that_look_for_the_real_one() -> None:
    looks = "import importlib.util; print('torchvision' in sys.modules, importlib.util.find_spec('torchvision'))"
    assert answer("import spandrel", after=looks) == "False None"
