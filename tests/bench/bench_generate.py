"""Seconds a picture, our block against a bare call of the same diffusers pipeline with the same settings.

A random Stable Diffusion checkpoint of 4 million parameters works on 16x16 latents. Both have the model loaded, get the
same seeds in the same process, turn by turn, on one thread, and write a PNG; the pictures must be equal. Figures are
medians of processor seconds. `python -m tests.bench.bench_generate`.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from blocks.generate import generate
from tests.blocks.models._tiny import stable_diffusion

__all__ = ["measure"]

ROUNDS = 21
SIDE = 32
RIVAL = "diffusers StableDiffusionPipeline, bare call"
CHANNELS = (64, 128)
CASES: dict[str, dict[str, Any]] = {
    "20 steps": {"steps": 20, "guidance": 4.0},
    "50 steps": {"steps": 50, "guidance": 4.0},
}


def measure() -> list[dict[str, Any]]:
    """CPU seconds a picture for each case."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        torch.manual_seed(0)
        stable_diffusion(root / "model", 32, CHANNELS)
        pipe = _bare(root / "model")
        return [_row(name, *_compared(root, pipe, case)) for name, case in CASES.items()]


def _compared(root: Path, pipe: Any, case: dict[str, Any]) -> tuple[float, float]:
    ours, theirs = [], []
    for seed in range(-1, ROUNDS):  # the first, to warm up, does not count
        times = {}
        for who in ("ours", "theirs") if seed % 2 else ("theirs", "ours"):
            start = time.process_time()
            (_ours if who == "ours" else _theirs)(root, pipe, case, max(seed, 0))
            times[who] = time.process_time() - start
        if (root / "picture.png").read_bytes() != (root / "bare.png").read_bytes():
            raise RuntimeError("the two pictures differ, so their times do not compare")
        if seed >= 0:
            ours.append(times["ours"])
            theirs.append(times["theirs"])
    return median(ours), median(theirs)


def _bare(folder: Path) -> Any:
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _ours(root: Path, pipe: Any, case: dict[str, Any], seed: int) -> None:
    generate(str(root / "model"), "a woman, red coat", "hat", seed, width=SIDE, height=SIDE, scratch=root, **case)


def _theirs(root: Path, pipe: Any, case: dict[str, Any], seed: int) -> None:
    import torch

    picture = pipe(
        "a woman, red coat",
        negative_prompt="hat",
        num_inference_steps=case["steps"],
        guidance_scale=case["guidance"],
        width=SIDE,
        height=SIDE,
        generator=torch.Generator("cpu").manual_seed(seed),
    ).images[0]
    picture.save(root / "bare.png")


def _row(name: str, ours: float, rival: float) -> dict[str, Any]:
    return {
        "name": f"Generation: CPU seconds a {SIDE}x{SIDE} picture, {name}",
        "ours": round(ours, 4),
        "rival": round(rival, 4),
        "rival_name": RIVAL,
        "ratio": round(ours / rival, 3),
        "unit": "s",
        "better": "lower",
    }


if __name__ == "__main__":
    for row in measure():
        print(row)
