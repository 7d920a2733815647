"""A PNG written as its rows come, so that a result never has to be in memory whole.

Pillow writes only whole pictures, and no 16-bit colour at all. Format: the PNG specification, third edition
(chunks in section 11, filters in section 9).
"""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blocks.errors import DiskFull

__all__ = ["PngWriter", "full_disk_named"]

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # channels: grey, grey + alpha, RGB, RGBA
ROWS_AT_ONCE = 32  # filtering takes twenty times their bytes
LEVEL = 4  # of zlib: level 6 takes twice as long for four per cent
INCHES_PER_METRE = 39.3701


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Say which file met a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DiskFull(f"No space left while writing {path.name}; free some and run the job again.") from error


class PngWriter:
    """Write one still PNG row by row.

    Args:
        path: file to make; removed again when the block is left by an exception.
        width, height: pixels.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
        depth: bits a sample, 8 or 16.
        icc: colour profile to carry, or None.
        dpi: horizontal and vertical dots an inch, or None.

    Raises:
        DiskFull: no space is left.
    """

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        channels: int,
        depth: int,
        icc: bytes | None = None,
        dpi: tuple[float, float] | None = None,
    ) -> None:
        self.path = path
        self._row_bytes = width * channels * depth // 8
        self._pixel_bytes = channels * depth // 8
        self._above = np.zeros(self._row_bytes, np.uint8)
        self._rows_left = height
        self._zlib = zlib.compressobj(LEVEL, strategy=zlib.Z_FILTERED)
        self._file: BinaryIO = path.open("wb")
        self._put(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPES[channels], 0, 0, 0))
        if icc:
            self._chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))
        if dpi:
            self._chunk(b"pHYs", struct.pack(">IIB", *(_per_metre(d) for d in dpi), 1))

    def write(self, rows: NDArray[Any]) -> None:
        """Append rows: n x width x channels, uint8 or uint16 as the depth says."""
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            raw = np.ascontiguousarray(some.astype(some.dtype.newbyteorder(">"), copy=False))
            lines = raw.view(np.uint8).reshape(len(some), self._row_bytes)
            self._rows_left -= len(lines)
            filtered = _filtered(lines, self._above, self._pixel_bytes)
            self._above = lines[-1].copy()
            self._chunk(b"IDAT", self._zlib.compress(filtered.tobytes()))

    def __enter__(self) -> PngWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = False
        try:
            with full_disk_named(self.path), self._file:
                if kind is None:
                    self._finish()
            whole = kind is None
        finally:
            if not whole:
                self.path.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._rows_left:
            raise ValueError(f"{self.path.name}: {self._rows_left} rows were never written; write them before closing.")
        self._chunk(b"IDAT", self._zlib.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, data: bytes) -> None:
        if data or kind != b"IDAT":
            self._put(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))

    def _put(self, data: bytes) -> None:
        with full_disk_named(self.path):
            self._file.write(data)


def _per_metre(dpi: float) -> int:
    return round(dpi * INCHES_PER_METRE)


def _filtered(lines: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Each line after the cheapest of three filters (Sub, Up, Paeth) by the usual sum of absolute differences."""
    up = np.vstack([above[None], lines[:-1]])
    left, corner = np.zeros_like(lines), np.zeros_like(lines)
    left[:, step:], corner[:, step:] = lines[:, :-step], up[:, :-step]
    choices = [(1, lines - left), (2, lines - up), (4, lines - _paeth(left, up, corner))]
    cost = np.stack([np.abs(c.view(np.int8).astype(np.int16)).sum(1, dtype=np.int64) for _, c in choices])
    best = cost.argmin(0)
    out = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
    for index, (tag, candidate) in enumerate(choices):
        rows = best == index
        out[rows, 0], out[rows, 1:] = tag, candidate[rows]
    return out


def _paeth(a: NDArray[np.uint8], b: NDArray[np.uint8], c: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The Paeth predictor: whichever of left, above and corner is nearest to left + above - corner."""
    left, up, corner = (x.astype(np.int16) for x in (a, b, c))
    from_left, from_up = np.abs(up - corner), np.abs(left - corner)
    from_corner = np.abs(left + up - 2 * corner)
    return np.where(
        (from_left <= from_up) & (from_left <= from_corner), a, np.where(from_up <= from_corner, b, c)
    ).astype(np.uint8)
