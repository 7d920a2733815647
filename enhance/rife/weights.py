"""A weight file's tensors exactly as they are stored: nothing unwrapped, nothing skipped, nothing run."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import UnreadableFile, UnsafeFile
from enhance._checkpoints import read_shapes

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SUFFIXES", "read_tensors"]

SUFFIXES = (".safetensors", ".pkl", ".pth")

LARGEST_FILE = 1 << 30
"""Bytes, unpacked; the largest RIFE file is under 50 MB."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor in a weight file, on the CPU, by its stored name.

    Raises:
        UnsafeFile: a pickle that asks for code, or a file that unpacks to more than 1 GB.
        UnreadableFile: missing, damaged, of another kind, or holding something else than named tensors.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFile(f"{path.name} is no weight file by its name; one of {', '.join(SUFFIXES)} is expected.")
    _check_size(path)
    read_shapes(path)
    found = _load(path)
    if not isinstance(found, dict) or not all(_is_named_tensor(*item) for item in found.items()):
        raise _unreadable(path, "it holds something else than tensors with names")
    return dict(found)


def _load(path: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both raise whatever the damaged bytes lead them to
        reason = str(error).strip().splitlines() or [type(error).__name__]  # torch explains at length
        raise _unreadable(path, reason[0].rstrip(".")) from None


def _is_named_tensor(name: object, value: object) -> bool:
    import torch

    return isinstance(name, str) and isinstance(value, torch.Tensor)


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(member.file_size for member in archive.infolist()))
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, str(error)) from None
    if size > LARGEST_FILE:
        raise UnsafeFile(f"{path.name} unpacks to {size:,} bytes; weight files above {LARGEST_FILE:,} are refused.")


def _unreadable(path: Path, reason: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name} cannot be read as weights: {reason}. Download {path.name} again, or choose another file."
    )
