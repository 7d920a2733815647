"""A better decoder for latents that stay as they are, learned while the generator already learns to make them.

    python -m blocks.pocket.training.decoder --home DIR [--steps 6000]

Needs autoencoder, recogniser and encoded lessons. Besides pixels it is judged by what the recogniser sees in faces, and
it is given latents with a little noise on them, as the generator's have.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.training.autoencoder import FACE, difference, psnr, to_tensor
from blocks.pocket.training.checkpoint import arguments, backward, mixed, one_cycle, run
from blocks.pocket.training.faces import SIDE, crop_matrix
from blocks.pocket.training.lessons import encoded, load_recogniser, load_vae
from blocks.pocket.training.renders import Renders

__all__ = ["crops_of", "main"]

BATCH = 4
NOISE = 0.06  # of a latent's spread, at most
LIKENESS, TRACES = 0.3, 0.2  # how much embeddings and the recogniser's inner maps count beside pixels


def crops_of(pictures: Tensor, landmarks: Any) -> Tensor:
    """The aligned faces of Nx3xHxW pictures as Nx3x112x112, through which a gradient can go back."""
    height, width = pictures.shape[2:]
    grids = []
    for marks in landmarks:
        inverse = np.linalg.inv(np.vstack([crop_matrix(marks), [0, 0, 1]]))[:2]
        ys, xs = np.mgrid[0:SIDE, 0:SIDE]
        at = inverse @ np.stack([xs.ravel(), ys.ravel(), np.ones(SIDE * SIDE)])
        grids.append(((at.T + 0.5) / [width, height] * 2 - 1).reshape(SIDE, SIDE, 2))
    grid = torch.from_numpy(np.stack(grids)).to(pictures)
    return functional.grid_sample(pictures, grid, padding_mode="zeros", align_corners=False)


class _Likeness:
    """How far two faces are apart for the recogniser: in its early maps and in its embedding."""

    def __init__(self, recogniser: nn.Module) -> None:
        self.recogniser = recogniser.requires_grad_(False)

    def read(self, crops: Tensor) -> tuple[list[Tensor], Tensor]:
        maps = []
        deep = crops
        for layer in self.recogniser.body:  # type: ignore[union-attr]
            deep = layer(deep)
            if type(layer).__name__ == "_Bend":
                maps.append(functional.normalize(deep, dim=1))
        return maps[:3], functional.normalize(self.recogniser.head(deep))  # type: ignore[operator]

    def __call__(self, made: Tensor, wanted: Tensor) -> Tensor:
        maps, embedding = self.read(made)
        with torch.no_grad():
            true_maps, true = self.read(wanted)
        traces = sum(((a - b).square().sum(1).mean() for a, b in zip(maps, true_maps, strict=True)), torch.zeros(()))
        return LIKENESS * (1 - (embedding * true).sum(1)).mean() + TRACES * traces


class _Pairs:
    """Latents with the portraits they are of."""

    def __init__(self, home: Path, random: np.random.Generator) -> None:
        self.codes = encoded(home, "posed")
        renders = Renders.read(home / "renders-posed")
        self.renders = renders.first(len(self.codes))
        self.random = random

    def take(self) -> tuple[Tensor, Tensor, Tensor, Any]:
        rows = self.random.integers(0, len(self.codes), BATCH)
        code = torch.from_numpy(self.codes[rows]).float()
        code = code + torch.randn(code.shape) * NOISE * float(self.random.random())
        weight = torch.ones(BATCH, 1, *self.renders.pictures.shape[1:3])
        for number, row in enumerate(rows):
            left, top, right, bottom = (max(0, round(float(edge))) for edge in self.renders.boxes[row])
            weight[number, :, top:bottom, left:right] = FACE
        return code, to_tensor(self.renders.pictures[rows]), weight, self.renders.landmarks[rows]


def main() -> None:
    given = arguments(__doc__ or "", 6000)
    torch.manual_seed(17)
    random = np.random.default_rng(17)
    vae, likeness = load_vae(given.home), _Likeness(load_recogniser(given.home).to(given.device))
    scale = float(vae.config.scaling_factor)
    decoder = nn.ModuleDict({"decoder": vae.decoder, "quant": vae.post_quant_conv}).to(given.device)
    pairs = _Pairs(given.home, random)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-4)

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 1.5e-3)
        code, wanted, weight, landmarks = pairs.take()
        code, wanted = code.to(given.device), wanted.to(given.device)
        with mixed(given.device):
            made = vae.decode(code / scale).sample.float()
            alike = likeness(crops_of(made, landmarks), crops_of(wanted, landmarks))
        pixels = difference(made, wanted, weight.to(given.device))
        optimiser.zero_grad(set_to_none=True)
        backward(pixels + alike.float())
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        return {"pixels": float(pixels.detach()), "alike": float(alike.detach())}

    done = run("decoder", given, {"decoder": decoder, "optimiser": optimiser}, random, step_once)
    vae.cpu()
    print(f"held-out portraits: {psnr(vae, Renders.read(given.home / 'renders-open').pictures[:100]):.2f} dB")
    if done:
        vae.save_pretrained(given.home / "vae")


if __name__ == "__main__":
    main()
