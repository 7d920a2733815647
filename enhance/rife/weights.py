"""Weight files read without trusting them: safetensors, or torch files with numbers in them and nothing else."""

from __future__ import annotations

import io
import json
import pickle
import pickletools
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import UnreadableFile, UnsafeFile
from enhance.rife.layout import Shape

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SUFFIXES", "read_shapes", "read_tensors"]

SUFFIXES = (".safetensors", ".pkl", ".pth")

LARGEST_FILE = 1 << 30
"""Bytes, unpacked; the largest RIFE file is under 50 MB."""

LARGEST_HEADER = 10 << 20

HARMLESS = re.compile(r"collections OrderedDict|torch\._utils _rebuild_\w+|torch(\.storage)? \w+Storage")
"""What a torch file of tensors names in its pickle; anything else is there to be run."""


def read_shapes(path: Path) -> dict[str, Shape]:
    """Names and shapes of the tensors in a safetensors file, from its first bytes, without torch.

    Raises:
        UnreadableFile: not a safetensors file, or damaged.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, LARGEST_HEADER)))
        return {name: tuple(map(int, fact["shape"])) for name, fact in header.items() if name != "__metadata__"}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(path, "as a safetensors file", _brief(error)) from None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor in a weight file, on the CPU, by its stored name. Nothing in the file is ever run.

    Raises:
        UnsafeFile: a pickle that asks for code, or a file that unpacks to more than 1 GB.
        UnreadableFile: missing, damaged, of another kind, or holding something else than named tensors.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UnreadableFile(f"{path.name} is no weight file by its name; one of {', '.join(SUFFIXES)} is expected.")
    _check_size(path)
    found = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    if not _is_named_tensors(found):
        raise _unreadable(path, "as weights", "it holds something else than tensors with names")
    return found


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, "as a safetensors file", _brief(error)) from None


def _read_torch(path: Path) -> Any:
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the damaged bytes lead it to
        if isinstance(error, pickle.UnpicklingError) and _asks_for_code(path):
            raise UnsafeFile(
                f"{path.name} was refused and nothing in it was run: it is a pickle that asks for code to be "
                "executed, which weights do not need. Use a safetensors file, or get it again from its authors."
            ) from None
        reason = "it is not a torch file" if isinstance(error, pickle.UnpicklingError) else _brief(error)
        raise _unreadable(path, "as torch weights", reason) from None


def _is_named_tensors(found: Any) -> bool:
    import torch

    return isinstance(found, dict) and all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items()
    )


def _asks_for_code(path: Path) -> bool:
    """Whether a pickle in this file, read but not run, names anything that is not part of a tensor."""
    try:
        content = io.BytesIO(_pickle_of(path))
        while content.tell() < len(content.getbuffer()):  # older torch files hold several, one after another
            for code, name, _ in pickletools.genops(content):
                if code.name in ("STACK_GLOBAL", "INST") or (
                    code.name == "GLOBAL" and not HARMLESS.fullmatch(str(name))
                ):
                    return True
    except (ValueError, KeyError, StopIteration, OSError, zipfile.BadZipFile):
        pass  # here the pickles end, and asked for nothing so far
    return False


def _pickle_of(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(member.file_size for member in archive.infolist()))
    except (OSError, zipfile.BadZipFile) as error:
        raise _unreadable(path, "at all", _brief(error)) from None
    if size > LARGEST_FILE:
        raise UnsafeFile(f"{path.name} unpacks to {size:,} bytes; weight files above {LARGEST_FILE:,} are refused.")


def _unreadable(path: Path, how: str, reason: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name} cannot be read {how}: {reason}. Download {path.name} again, or choose another file."
    )


def _brief(error: Exception) -> str:
    """The first line of an error: libraries explain at length."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
