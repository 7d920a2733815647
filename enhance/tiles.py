"""A picture goes through a network piece by piece, and the seams do not show.

A tile has a *core*, the part of the picture it must deliver, and a *view*, what the network is shown: the core
and `overlap` pixels around it. With an overlap as wide as the network can see, the pieces equal the whole; a
network that sees further is given `feather`: neighbours are cross-faded over that many pixels either side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_TILE", "Layout", "Network", "Tile", "plan_tiles", "stitch", "tile_for_budget"]

Floats = NDArray[np.float32]
Network = Callable[[Floats], Floats]
"""height x width x 3 in 0..1 to the same, `scale` times larger; may leave 0..1 slightly."""

MIN_TILE = 64


@dataclass(frozen=True, slots=True)
class Layout:
    """How a network wants to be tiled.

    Attributes:
        tile: core's largest side in source pixels (a view's is two overlaps more); 0 for the whole at once.
        overlap: pixels shown around a core.
        feather: pixels either side of a core's border over which neighbours are mixed; at most half of `overlap`.
        align: views start at multiples of this (pixel-unshuffle and window networks need it).
    """

    tile: int
    overlap: int
    feather: int = 0
    align: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis, in source pixels: [start, stop) of the core and of the view."""

    core: tuple[int, int]
    view: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tile:
    """One piece of the picture."""

    y: Span
    x: Span


def plan_tiles(height: int, width: int, layout: Layout) -> list[list[Tile]]:
    """Rows of tiles whose cores cover height x width exactly once, all about the same size."""
    columns = _spans(width, layout)
    return [[Tile(y, x) for x in columns] for y in _spans(height, layout)]


def tile_for_budget(budget: int, bytes_per_pixel: int, overlap: int) -> int:
    """Side of the largest tile whose view stays within `budget` bytes of a network's working memory."""
    side = int((budget / bytes_per_pixel) ** 0.5) - 2 * overlap
    return max(MIN_TILE, side // 16 * 16)


def stitch(
    pixels: NDArray[Any],
    network: Network,
    *,
    scale: int,
    layout: Layout,
    on_tile: Callable[[int, int], None] | None = None,
) -> Iterator[Floats]:
    """Run a picture through a network; yield the result as bands of whole rows, top to bottom.

    Memory is one row of tiles, whatever the picture's height.

    Args:
        pixels: height x width x 3, uint8 or uint16.
        network: what to run; called once a tile.
        scale: how much larger the network's result is.
        layout: see `Layout`.
        on_tile: told (tiles done, tiles in all) after each.

    Yields:
        Bands of rows x (width * scale) x 3, in 0..1; the rows of each are a multiple of `scale`.
    """
    height, width = pixels.shape[:2]
    white = np.float32(np.iinfo(pixels.dtype).max)
    rows = plan_tiles(height, width, layout)
    done, total = 0, len(rows) * len(rows[0])
    feather = layout.feather
    carried = np.zeros((0, width * scale, 3), np.float32)
    for row in rows:
        top, bottom = _reach(row[0].y, feather, height)
        band = np.zeros(((bottom - top) * scale, width * scale, 3), np.float32)
        band[: len(carried)] = carried
        for tile in row:
            view = pixels[slice(*tile.y.view), slice(*tile.x.view)].astype(np.float32) / white
            _lay(band, network(view), tile, top, (height, width), scale, feather)
            done += 1
            if on_tile is not None:
                on_tile(done, total)
        stop = row[0].y.core[1]
        settled = (height if stop == height else stop - feather) - top
        yield np.clip(band[: settled * scale], 0.0, 1.0)
        carried = band[settled * scale :].copy()


def _spans(length: int, layout: Layout) -> list[Span]:
    size = -(-length // _count(length, layout))
    size = -(-size // layout.align) * layout.align
    around = -(-layout.overlap // layout.align) * layout.align
    return [
        Span((start, min(start + size, length)), (max(0, start - around), min(length, start + size + around)))
        for start in range(0, length, size)
    ]


def _count(length: int, layout: Layout) -> int:
    """One or two pieces need no overlap at the picture's own borders, so they may be larger than a tile."""
    if not layout.tile or length <= layout.tile + 2 * layout.overlap:
        return 1
    if length <= 2 * (layout.tile + layout.overlap):
        return 2
    return -(-length // layout.tile)


def _reach(span: Span, feather: int, length: int) -> tuple[int, int]:
    """The rows or columns that a tile says something about."""
    start, stop = span.core
    return max(0, start - feather), min(length, stop + feather)


def _lay(band: Floats, result: Floats, tile: Tile, top: int, size: tuple[int, int], scale: int, feather: int) -> None:
    """Add a tile's result to the band that starts at source row `top`, weighted so that neighbours sum to one."""
    (y0, y1), (x0, x1) = _reach(tile.y, feather, size[0]), _reach(tile.x, feather, size[1])
    view_y, view_x = tile.y.view[0], tile.x.view[0]
    patch = result[(y0 - view_y) * scale : (y1 - view_y) * scale, (x0 - view_x) * scale : (x1 - view_x) * scale]
    if feather:
        down = _ramp(tile.y, size[0], scale, feather)
        across = _ramp(tile.x, size[1], scale, feather)
        patch = patch * (down[:, None, None] * across[None, :, None])
    band[(y0 - top) * scale : (y1 - top) * scale, x0 * scale : x1 * scale] += patch


def _ramp(span: Span, length: int, scale: int, feather: int) -> Floats:
    """Weight of each result row or column: 1 inside, falling to 0 across borders that have a neighbour."""
    start, stop = span.core
    low, high = _reach(span, feather, length)
    at = np.arange(low * scale, high * scale, dtype=np.float32) + np.float32(0.5)
    weight = np.ones_like(at)
    if start > 0:
        weight = np.minimum(weight, (at - (start - feather) * scale) / (2 * feather * scale))
    if stop < length:
        weight = np.minimum(weight, ((stop + feather) * scale - at) / (2 * feather * scale))
    return weight.astype(np.float32)
