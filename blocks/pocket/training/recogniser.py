"""The two recognisers: faces to embeddings in which one person stays together whatever they wear.

    python -m blocks.pocket.training.recogniser --home DIR [--steps 3000] [--second]

The first conditions and gates; the second, of another architecture and seed, is for reporting only.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from blocks.pocket.canvas import Pixels
from blocks.pocket.identity import TRAITS
from blocks.pocket.training.checkpoint import arguments, backward, mixed, on, one_cycle, run
from blocks.pocket.training.faces import (
    CosFace,
    Residual,
    Separable,
    TraitLoss,
    align,
    embed_all,
    export_onnx,
    judge,
    to_input,
    visible_levels,
)
from blocks.pocket.training.renders import Renders

__all__ = ["main"]

BATCH = 96
SCALE = 20.0
MARGIN = 0.25
TRAIT_SHARE = 4.0


def _roughen(crop: Pixels, random: np.random.Generator) -> Pixels:
    """What happens to faces on their way: blur, a small original, noise, brightness, compression."""
    if random.random() < 0.35:
        small = int(random.integers(26, 80))
        crop = cv2.resize(cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA), (112, 112))
    if random.random() < 0.3:
        crop = cv2.GaussianBlur(crop, (0, 0), float(random.uniform(0.4, 1.8)))
    rough = crop.astype(np.float32)
    if random.random() < 0.5:
        rough = rough * random.uniform(0.75, 1.2) + random.uniform(-18, 18)
    if random.random() < 0.3:
        rough = rough * random.uniform(0.88, 1.12, 3).astype(np.float32)
    if random.random() < 0.25:
        rough = rough + random.normal(0, random.uniform(2, 9), rough.shape).astype(np.float32)
    return np.clip(rough, 0, 255).astype(np.uint8)


def _margin(step: int, steps: int) -> float:
    """None for the first tenth, then rising until half of the training is done: from the start it would stall."""
    return MARGIN * float(np.clip((step / steps - 0.1) / 0.4, 0, 1))


def main() -> None:
    given = arguments(__doc__ or "", 2400, second="train the second recogniser")
    second, device = given.second, given.device
    name, seed = ("recogniser-second", 202) if second else ("recogniser", 101)
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    renders = Renders.read(given.home / "renders-training")
    model: nn.Module = on(device, Separable() if second else Residual())
    width = Separable.width if second else 512
    loss_of = CosFace(width, int(renders.people.max()) + 1, SCALE).to(device)
    traits_of = TraitLoss(width).to(device)
    everybody = sorted(set(renders.people.tolist()))
    levels = torch.zeros(everybody[-1] + 1, len(TRAITS), dtype=torch.long)
    levels[everybody] = visible_levels(everybody, "training")
    weights = [*model.parameters(), *loss_of.parameters(), *traits_of.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=1e-3, weight_decay=5e-4 if not second else 1e-3)

    def batch() -> tuple[Tensor, Tensor]:
        rows = random.integers(0, len(renders.pictures), BATCH)
        crops = []
        for row in rows:
            marks = renders.landmarks[row]
            spread = 0.02 * float(np.ptp(marks[:, 1]))
            crops.append(_roughen(align(renders.pictures[row], marks + random.normal(0, spread, marks.shape)), random))
        return to_input(np.stack(crops)), torch.from_numpy(renders.people[rows])

    def step_once(step: int) -> dict[str, float]:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 2e-3)
        crops, people = batch()
        with mixed(device):
            embeddings = model(crops.to(device, memory_format=torch.channels_last))
        embeddings = embeddings.float()
        loss = loss_of(embeddings, people.to(device), _margin(step, given.steps))
        traits = traits_of(embeddings, levels[people].to(device))
        optimiser.zero_grad(set_to_none=True)
        backward(loss + TRAIT_SHARE * traits)
        torch.nn.utils.clip_grad_norm_(weights, 5.0)
        optimiser.step()
        return {"loss": float(loss.detach()), "traits": float(traits.detach())}

    parts = {"model": model, "loss": loss_of, "traits": traits_of, "optimiser": optimiser}
    done = run(name, given, parts, random, step_once)
    held_out = Renders.read(given.home / "renders-open")
    model.cpu()
    print(judge(embed_all(model, held_out), held_out))
    if done:
        example = torch.zeros(1, 3, 112, 112)
        # Needs the onnx package; without it run the finished training again where it is.
        export_onnx(
            model, given.home / f"{name}.onnx", example, ["embedding"], {"input": {0: "n"}, "embedding": {0: "n"}}
        )


if __name__ == "__main__":
    main()
