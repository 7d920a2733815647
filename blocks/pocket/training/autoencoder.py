"""The autoencoder: portraits to latents an eighth of their size, and back.

python -m blocks.pocket.training.autoencoder --home DIR [--steps 6000]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Pixels
from blocks.pocket.training.checkpoint import arguments, backward, on, one_cycle, run
from blocks.pocket.training.renders import Renders

__all__ = ["build", "finish", "psnr", "to_tensor"]

CROP = 64
BATCH = 16


def build() -> Any:
    """An untrained AutoencoderKL: 8x smaller, 16 channels, no attention."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(16, 32, 64, 64),
        layers_per_block=1,
        latent_channels=16,
        norm_num_groups=4,
        mid_block_add_attention=False,
        sample_size=128,
    )


def to_tensor(pictures: Pixels) -> Tensor:
    """NxHxWx3 8-bit to Nx3xHxW from -1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


def difference(made: Tensor, wanted: Tensor) -> Tensor:
    """L1, twice the squared error, and half the difference of the gradients, which keeps edges sharp."""
    loss = functional.l1_loss(made, wanted) + 2 * functional.mse_loss(made, wanted)
    for axis in (2, 3):
        loss = loss + 0.5 * functional.l1_loss(made.diff(dim=axis), wanted.diff(dim=axis))
    return loss


def latents(model: Any, pictures: Tensor) -> Tensor:
    """Unscaled latents (the mean of the posterior)."""
    result: Tensor = model.encode(pictures).latent_dist.mean
    return result


def psnr(model: Any, pictures: Pixels) -> float:
    """Decibels of the reconstruction against the pictures, mean over pictures."""
    found = []
    with torch.no_grad():
        for start in range(0, len(pictures), 32):
            wanted = to_tensor(pictures[start : start + 32])
            made = model.decode(latents(model, wanted)).sample.clamp(-1, 1)
            error = ((made - wanted) ** 2).mean(dim=(1, 2, 3)) / 4
            found.extend((-10 * torch.log10(error)).tolist())
    return float(np.mean(found))


def finish(model: Any, renders: Renders, folder: Path) -> float:
    """Measure the spread of the latents, put it into the configuration and write the model in fp16's size or less."""
    with torch.no_grad():
        sample = torch.cat([latents(model, to_tensor(renders.pictures[i : i + 50])) for i in range(0, 1000, 50)])
    factor = float(1 / sample.std())
    model.register_to_config(scaling_factor=factor)
    model.save_pretrained(folder)
    return factor


def main() -> None:
    given = arguments(__doc__ or "", 6000)
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    renders, bodies = (Renders.read(given.home / f"renders-{name}") for name in ("training", "figures"))
    model = on(given.device, build())
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-4)

    def cut(side: int, count: int) -> Tensor:
        found = []
        for _ in range(count):
            pictures = bodies.pictures if random.random() < 0.15 else renders.pictures
            row = int(random.integers(len(pictures)))
            y, x = (int(random.integers(length - side + 1)) for length in pictures.shape[1:3])
            found.append(pictures[row, y : y + side, x : x + side])
        return to_tensor(np.stack(found))

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 3e-3)
        # Mostly crops, which vary more; whole pictures now and then, since the norms see all of what they are given.
        wanted = cut(CROP, BATCH) if step % 4 else cut(2 * CROP, BATCH // 4)
        wanted = wanted.to(given.device, memory_format=torch.channels_last)
        code = latents(model, wanted)
        loss = difference(model.decode(code).sample, wanted) + 1e-5 * code.square().mean()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return {"loss": float(loss.detach())}

    done = run("autoencoder", given, {"model": model, "optimiser": optimiser}, random, step_once)
    model.eval().cpu()
    print(f"held-out portraits: {psnr(model, Renders.read(given.home / 'renders-open').pictures[:200]):.2f} dB")
    if done:
        print(f"scaling factor {finish(model, renders, given.home / 'vae'):.4f}")


if __name__ == "__main__":
    main()
