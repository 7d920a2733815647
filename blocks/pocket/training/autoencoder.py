"""The autoencoder: portraits to latents an eighth of their size, and back.

    python -m blocks.pocket.training.autoencoder --home DIR [--steps 5000] [--polish 6000]

It learns in two parts. The first sees crops and leaves latents of which a few directions carry nearly everything. Then
``straighten`` turns and stretches them until all weigh the same, which changes no picture but lets the second part,
on whole pictures and with an eye for faces, learn what the faint directions are good for.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.pocket.canvas import Pixels
from blocks.pocket.training.checkpoint import arguments, backward, mixed, one_cycle, run
from blocks.pocket.training.renders import Renders

__all__ = ["build", "finish", "latents", "load_weights", "psnr", "straighten", "to_tensor"]

CROP = 64
BATCH = 16
FACE = 3.0  # how much more a pixel of a face counts than another, in the second part


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


def difference(made: Tensor, wanted: Tensor, weight: Tensor | None = None) -> Tensor:
    """L1, twice the squared error, and half the difference of the gradients, which keeps edges sharp.

    Args:
        weight: Nx1xHxW, how much each pixel counts; all the same without it.
    """
    off = made - wanted
    weight = torch.ones_like(off[:, :1]) if weight is None else weight
    loss = ((off.abs() + 2 * off.square()) * weight).mean()
    for axis in (2, 3):
        count = weight.narrow(axis, 1, weight.shape[axis] - 1)
        loss = loss + 0.5 * (off.diff(dim=axis).abs() * count).mean()
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


def straighten(model: Any, pictures: Pixels, share: float = 1.0) -> None:
    """Turn and stretch the latents, and what reads them the other way: pictures stay as they are.

    Afterwards the latents of ``pictures`` have mean zero and no channel says what another one does; a channel's spread
    is what it was to the power of 1 - ``share``. Both ends of the model are 1x1 convolutions, so this is exact.
    """
    with torch.no_grad():
        code = torch.cat([latents(model, to_tensor(pictures[at : at + 50])) for at in range(0, len(pictures), 50)])
        rows = code.permute(0, 2, 3, 1).flatten(0, 2).double()
        mean = rows.mean(0)
        _, spread, turn = torch.linalg.svd((rows - mean) / len(rows) ** 0.5, full_matrices=False)
        _stretch(model, mean, turn, spread.clamp(min=float(spread[0]) * 1e-3) ** -share)


def _stretch(model: Any, mean: Tensor, turn: Tensor, by: Tensor) -> None:
    """Latents z become ``by * (turn @ (z - mean))``."""
    inward, outward = by[:, None] * turn, turn.T / by
    count = len(mean)
    into, out_of = model.quant_conv, model.post_quant_conv
    into.weight[:count] = (inward @ into.weight[:count, :, 0, 0].double())[:, :, None, None].float()
    into.bias[:count] = (inward @ (into.bias[:count].double() - mean)).float()
    weight = out_of.weight[:, :, 0, 0].double()
    out_of.bias += (weight @ mean).float()
    out_of.weight.copy_((weight @ outward)[:, :, None, None])


def balance(model: Any, pictures: Pixels) -> None:
    """Give each channel the spread of the geometric mean of one and the trace it leaves in pictures.

    A generator that is judged by its latents then spends its effort, half of it, where pictures show it.
    """
    straighten(model, pictures)
    wanted = to_tensor(pictures[:64])
    with torch.no_grad():
        code = latents(model, wanted)
        plain = model.decode(code).sample
        traces = []
        for channel in range(code.shape[1]):
            moved = code.clone()
            moved[:, channel] += 0.3 * torch.randn(moved[:, channel].shape, generator=torch.Generator().manual_seed(5))
            traces.append((model.decode(moved).sample - plain).square().mean().sqrt())
        trace = torch.stack(traces).double()
        count = len(trace)
        _stretch(model, torch.zeros(count).double(), torch.eye(count).double(), (trace / trace.mean()).sqrt())


def finish(model: Any, renders: Renders, folder: Path) -> float:
    """Balance the latents, put their spread into the configuration and write the model."""
    balance(model, renders.pictures[:400])
    with torch.no_grad():
        sample = torch.cat([latents(model, to_tensor(renders.pictures[i : i + 50])) for i in range(0, 1000, 50)])
    factor = float(1 / sample.std())
    model.register_to_config(scaling_factor=factor)
    model.save_pretrained(folder)
    return factor


def load_weights(path: Path) -> Any:
    """The model of a checkpoint."""
    model = build()
    model.load_state_dict(torch.load(path, weights_only=True, map_location="cpu")["parts"]["model"])
    return model.eval()


class _Cuts:
    """Pieces of portraits and, one in seven, of bodies, with weights that favour faces."""

    def __init__(self, home: Path, random: np.random.Generator) -> None:
        self.portraits, self.bodies = (Renders.read(home / f"renders-{name}") for name in ("training", "figures"))
        self.random = random

    def take(self, side: int, count: int) -> tuple[Tensor, Tensor]:
        found, weights = [], np.ones((count, 1, side, side), np.float32)
        for number in range(count):
            renders = self.bodies if self.random.random() < 0.15 else self.portraits
            row = int(self.random.integers(len(renders.pictures)))
            y, x = (int(self.random.integers(length - side + 1)) for length in renders.pictures.shape[1:3])
            found.append(renders.pictures[row, y : y + side, x : x + side])
            left, top, right, bottom = (max(0, round(float(edge))) for edge in renders.boxes[row] - [x, y, x, y])
            weights[number, :, top:bottom, left:right] = FACE
        return to_tensor(np.stack(found)), torch.from_numpy(weights)


def _train(name: str, given: Any, model: Any, cuts: _Cuts, steps: int, peak: float, whole: bool) -> bool:
    optimiser = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.98), weight_decay=1e-4)

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, steps, peak)
        # The norms see all of what they are given: whole pictures now and then in the first part, mostly in the second.
        if (step % 4 == 0) != whole:
            wanted, weight = cuts.take(2 * CROP, BATCH // 4)
        else:
            wanted, weight = cuts.take(CROP, BATCH)
        wanted = wanted.to(given.device)
        with mixed(given.device):
            code = latents(model, wanted)
            made = model.decode(code).sample
        loss = difference(made.float(), wanted, weight.to(given.device) if whole else None)
        loss = loss + 1e-5 * code.float().square().mean()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return {"loss": float(loss.detach())}

    part = copy.copy(given)
    part.steps = steps
    return run(name, part, {"model": model, "optimiser": optimiser}, cuts.random, step_once)


def main() -> None:
    given = arguments(__doc__ or "", 5000)
    torch.manual_seed(1)
    cuts = _Cuts(given.home, np.random.default_rng(1))
    model = build().to(given.device)
    held_out = Renders.read(given.home / "renders-open").first(200).pictures
    if not _train("autoencoder", given, model, cuts, given.steps, 3e-3, whole=False):
        return
    if not (given.home / "autoencoder-polish.pt").exists():
        straighten(model.cpu(), cuts.portraits.pictures[:400])
        model.to(given.device)
    done = _train("autoencoder-polish", given, model, cuts, given.polish, 2e-3, whole=True)
    model.eval().cpu()
    print(f"held-out portraits: {psnr(model, held_out):.2f} dB")
    if done:
        print(f"scaling factor {finish(model, cuts.portraits, given.home / 'vae'):.4f}")


if __name__ == "__main__":
    main()
