"""Spandrel needs torchvision's name to import, and no released torchvision runs with the processor build of torch.

Three names stand in where the real package cannot be imported; where it can, nothing happens. They serve
architectures that call them (`normalize`) or name the one function that has no stand-in (`rotate`, used by LaMa).
"""

from __future__ import annotations

import enum
import sys
import types
from typing import Any

from blocks.errors import NotAvailable

__all__ = ["ensure_torchvision"]

MARK = "__stand_in__"


def ensure_torchvision() -> None:
    """Make `torchvision.transforms.functional` importable."""
    if hasattr(sys.modules.get("torchvision"), MARK):
        return
    try:
        import torchvision.transforms.functional  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except Exception:  # a build for another torch fails with whatever its C++ side throws
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _install()


def _install() -> None:
    functional = types.ModuleType("torchvision.transforms.functional")
    functional.__dict__.update(InterpolationMode=_InterpolationMode, normalize=_normalize, rotate=_rotate)
    transforms = types.ModuleType("torchvision.transforms")
    transforms.__dict__.update(functional=functional, __path__=[])
    root = types.ModuleType("torchvision")
    root.__dict__.update({"transforms": transforms, "__path__": [], MARK: True})
    sys.modules.update({m.__name__: m for m in (root, transforms, functional)})


class _InterpolationMode(enum.Enum):
    NEAREST = "nearest"
    BILINEAR = "bilinear"


def _normalize(tensor: Any, mean: list[float], std: list[float], inplace: bool = False) -> Any:
    """(tensor - mean) / std, a value for each channel of ... x channels x height x width."""
    centre, spread = (tensor.new_tensor(values).view(-1, 1, 1) for values in (mean, std))
    return tensor.sub_(centre).div_(spread) if inplace else (tensor - centre) / spread


def _rotate(*_: Any, **__: Any) -> Any:
    raise NotAvailable("This model rotates pictures with torchvision; install the torchvision that fits your torch.")
