"""What a person sees while a picture is being made: the source, small, overlaid by what is finished."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blocks.progress import Progress

__all__ = ["Preview"]

SIDE = 320  # pixels
TELL_EVERY = 0.1  # seconds between calls
SHOW_EVERY = 2.0  # seconds between previews


class Preview:
    """Reports progress, not too often, with a small picture now and then.

    Args:
        scratch: where the small pictures go.
        source: height x width x channels, uint8 or uint16.
        progress: who is told.
    """

    def __init__(self, scratch: Path, source: NDArray[Any], progress: Progress) -> None:
        self._scratch = scratch
        self._progress = progress
        self._height = len(source)
        share = min(1.0, SIDE / max(source.shape[:2]))
        self._size = (max(1, round(source.shape[1] * share)), max(1, round(source.shape[0] * share)))
        self._small = _small(source, self._size)
        self._told = self._shown = time.monotonic()

    def tell(self, fraction: float) -> None:
        """Pass a fraction on if the last one is a while ago; raises Cancelled when asked to stop."""
        now = time.monotonic()
        if now - self._told < TELL_EVERY:
            return
        self._told = now
        preview = None
        if now - self._shown >= SHOW_EVERY:
            self._shown = now
            preview = self._save()
        self._progress(fraction, "enlarging", preview)

    def add(self, rows: NDArray[Any], start: float, end: float) -> None:
        """Show finished rows, which reach from `start` to `end` of the height (0..1)."""
        top, bottom = round(start * self._size[1]), round(end * self._size[1])
        if bottom > top:
            self._small[top:bottom] = _small(rows, (self._size[0], bottom - top))

    def _save(self) -> Path:
        """Renamed into place, so that nobody reads half a picture."""
        path, partial = self._scratch / "preview.png", self._scratch / "preview.partial.png"
        Image.fromarray(self._small).save(partial)
        return partial.replace(path)


def _small(pixels: NDArray[Any], size: tuple[int, int]) -> NDArray[np.uint8]:
    """size (width, height) x 3, uint8; alpha is left out."""
    channels = pixels.shape[2]
    colour = np.ascontiguousarray(pixels[..., : 1 if channels <= 2 else 3])
    small = cv2.resize(colour, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1)
    if small.dtype == np.uint16:
        small = small >> 8
    return np.ascontiguousarray(np.broadcast_to(small, (size[1], size[0], 3)).astype(np.uint8))
