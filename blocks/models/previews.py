"""A small picture of what is being drawn, decoded from the latents between steps without slowing them much."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from blocks.models.profiles import Latents

__all__ = ["Previews", "unpacked"]

AFTER = 2.0
"""Seconds of work before the first preview, and before the end after the last: what is done sooner needs none."""

SHARE = 0.02
"""Share of the time that previews may take."""

_SIDE = 24  # latent pixels a preview is decoded from


class Previews:
    """Makes a preview when one is due: rarely where decoding is slow beside a step, often where it is quick."""

    def __init__(self, latents: Latents, size: tuple[int, int], folder: Path) -> None:
        self._latents, self._size, self._folder = latents, size, folder
        self._began = time.monotonic()
        self._spent = 0.0
        self._number = 0

    def due(self, done: float) -> bool:
        """Whether one is worth its time when this share of the work, 0 to 1, is done."""
        worked = time.monotonic() - self._began
        return worked >= AFTER and worked / done - worked >= AFTER and self._spent <= worked * SHARE

    def make(self, pipe: Any, latents: Any) -> Path:
        """A small JPEG of the latents of the step that just ended."""
        import torch

        start = time.monotonic()
        with torch.no_grad():
            plain = unpacked(pipe, latents, self._latents, self._size)
            picture = _decoded(pipe, _shrunk(plain))
        self._number += 1
        path = self._folder / f"preview-{self._number}.jpg"
        picture.convert("RGB").save(path, quality=80)
        self._spent += time.monotonic() - start
        return path


def unpacked(pipe: Any, latents: Any, layout: Latents, size: tuple[int, int]) -> Any:
    """Latents as the autoencoder takes them, (1, channels, height, width) or with a time axis of one.

    Args:
        size: of the picture, (width, height).

    Source: what each pipeline does after its last step.
    """
    import torch

    vae, (width, height) = pipe.vae, size
    if layout == "plain":
        return latents / vae.config.scaling_factor + (getattr(vae.config, "shift_factor", None) or 0.0)
    if layout == "packed":
        plain = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
        return plain / vae.config.scaling_factor + (getattr(vae.config, "shift_factor", None) or 0.0)
    if layout == "packed video":
        plain = pipe._unpack_latents(latents, height, width, pipe.vae_scale_factor)
        mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1).to(plain)
        std = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1).to(plain)
        return plain * std + mean
    side = 2 * pipe.vae_scale_factor
    tall, wide = height // side, width // side
    patches = latents.transpose(1, 2).reshape(latents.shape[0], latents.shape[2], tall, wide)
    mean = vae.bn.running_mean.view(1, -1, 1, 1).to(patches)
    std = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1).to(patches) + vae.config.batch_norm_eps)
    return pipe._unpatchify_latents(patches * std + mean)


def _shrunk(latents: Any) -> Any:
    from torch.nn.functional import interpolate

    high, wide = latents.shape[-2:]
    factor = max(high, wide) / _SIDE
    if factor <= 1:
        return latents
    size = (max(1, round(high / factor)), max(1, round(wide / factor)))
    if latents.ndim == 5:
        return interpolate(latents[:, :, 0], size, mode="area")[:, :, None]
    return interpolate(latents, size, mode="area")


def _decoded(pipe: Any, latents: Any) -> Any:
    pixels = pipe.vae.decode(latents.to(pipe.vae.dtype), return_dict=False)[0]
    if pixels.ndim == 5:
        pixels = pixels[:, :, 0]
    return pipe.image_processor.postprocess(pixels, output_type="pil")[0]
