"""Reads looks, and what is visible of an identity, from pictures that the pocket generator or renderer made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from blocks.errors import InputError, NotAvailable
from blocks.pocket.canvas import Pixels
from blocks.pocket.choices import CHOICES
from blocks.pocket.pack import WEIGHTS

__all__ = ["read_look"]

_SIDE = 128
_BATCH = 32


def read_look(pictures: Sequence[Pixels]) -> list[dict[str, tuple[str, float]]]:
    """What each picture shows.

    Args:
        pictures: HxWx3 8-bit RGB, head and shoulders as the generator frames them. Of a picture that is no square the
            upper (or middle) square is read.

    Returns:
        For each picture, by name of CHOICES: the most probable key and its probability, 0 to 1.

    Raises:
        InputError: something in the list is not such a picture.
        NotAvailable: the judge is missing, or what runs it.
    """
    if not len(pictures):
        return []
    squares = np.stack([_square(picture) for picture in pictures])
    session = _session()
    found: list[dict[str, tuple[str, float]]] = []
    for start in range(0, len(squares), _BATCH):
        some = squares[start : start + _BATCH].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        logits = dict(zip(CHOICES, session.run(list(CHOICES), {"input": some}), strict=True))
        found += [{name: _best(name, rows[place]) for name, rows in logits.items()} for place in range(len(some))]
    return found


def _best(name: str, logits: np.ndarray[Any, Any]) -> tuple[str, float]:
    chances = np.exp(logits - logits.max())
    place = int(chances.argmax())
    return CHOICES[name][place], float(chances[place] / chances.sum())


def _square(picture: Pixels) -> Pixels:
    import cv2

    if getattr(picture, "ndim", 0) != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise InputError("A look is read from HxWx3 pictures of 8-bit RGB; convert this one first.")
    height, width = picture.shape[:2]
    side = min(height, width)
    left = (width - side) // 2
    part = picture[:side, left : left + side]
    if side == _SIDE:
        return part
    scaled: Pixels = cv2.resize(part, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA if side > _SIDE else cv2.INTER_CUBIC)
    return scaled


@lru_cache(maxsize=1)
def _session() -> Any:
    path = WEIGHTS / "judge.onnx"
    if not path.is_file():
        raise NotAvailable(f"There is no {path.name} in {path.parent}. Check the file out again, or train it.")
    try:
        import onnxruntime
    except ImportError as error:
        raise NotAvailable(
            "Looks are read with onnxruntime, which is not installed: pip install onnxruntime."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
