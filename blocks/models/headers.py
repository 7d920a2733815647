"""What a safetensors file holds, read from its first bytes alone: no tensor is loaded and nothing of it can run.

Format: eight bytes of length (little endian), then a JSON object of tensors by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.errors import UnreadableFile, UnsafeFile

__all__ = ["CONVERT", "PICKLES", "Header", "read_header"]

PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl"})
"""Endings of files that may carry code."""

CONVERT = (
    "Fetch its safetensors form, or convert it where you trust its author: "
    "safetensors.torch.save_file(torch.load(path, weights_only=True), new_path)."
)

_LONGEST = 100 << 20  # bytes of header; the library's own limit
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    Attributes:
        shapes: of its tensors, by name.
        numbers: how many numbers they hold together.
        bytes: what they take as they are stored.
        metadata: what its author wrote beside them.
    """

    shapes: Mapping[str, tuple[int, ...]]
    numbers: int
    bytes: int
    metadata: Mapping[str, str]

    def has(self, part: str) -> bool:
        """Whether the name of any tensor contains `part`."""
        return any(part in name for name in self.shapes)


def read_header(path: Path) -> Header:
    """The header of a safetensors file.

    Raises:
        UnsafeFile: it is a pickle, which may run code when it is read.
        UnreadableFile: it is no safetensors file, or is cut short.
    """
    if path.suffix.lower() in PICKLES:
        raise UnsafeFile(f"{path.name} may run code when it is read, so it is not. {CONVERT}")
    try:
        tensors, start = _parsed(path)
        metadata = tensors.pop("__metadata__", {})
        shapes = {name: tuple(int(n) for n in facts["shape"]) for name, facts in tensors.items()}
        counts = {name: math.prod(shape) for name, shape in shapes.items()}
        size = sum(counts[name] * _BITS.get(facts["dtype"], 8) // 8 for name, facts in tensors.items())
        ends = max((int(facts["data_offsets"][1]) for facts in tensors.values()), default=0)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        raise UnreadableFile(f"{path.name} is not a safetensors file ({error}); fetch it again.") from None
    if start + ends > path.stat().st_size:
        raise UnreadableFile(f"{path.name} is cut short: it tells of {ends:,} bytes of tensors. Fetch it again.")
    return Header(shapes, sum(counts.values()), size, {str(k): str(v) for k, v in metadata.items()})


def _parsed(path: Path) -> tuple[dict[str, dict[str, Any]], int]:
    """The header's JSON object, and where the tensors begin."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if len(start) < 8 or not 2 <= length <= _LONGEST:
                raise ValueError("its first bytes are no length")
            text = file.read(length)
            if len(text) < length:
                raise ValueError("it ends inside its header")
            found = json.loads(text)
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from None
    if not isinstance(found, dict):
        raise ValueError("its header is no JSON object")
    return found, 8 + length
