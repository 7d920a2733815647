"""A released network, run on the processor by ncnn.

An RRDBNet needs three times more memory after its trunk than in it, because its last layers work on the enlarged
picture. So the trunk runs on the whole tile and the tail on pieces of it: the tail sees less than two source
pixels to each side, and the pieces agree with the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import NotAvailable, UnreadableFile

__all__ = ["NcnnNetwork"]

Floats = NDArray[np.float32]

TAIL_TILE = 64
TAIL_OVERLAP = 4
TICKS = 24
SMALLEST = 4  # below this ncnn's own resizing reads past its rows


@dataclass(frozen=True, slots=True)
class _Graph:
    """What must be known of a .param file to run it."""

    waist: str | None  # the blob between trunk and tail
    stops: tuple[str, ...]  # blobs along the way, for saying how far a long run is


class NcnnNetwork:
    """Callable: height x width x 3 floats in 0..1 to the same, `scale` times larger.

    Args:
        graph: path of the .param file; the weights lie beside it with the suffix .bin.
        scale: factor of the graph's result.
        threads: processor threads; two under load take longer than one.

    Raises:
        NotAvailable: ncnn is not installed.
        UnreadableFile: ncnn refuses the files.
    """

    def __init__(self, graph: Path, scale: int, threads: int = 1) -> None:
        try:
            import ncnn
        except ImportError as error:
            raise NotAvailable("ncnn is not installed; run: pip install -r requirements.txt") from error
        self.scale = scale
        self.on_step: Callable[[float], None] | None = None
        self._mat = ncnn.Mat
        self._net = ncnn.Net()
        self._pools = (ncnn.PoolAllocator(), ncnn.PoolAllocator())  # named after the net, so freed after it
        self._shape: tuple[int, ...] = ()
        self._net.opt.blob_allocator, self._net.opt.workspace_allocator = self._pools
        self._net.opt.num_threads = threads
        self._net.opt.use_vulkan_compute = False
        self._net.opt.lightmode = True
        self._graph = _read_graph(graph)
        if self._net.load_param(str(graph)) != 0 or self._net.load_model(str(graph.with_suffix(".bin"))) != 0:
            raise UnreadableFile(f"{graph.name} and its .bin are not a network that ncnn reads; install them again.")

    def __call__(self, pixels: Floats) -> Floats:
        height, width = pixels.shape[:2]
        padded = np.pad(pixels, ((0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width)), (0, 0)), "edge")
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)
        result = self._run(planes) if self._graph.waist is None else self._run_in_two(planes)
        return result.transpose(1, 2, 0)[: height * self.scale, : width * self.scale]

    def _run(self, planes: Floats) -> Floats:
        return self._forward("data", planes, "output", self._graph.stops)

    def _run_in_two(self, planes: Floats) -> Floats:
        waist = str(self._graph.waist)
        features = self._forward("data", planes, waist, self._graph.stops)
        _, height, width = features.shape
        result = np.empty((3, height * self.scale, width * self.scale), np.float32)
        for y in range(0, height, TAIL_TILE):
            for x in range(0, width, TAIL_TILE):
                top, left = max(0, y - TAIL_OVERLAP), max(0, x - TAIL_OVERLAP)
                bottom, right = min(height, y + TAIL_TILE), min(width, x + TAIL_TILE)
                piece = np.ascontiguousarray(features[:, top : bottom + TAIL_OVERLAP, left : right + TAIL_OVERLAP])
                enlarged = self._forward(waist, piece, "output", ())
                s = self.scale
                result[:, y * s : bottom * s, x * s : right * s] = enlarged[
                    :, (y - top) * s : (bottom - top) * s, (x - left) * s : (right - left) * s
                ]
        return result

    def _forward(self, entry: str, planes: Floats, exit_: str, stops: tuple[str, ...]) -> Floats:
        if planes.shape != self._shape:  # freed memory is kept for the next run, but only equal sizes fit it
            for pool in self._pools:
                pool.clear()
            self._shape = planes.shape
        run = self._net.create_extractor()
        run.input(entry, self._mat(planes).clone())
        for index, stop in enumerate(stops):
            self._extract(run, stop)
            if self.on_step is not None:
                self.on_step((index + 1) / (len(stops) + 1))
        return np.array(self._extract(run, exit_), dtype=np.float32)

    @staticmethod
    def _extract(run: Any, blob: str) -> Any:
        status, value = run.extract(blob)
        if status != 0:
            raise MemoryError(f"ncnn could not compute {blob!r}, most likely for want of memory; choose smaller tiles.")
        return value


def _read_graph(path: Path) -> _Graph:
    """Find where an enlarging tail begins: the input of the first resize that follows the trunk."""
    try:
        lines = path.read_text("utf-8").splitlines()[2:]
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path.name} cannot be read ({error}); install the weights again.") from error
    layers = [line.split() for line in lines if len(line.split()) >= 6]
    resizes = [i for i, words in enumerate(layers) if words[0] == "Interp"]
    shuffles = any(words[0] == "PixelShuffle" for words in layers)
    if shuffles or not resizes:
        return _Graph(None, _stops(layers))
    return _Graph(layers[resizes[0]][4], _stops(layers[: resizes[0]]))


def _stops(layers: list[list[str]]) -> tuple[str, ...]:
    """Results of evenly spread convolutions."""
    results = [words[4 + int(words[2])] for words in layers if words[0] == "Convolution"]
    return tuple(results[len(results) // TICKS :: max(1, len(results) // TICKS)][:TICKS]) if len(results) > 50 else ()
