"""The pose ControlNet: from a stick figure to where the generator puts a body.

    python -m blocks.pocket.training.pose --home DIR [--steps 2000]

Needs the generator. Only the ControlNet learns; if the folder ``earlier-pose`` holds one, it goes on from there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.pocket.canvas import Pixels
from blocks.pocket.captions import varied_caption
from blocks.pocket.training.checkpoint import arguments, backward, mixed, one_cycle, run
from blocks.pocket.training.generator import build_scheduler
from blocks.pocket.training.lessons import encoded
from blocks.pocket.training.renders import Renders

__all__ = ["main"]

BATCH = 12


def build_controlnet(unet: Any) -> Any:
    """An untrained ControlNet of the UNet's shape, with a slender reader of the stick figure (2 M)."""
    from diffusers import ControlNetModel

    return ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 32, 64, 64))


def _first_controlnet(unet: Any, earlier: Path) -> Any:
    model = build_controlnet(unet)
    if earlier.is_dir():
        from safetensors.torch import load_file

        old = load_file(earlier / "diffusion_pytorch_model.safetensors")
        model.load_state_dict({name: weight.float() for name, weight in old.items()})
    return model


def _skeletons(home: Path) -> Pixels:
    paths = sorted((home / "renders-figures").glob("shard-[0-9][0-9][0-9].npz"))
    return np.concatenate([np.load(path)["skeletons"] for path in paths])


def main() -> None:
    from diffusers import StableDiffusionPipeline

    given = arguments(__doc__ or "", 2000)
    device = given.device
    torch.manual_seed(13)
    random = np.random.default_rng(13)
    pipeline = StableDiffusionPipeline.from_pretrained(str(given.home / "pipeline"), torch_dtype=torch.float32)
    unet, encoder = (part.to(device).requires_grad_(False) for part in (pipeline.unet, pipeline.text_encoder))
    renders, skeletons = Renders.read(given.home / "renders-figures", pictures=False), _skeletons(given.home)
    codes = encoded(given.home, "figures")
    scheduler = build_scheduler()
    model = _first_controlnet(unet, given.home / "earlier-pose").to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)

    def batch() -> tuple[Tensor, Tensor, Tensor]:
        rows = random.integers(0, len(codes), BATCH)
        words = [varied_caption(renders.looks[row], random, drop=0.25) for row in rows]
        tokens = pipeline.tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        sticks = torch.from_numpy(skeletons[rows]).permute(0, 3, 1, 2).float() / 255
        return torch.from_numpy(codes[rows]).float().to(device), tokens.to(device), sticks.to(device)

    def step_once(step: int) -> dict[str, float]:
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 6e-4)
        code, tokens, sticks = batch()
        noise, time = torch.randn(code.shape).to(device), (torch.rand(len(code)) ** 0.7 * 1000).long().to(device)
        with mixed(device):
            text = encoder(tokens)[0]
            noisy = scheduler.add_noise(code, noise, time)
            down, middle = model(noisy, time, text, controlnet_cond=sticks, return_dict=False)
            made = unet(
                noisy, time, text, down_block_additional_residuals=down, mid_block_additional_residual=middle
            ).sample
        loss = (made.float() - scheduler.get_velocity(code, noise, time)).square().mean()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return {"loss": float(loss.detach())}

    run("pose", given, {"model": model, "optimiser": optimiser}, random, step_once)
    model.cpu().to(dtype=torch.float16).save_pretrained(given.home / "controlnet")


if __name__ == "__main__":
    main()
