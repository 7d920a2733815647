"""Spandrel needs torchvision's name to import, and no released torchvision runs with the processor build of torch.

Three names stand in while spandrel is imported, where the real package cannot be; where it can, nothing happens. They
serve architectures that call them (`normalize`) or name the one function that has no stand-in (`rotate`, used by LaMa).
Afterwards the stand-in is gone again: other libraries look for torchvision too, and must not find half of one.
"""

from __future__ import annotations

import enum
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from blocks.errors import NotAvailable

__all__ = ["torchvision_or_stand_in"]


@contextmanager
def torchvision_or_stand_in() -> Iterator[None]:
    """`torchvision.transforms.functional` can be imported inside."""
    try:
        import torchvision.transforms.functional  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except Exception:  # a build for another torch fails with whatever its C++ side throws
        _remove()
        _install()
        try:
            yield
        finally:
            _remove()
    else:
        yield


def _remove() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]


def _install() -> None:
    functional = types.ModuleType("torchvision.transforms.functional")
    functional.__dict__.update(InterpolationMode=_InterpolationMode, normalize=_normalize, rotate=_rotate)
    transforms = types.ModuleType("torchvision.transforms")
    transforms.__dict__.update(functional=functional, __path__=[])
    root = types.ModuleType("torchvision")
    root.__dict__.update({"transforms": transforms, "__path__": []})
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
