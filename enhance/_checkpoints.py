"""Checkpoints that a person brings: looked into without running anything, loaded without trusting anything.

A .pth file is a Python pickle, and unpickling runs what it names. So a file is first read by an unpickler that
knows six harmless names and gives back shapes only; whatever names anything else is refused. What passes is
loaded by torch with `weights_only=True`. A .safetensors file cannot carry code; its header gives the shapes.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from blocks.errors import UnreadableFile, UnsafeFile

__all__ = ["SUFFIXES", "Shapes", "digest_of", "load_state", "read_shapes"]

Shapes = dict[str, tuple[int, ...]]
"""Shape of each tensor by its key."""

SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt")
WRAPPERS = ("model_state_dict", "state_dict", "params_ema", "params-ema", "params", "model", "net")
MAX_HEADER = 100_000_000  # bytes; safetensors' own limit
LEGACY_PARTS = 3  # torch before 1.6 wrote a magic number, a protocol and the machine's facts before the object


def read_shapes(path: Path) -> Shapes:
    """Keys and shapes of a checkpoint's tensors; torch is not imported and nothing in the file is run.

    Raises:
        UnsafeFile: a pickle that names something other than tensors.
        UnreadableFile: no checkpoint, or cut short.
    """
    try:
        found = _safetensors_shapes(path) if path.suffix == ".safetensors" else _pickle_shapes(path)
    except UnsafeFile:
        raise
    except Exception as error:  # a hostile pickle makes the unpickler throw nearly anything
        raise UnreadableFile(f"{path.name} is not a checkpoint, or cut short ({error}); download it again.") from error
    shapes = {key: value for key, value in _unwrapped(found).items() if isinstance(value, tuple)}
    if not shapes:
        raise UnreadableFile(f"{path.name} holds no weights; download the model file itself.")
    return shapes


def load_state(path: Path) -> dict[str, Any]:
    """Tensors of a checkpoint by key, in single precision where they are floating.

    Raises:
        UnsafeFile: a pickle that names something other than tensors; it was not run.
        UnreadableFile: no checkpoint, or cut short.
    """
    import torch

    read_shapes(path)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            found = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsafeFile(_refusal(path, "something torch does not trust")) from error
    except Exception as error:  # torch and safetensors throw RuntimeError, EOFError, SafetensorError, ...
        raise UnreadableFile(f"{path.name} is cut short or damaged ({error}); download it again.") from error
    tensors = {key: value for key, value in _unwrapped(found).items() if isinstance(value, torch.Tensor)}
    return {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}


def digest_of(path: Path) -> str:
    """SHA-256 of a file, remembered for as long as its size, time and inode stay."""
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unwrapped(found: Any) -> dict[str, Any]:
    """The innermost dictionary of weights: training programs put it under one of a few names."""
    for _ in WRAPPERS:  # at most once each: a hostile dictionary may hold itself
        if isinstance(found, dict):
            found = next((found[key] for key in WRAPPERS if isinstance(found.get(key), dict)), found)
    weights: dict[str, Any] = {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}
    for prefix in ("module.", "netG."):
        if weights and all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items()}
    return weights


def _safetensors_shapes(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > MAX_HEADER:
            raise ValueError("its header is larger than the format allows")
        header = json.loads(file.read(length))
    return {key: tuple(value["shape"]) for key, value in header.items() if key != "__metadata__"}


def _pickle_shapes(path: Path) -> Any:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            entry = next(e for e in archive.infolist() if e.filename.endswith("data.pkl"))
            if entry.file_size > MAX_HEADER:
                raise ValueError("its list of tensors is too long")
            return _ShapeReader(io.BytesIO(archive.read(entry)), path).load()
    with path.open("rb") as file:
        for _ in range(LEGACY_PARTS):
            _ShapeReader(file, path).load()
        return _ShapeReader(file, path).load()


class _ShapeReader(pickle.Unpickler):
    """Unpickles a checkpoint into shapes; every name but a tensor's parts is refused."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__(file)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if module == "torch" and (name.endswith("Storage") or name in DTYPES):
            return name
        raise UnsafeFile(_refusal(self._path, f"{module}.{name}"))

    def persistent_load(self, pid: Any) -> Any:
        return pid


def _tensor(storage: Any, offset: int, size: Any, *_: Any) -> tuple[int, ...]:
    return tuple(int(side) for side in size)


def _parameter(data: Any, *_: Any) -> Any:
    return data


KNOWN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): tuple,
}
DTYPES = frozenset({"float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8", "bool"})


def _refusal(path: Path, what: str) -> str:
    return (
        f"{path.name} is a pickle that asks to run {what}; it was refused and nothing was run. "
        "Get the model as .safetensors, or from its authors."
    )
