"""CPU seconds a training step, our loop against that of diffusers' DreamBooth-LoRA example.

The rival is the loop of examples/dreambooth/train_dreambooth_lora.py of diffusers 0.42, written out for the same random
Stable Diffusion checkpoint, the same pictures and captions, batch, rank, first weights, draws, threads and number
format, with accelerate as there. Both take their steps in one process, turn by turn, and the ratio is the median of the
turns' ratios, in which a neighbour's noise falls on both. The losses of the first steps must be equal, or the times
would not compare. What keeping latents and texts saves is a row of its own. `python -m tests.bench.bench_lora`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.blocks.models._tiny import stable_diffusion

__all__ = ["measure"]

ROUNDS = 31
SIDE, BATCH, RANK = 64, 2, 8
CHANNELS = (64, 128)
RIVAL = "diffusers 0.42 DreamBooth-LoRA example's loop"
RATE = 1e-3


def measure() -> list[dict[str, Any]]:
    """CPU seconds a step: as the example does it, and with everything encoded once."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        torch.manual_seed(0)
        stable_diffusion(root / "model", 768, CHANNELS)
        examples = _examples(root)
        return [
            _row("encoding in every step, as there", _compared(root, examples, keep=False)),
            _row("latents and texts kept, against encoding in every step", _compared(root, examples, keep=True)),
        ]


def _examples(root: Path) -> list[Any]:
    """Eight pictures of random colours, already of the size that is trained on."""
    import numpy as np
    from PIL import Image

    from lora.training.encoding import Example

    random, found = np.random.default_rng(0), []
    for number in range(8):
        path = root / f"{number}.png"
        Image.fromarray(random.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)).save(path)
        found.append(Example(path, f"mira, a woman, look {number}", (SIDE, SIDE)))
    return found


def _compared(root: Path, examples: list[Any], *, keep: bool) -> list[tuple[float, float]]:
    """CPU seconds of our step and of theirs, turn by turn."""
    from blocks.models.loading import load, release
    from lora.training.config import TrainConfig
    from lora.training.loop import Training

    config = TrainConfig(
        steps=ROUNDS + 1,
        batch=BATCH,
        rank=RANK,
        alpha=float(RANK),
        rate=RATE,
        schedule="constant",
        warmup=0,
        weighting="none",
        empty_captions=0.0,
        cache=keep,
    )
    try:
        ours = Training(load(root / "model"), examples, config)
        theirs = _example(root / "model", ours, config)
        times: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(ROUNDS + 1):
            losses = {}
            for who in ("ours", "theirs") if number % 2 else ("theirs", "ours"):
                start = time.process_time()
                losses[who] = ours.learn() if who == "ours" else next(theirs)
                times[who].append(time.process_time() - start)
            if number < 5 and abs(losses["ours"] - losses["theirs"]) > 1e-4 * losses["theirs"]:
                raise RuntimeError(f"the losses of step {number + 1} differ ({losses}), so their times do not compare")
        return list(zip(times["ours"][1:], times["theirs"][1:], strict=True))  # the first only warms up
    finally:
        release()


def _example(model: Path, ours: Any, config: Any) -> Iterator[float]:
    """The example's loop, a step at a time; its draws and its first weights are ours."""
    import torch
    import torch.nn.functional as functional
    from accelerate import Accelerator
    from diffusers import DDPMScheduler, StableDiffusionPipeline
    from diffusers.optimization import get_scheduler
    from diffusers.training_utils import cast_training_params
    from peft import LoraConfig

    pipe = StableDiffusionPipeline.from_pretrained(model)
    unet, vae, text_encoder, tokenizer = pipe.unet, pipe.vae, pipe.text_encoder, pipe.tokenizer
    noise_scheduler = DDPMScheduler.from_config(pipe.scheduler.config)
    for part in (unet, vae, text_encoder):
        part.requires_grad_(False)
    targets = ["to_k", "to_q", "to_v", "to_out.0"]
    layers = LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=targets)
    unet.add_adapter(layers, adapter_name="learned")
    unet.load_state_dict({name: one.detach().clone() for name, one in ours._weights.items()}, strict=False)
    cast_training_params(unet, dtype=torch.float32)
    parameters = [one for one in unet.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    scheduler = get_scheduler("constant", optimizer=optimizer, num_warmup_steps=0, num_training_steps=ROUNDS + 1)
    accelerator = Accelerator(cpu=True)
    unet, optimizer, scheduler = accelerator.prepare(unet, optimizer, scheduler)
    step = 0
    while True:
        unet.train()
        with accelerator.accumulate(unet):
            batch, draws = _drawn(ours, config, step)
            pixels = torch.cat([_pixels(one) for one in batch])
            spread = vae.encode(pixels).latent_dist
            clean = (spread.mean + spread.std * draws["choice"]) * vae.config.scaling_factor
            noisy = noise_scheduler.add_noise(clean, draws["noise"], draws["times"])
            ids = tokenizer(
                [one.caption for one in batch],
                truncation=True,
                padding="max_length",
                max_length=tokenizer.model_max_length,
                return_tensors="pt",
            ).input_ids
            texts = text_encoder(ids, return_dict=False)[0]
            made = unet(noisy, draws["times"], texts, return_dict=False)[0]
            loss = functional.mse_loss(made.float(), draws["noise"].float(), reduction="mean")
            accelerator.backward(loss)
            if accelerator.sync_gradients:
                accelerator.clip_grad_norm_(parameters, config.clip)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        step += 1
        yield loss.detach().item()


def _drawn(ours: Any, config: Any, step: int) -> tuple[list[Any], dict[str, Any]]:
    """The batch and the random numbers of our step of that number."""
    import torch

    from lora.training.loop import _ALONE, _mixed

    batch = ours._batch(step)
    random = torch.Generator().manual_seed(_mixed(config.seed, _ALONE[1], step))
    torch.rand(len(batch), 2, generator=random)
    shape = (len(batch), 4, SIDE // 2, SIDE // 2)
    choice, noise = (torch.randn(shape, generator=random) for _ in range(2))
    times = torch.randint(0, 1000, (len(batch),), generator=random)
    return batch, {"choice": choice, "noise": noise, "times": times}


def _pixels(example: Any) -> Any:
    """What the example's dataset makes of a file: opened, brought to size, -1 to 1."""
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    picture = ImageOps.exif_transpose(Image.open(example.picture)).convert("RGB")
    picture = ImageOps.fit(picture, example.size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(picture, dtype=np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def _row(name: str, turns: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "name": f"LoRA: CPU seconds a step, {name}",
        "ours": round(median(ours for ours, _ in turns), 4),
        "rival": round(median(theirs for _, theirs in turns), 4),
        "rival_name": RIVAL,
        "ratio": round(median(ours / theirs for ours, theirs in turns), 3),
        "unit": "s",
        "better": "lower",
    }


if __name__ == "__main__":
    for row in measure():
        print(row)
