"""The models that enlarge, restore or denoise: which there are, and one of them ready to run.

The released Real-ESRGAN weights are always named; a person's own checkpoints are found in a models folder.
Listing reads headers only; torch and ncnn are imported when a model is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from blocks.errors import Conflict, InputError, NotAvailable, UnknownName
from enhance._catalogue import UpscalerInfo, brought_models, missing_models, released_models, wdn_sibling
from enhance._networks import Opened, open_brought, open_released
from enhance.tiles import MIN_TILE, Layout, stitch, tile_for_budget

__all__ = [
    "MEMORY_BUDGET",
    "Backend",
    "Upscaler",
    "UpscalerInfo",
    "available_upscalers",
    "best_device",
    "find_upscaler",
    "load_upscaler",
    "open_upscaler",
    "upscaler_files",
]

Backend = Literal["auto", "ncnn", "torch"]
Floats = NDArray[np.float32]

MEMORY_BUDGET = 1 << 30
"""Bytes that a running network may use for one tile when the tile's size is left to us."""


def available_upscalers(models: Path | None = None) -> list[UpscalerInfo]:
    """Every model that can be chosen, and an entry that says how to get each kind that is missing.

    Args:
        models: folder of a person's own checkpoints (.safetensors, .pth), or None.
    """
    found = released_models() + brought_models(models)
    return found + missing_models(found)


def find_upscaler(name: str, models: Path | None = None) -> UpscalerInfo:
    """The model of that name.

    Raises:
        UnknownName: there is none.
        NotAvailable: it is known but cannot be opened; the message says what to do.
    """
    known = available_upscalers(models)
    info = next((info for info in known if info.name == name), None)
    if info is None:
        names = ", ".join(info.name for info in known if info.present)
        raise UnknownName(f"There is no model called {name!r}; choose one of: {names}.")
    if not info.present:
        raise NotAvailable(f"The model {name!r} cannot be used: {info.how_to_get}")
    return info


def upscaler_files(name: str, models: Path | None = None) -> list[Path]:
    """The files that a person brought of which this model is opened; none for released weights."""
    path = find_upscaler(name, models).path
    if path is None:
        return []
    other = path.with_name(wdn_sibling(path.stem) + path.suffix)
    return [path, other] if other != path and other.is_file() else [path]


