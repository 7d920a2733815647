"""Released ncnn files (.param, .bin) as a state dict with the keys of the original checkpoints.

In the .bin each convolution stores a tag (0x01306B47: half precision follows), its weights in half precision
padded to four bytes, and its bias in single precision; a PReLU stores its slopes in single precision.
Source: ncnn, docs/developer-guide/param-and-model-file-structure.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import UnreadableFile

__all__ = ["read_released"]

HALF_TAG = 0x01306B47
Floats = NDArray[np.float32]


def read_released(graph: Path) -> dict[str, Floats]:
    """Weights of a released RRDBNet or SRVGGNetCompact.

    Args:
        graph: the .param file; the .bin lies beside it.

    Returns:
        Arrays by the key that the PyTorch model has for them (`body.0.rdb1.conv1.weight`, `body.0.weight`).

    Raises:
        UnreadableFile: the files are cut short, or of another kind.
    """
    try:
        layers = list(_layers(graph))
    except (OSError, ValueError, IndexError) as error:
        raise UnreadableFile(
            f"{graph.name} is not a released ncnn model ({error}); install the weights again."
        ) from error
    convolutions = sum(1 for kind, _ in layers if kind == "Convolution")
    has_slopes = any(kind == "PReLU" for kind, _ in layers)
    names = _compact_names(len(layers)) if has_slopes else _rrdb_names(convolutions)
    return {
        f"{name}.{part}": array
        for name, (_, arrays) in zip(names, layers, strict=True)
        for part, array in arrays.items()
    }


def _layers(graph: Path) -> Iterator[tuple[str, dict[str, Floats]]]:
    data = graph.with_suffix(".bin").read_bytes()
    at = 0
    for line in graph.read_text("utf-8").splitlines()[2:]:
        words = line.split()
        if not words or words[0] not in ("Convolution", "PReLU"):
            continue
        numbers = dict(word.split("=", 1) for word in words[4:] if "=" in word)
        if words[0] == "PReLU":
            slopes, at = _take(data, at, int(numbers["0"]), np.float32)
            yield "PReLU", {"weight": slopes}
            continue
        tag, at = _take(data, at, 1, np.uint32)
        if tag[0] != HALF_TAG:
            raise ValueError(f"{words[1]} is not stored in half precision")
        outputs, side, count = int(numbers["0"]), int(numbers["1"]), int(numbers["6"])
        weight, at = _take(data, at, count, np.float16)
        at += -at % 4
        bias, at = _take(data, at, outputs, np.float32)
        yield "Convolution", {"weight": weight.reshape(outputs, -1, side, side), "bias": bias}
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes left over")


def _take(data: bytes, at: int, count: int, kind: type[np.generic]) -> tuple[NDArray[Any], int]:
    raw = np.frombuffer(data, kind, count, at)
    return (raw if kind is np.uint32 else raw.astype(np.float32)), at + raw.nbytes


def _compact_names(layers: int) -> list[str]:
    return [f"body.{index}" for index in range(layers)]


def _rrdb_names(convolutions: int) -> list[str]:
    blocks, rest = divmod(convolutions - 6, 15)
    if rest or blocks < 1:
        raise UnreadableFile(f"A network of {convolutions} convolutions is no RRDBNet; install the weights again.")
    body = [f"body.{b}.rdb{r}.conv{c}" for b in range(blocks) for r in (1, 2, 3) for c in (1, 2, 3, 4, 5)]
    return ["conv_first", *body, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
