"""Weights filled by the formula of golden/README.md, in the layout of the released files."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

GOLDEN = Path(__file__).parents[1] / "golden"
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Any]:
    """The golden arrays of a version."""
    return _golden


@pytest.fixture(scope="session")
def released() -> Callable[[str], Tensors]:
    """Tensors of a version named as in the published files: wrapped, with parts for training beside."""
    return _released


def _golden(version: str) -> Any:
    return np.load(GOLDEN / f"rife_{version.replace('.', '_')}.npz")


def _released(version: str) -> Tensors:
    shapes = json.loads(str(_golden(version)["keys"]))
    tensors = {f"module.{name}": _fill(name, shape) for name, shape in shapes.items()}
    return tensors | {"module.teacher.conv0.0.0.weight": torch.zeros(2), "module.caltime.0.weight": torch.zeros(2)}


def _fill(name: str, shape: list[int]) -> torch.Tensor:
    count = np.arange(np.prod(shape), dtype=np.uint64)
    x = ((count * 2654435761 + zlib.crc32(name.encode())) % 2**32).astype(np.float64) / 2**32 * 2 - 1
    if name.endswith("beta"):
        x = 1 + 0.1 * x
    elif name.endswith("bias"):
        x = 0.02 * x
    else:
        x = x * np.sqrt(6 / np.prod(shape[1:]))
    return torch.from_numpy(x.reshape(shape).astype(np.float32))