@dataclass(frozen=True, slots=True)
class Upscaler:
    """A model ready to run at one factor. Call it with a frame, or ask for `bands` to keep memory flat.

    Attributes:
        info: the model's facts.
        scale: factor of the result.
        network: what runs; its own factor is `network.scale`.
        layout: how pictures are tiled for it.
        strength: share of a denoiser's result; the rest is the source. 1 for all others.
    """

    info: UpscalerInfo
    scale: int
    network: Any
    layout: Layout
    strength: float = 1.0

    def __call__(self, frame: NDArray[Any]) -> NDArray[Any]:
        """height x width x 3, uint8 or uint16, RGB, to the same type, `scale` times larger."""
        white = np.iinfo(frame.dtype).max
        parts = [np.rint(band * white).astype(frame.dtype) for band in self.bands(frame)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def bands(self, pixels: NDArray[Any], on_progress: Callable[[float], None] | None = None) -> Iterator[Floats]:
        """The result from top to bottom, some rows at a time, as floats in 0..1.

        Args:
            pixels: height x width x 3, uint8 or uint16, RGB.
            on_progress: told the share that is done, several times a tile; may raise to stop.
        """
        steps = _Steps(on_progress)
        self.network.on_step = steps.within_tile
        top = 0
        for band in stitch(pixels, self.network, scale=self.network.scale, layout=self.layout, on_tile=steps.tile):
            reduced = _reduce(band, self.network.scale, self.scale)
            if self.strength < 1:
                source = pixels[top : top + len(reduced)] / np.float32(np.iinfo(pixels.dtype).max)
                reduced = (self.strength * reduced + (1 - self.strength) * source).astype(np.float32)
            top += len(reduced)
            yield reduced


class _Steps:
    """Turns tiles and steps within a tile into one rising share."""

    def __init__(self, listener: Callable[[float], None] | None) -> None:
        self._listener = listener
        self._done, self._total = 0, 0

    def within_tile(self, share: float) -> None:
        if self._listener is not None:
            self._listener((self._done + share) / self._total if self._total else 0.0)

    def tile(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        self.within_tile(0.0)


def load_upscaler(
    name: str,
    *,
    scale: int = 0,
    models: Path | None = None,
    backend: Backend = "auto",
    tile: int = 0,
    threads: int = 1,
    denoise: float = 1.0,
    digest: str = "",
) -> Upscaler:
    """Open a model.

    Args:
        name: one of `available_upscalers`.
        scale: factor wanted, one of the model's `scales`; 0 for the network's own.
        models: folder of a person's own checkpoints.
        backend: "ncnn" runs released weights on the processor, "torch" runs any model there or on a graphics
            card; "auto" takes ncnn for released weights unless torch has a card.
        tile: side of a tile in source pixels, at least 64; 0 to fit `MEMORY_BUDGET`.
        threads: processor threads.
        denoise: strength 0 to 1, for models whose `denoise` is True.
        digest: SHA-256 that the weights must have; "" for any.

    Raises:
        UnknownName, NotAvailable: see `find_upscaler`.
        InputError: a factor, tile, strength or backend that this model does not have.
        UnreadableFile, UnsafeFile: the weights cannot be used.
    """
    info = find_upscaler(name, models)
    scale = scale or info.native
    _check_choices(info, scale, tile, threads, denoise)
    if digest and digest != info.digest:
        raise Conflict(f"The weights of {name!r} are not those that were asked for; they were replaced since.")
    opened = _open(info, scale, backend, threads, denoise)
    size = tile or tile_for_budget(MEMORY_BUDGET, opened.bytes_per_pixel, opened.layout.overlap)
    strength = denoise if info.kind == "denoise" else 1.0
    return Upscaler(info, scale, opened.network, replace(opened.layout, tile=size), strength)


def open_upscaler(
    model: str = "realesr-animevideov3",
    scale: int = 0,
    tile: int = 0,
    threads: int = 1,
    *,
    models: Path | None = None,
    denoise: float = 1.0,
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A function from frame to frame (height x width x 3, uint8, RGB), for a clip; errors as in `load_upscaler`."""
    return load_upscaler(model, scale=scale, models=models, tile=tile, threads=threads, denoise=denoise)


def best_device() -> str:
    """ "cuda" where torch can use a graphics card, else "cpu"; torch is asked only where a driver is."""
    if not any(Path(place).exists() for place in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _open(info: UpscalerInfo, scale: int, backend: Backend, threads: int, denoise: float) -> Opened:
    if info.path is not None:
        if backend == "ncnn":
            raise InputError(f"{info.name} is a checkpoint and runs on torch; choose the backend torch or auto.")
        return open_brought(info, device=best_device(), threads=threads, denoise=denoise)
    device = "cpu" if backend == "ncnn" else best_device()
    on_torch = backend == "torch" or device == "cuda"
    return open_released(info, scale, on_torch=on_torch, device=device, threads=threads)


def _check_choices(info: UpscalerInfo, scale: int, tile: int, threads: int, denoise: float) -> None:
    if info.kind == "restore":
        raise InputError(f"{info.name} restores faces and enlarges nothing; use it for face restoration.")
    if scale not in info.scales:
        offered = ", ".join(map(str, info.scales))
        raise InputError(f"{info.name} cannot enlarge by {scale}; it offers: {offered}.")
    if tile and tile < MIN_TILE:
        raise InputError(f"A tile of {tile} pixels is too small; choose {MIN_TILE} or more, or 0 for automatic.")
    if threads < 1:
        raise InputError(f"{threads} threads cannot run anything; choose 1 or more.")
    if not 0 <= denoise <= 1:
        raise InputError(f"The denoise strength {denoise} is outside 0 to 1; choose a value between.")
    if denoise < 1 and not info.denoise:
        raise InputError(f"{info.name} has no denoise strength; leave it at 1, or choose a model that has one.")


def _reduce(band: Floats, native: int, scale: int) -> Floats:
    """By area averaging; a band's rows are a multiple of `native`, so bands meet exactly."""
    if native == scale:
        return band
    import cv2

    height, width = band.shape[:2]
    size = (width * scale // native, height * scale // native)
    return np.asarray(cv2.resize(band, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
