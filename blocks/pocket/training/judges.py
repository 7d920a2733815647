"""A classifier of looks and of visible identity, trained on renders, by which generated pictures are judged.

python -m blocks.pocket.training.judges --home DIR [--steps 3000]
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Pixels
from blocks.pocket.choices import CHOICES, OF_LOOK, OF_PERSON
from blocks.pocket.identity import Identity, Split, identity
from blocks.pocket.look import Look
from blocks.pocket.training.autoencoder import to_tensor
from blocks.pocket.training.checkpoint import arguments, backward, mixed, on, one_cycle, run
from blocks.pocket.training.faces import export_onnx
from blocks.pocket.training.renders import Renders

__all__ = ["Judge", "agreement", "load_judge", "main", "opinions", "truths"]

BATCH = 64


class Judge(nn.Module):
    """Nx3x128x128 from -1 to 1 to one row of logits for each of CHOICES (0.4 M)."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 112, 112)
        layers: list[nn.Module] = []
        for place, (inside, outside) in enumerate(pairwise(widths)):
            step = 2 if place < 2 else 1  # eyes and moles are small: the first step is no more than two
            layers += [nn.Conv2d(inside, outside, 3, step, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if step == 1 else []
        layers += [nn.Conv2d(112, 32, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32 * 16, 160), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Linear(160, len(keys)) for name, keys in CHOICES.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        deep = self.body(x)
        return {name: head(deep) for name, head in self.heads.items()}


class _InOrder(nn.Module):
    """The judge as ONNX wants it: logits of each choice, in the order of CHOICES."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        said = self.judge(x)
        return tuple(said[name] for name in CHOICES)


def truths(looks: list[Look], people: list[Identity]) -> dict[str, Tensor]:
    """The right choice of each kind; -1 where it cannot be seen (closed or colourless eyes, a mole turned away)."""
    found: dict[str, list[int]] = {name: [] for name in CHOICES}
    for look, who in zip(looks, people, strict=True):
        for name, keys in OF_LOOK.items():
            found[name].append(keys.index(getattr(look, name)))
        turned_away = {"side_left": "left", "side_right": "right"}.get(look.view) == who.mole
        for name, keys in OF_PERSON.items():
            dark = look.expression == "sleepy" or look.lighting == "noir"
            unseen = (name == "mole" and turned_away) or (name == "eye_name" and dark)
            found[name].append(-1 if unseen else keys.index(getattr(who, name)))
    return {name: torch.tensor(values) for name, values in found.items()}


@dataclass(frozen=True)
class Agreement:
    """Share of pictures on which the judge agrees with the truth, by kind; unseen truths are not counted."""

    share: dict[str, float]


def opinions(judge: nn.Module, pictures: Pixels) -> dict[str, list[str]]:
    """What the judge sees in Nx128x128x3 pictures."""
    said: dict[str, list[str]] = {name: [] for name in CHOICES}
    judge.eval()
    with torch.no_grad():
        for start in range(0, len(pictures), 64):
            for name, logits in judge(to_tensor(pictures[start : start + 64])).items():
                said[name] += [CHOICES[name][int(place)] for place in logits.argmax(1)]
    return said


def agreement(judge: nn.Module, renders: Renders, split: Split) -> Agreement:
    said = opinions(judge, renders.pictures)
    wanted = truths(renders.looks, [identity(int(seed), split) for seed in renders.people])
    share = {}
    for name, keys in CHOICES.items():
        seen = wanted[name] >= 0
        guess = torch.tensor([keys.index(word) for word in said[name]])
        share[name] = float((guess == wanted[name])[seen].float().mean())
    return Agreement(share)


def load_judge(home: Path) -> Judge:
    judge = Judge()
    judge.load_state_dict(torch.load(home / "judge.pt", weights_only=True)["parts"]["model"])
    return judge.eval()


def main() -> None:
    given = arguments(__doc__ or "", 3000)
    torch.manual_seed(11)
    random = np.random.default_rng(11)
    renders = Renders.read(given.home / "renders-training")
    wanted = truths(renders.looks, [identity(int(seed), "training") for seed in renders.people])
    model = on(given.device, Judge())
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)

    def step_once(step: int) -> dict[str, float]:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 2e-3)
        rows = random.integers(0, len(renders.pictures), BATCH)
        pictures = to_tensor(renders.pictures[rows])
        pictures = (pictures + torch.randn(pictures.shape) * 0.04).to(given.device, memory_format=torch.channels_last)
        with mixed(given.device):
            logits = model(pictures)
        losses: list[Any] = [
            functional.cross_entropy(logits[name].float(), wanted[name][rows].to(given.device), ignore_index=-1)
            for name in CHOICES
        ]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        optimiser.step()
        return {"loss": float(loss.detach())}

    done = run("judge", given, {"model": model, "optimiser": optimiser}, random, step_once)
    print(agreement(model.cpu(), Renders.read(given.home / "renders-open"), "open"))
    if done:
        axes = {name: {0: "n"} for name in ("input", *CHOICES)}
        export_onnx(_InOrder(model), given.home / "judge.onnx", torch.zeros(1, 3, 128, 128), list(CHOICES), axes)


if __name__ == "__main__":
    main()
