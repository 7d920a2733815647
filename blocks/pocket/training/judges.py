"""A classifier of looks and of visible identity, trained on renders, by which generated pictures are judged.

python -m blocks.pocket.training.judges --home DIR [--steps 3000]
"""

from __future__ import annotations

from dataclasses import dataclass
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
# What is small in a picture is learned late, and would not be learned at all beside what is large.
WEIGHT = {"mole": 3.0, "eye_name": 2.0, "expression": 2.0}
MIRRORED = {"left": "right", "right": "left"}


class Judge(nn.Module):
    """Nx3x128x128 from -1 to 1 to one row of logits for each of CHOICES (0.7 M).

    Eyes and moles are a few pixels, so the first steps are small; where something is says what it is, so the last map
    is read place by place.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside, side, step, halved in (
            (3, 32, 5, 2, False),
            (32, 56, 3, 2, False),
            (56, 64, 3, 1, True),
            (64, 96, 3, 1, False),
            (96, 112, 3, 1, True),
            (112, 128, 3, 1, False),
        ):
            layers.append(nn.Conv2d(inside, outside, side, step, side // 2, bias=False))
            layers += [nn.BatchNorm2d(outside), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if halved else []
        layers += [nn.Conv2d(128, 32, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1), nn.Linear(32 * 64, 160), nn.ReLU()]
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


class _Lessons:
    """Endless pictures of people who move and who hold still, half of them mirrored, some as soft as drawn ones are."""

    def __init__(self, home: Path, random: np.random.Generator) -> None:
        both = [Renders.read(home / f"renders-{kind}") for kind in ("met", "posed")]
        self.random = random
        self.pictures = [renders.pictures for renders in both]
        self.truths = [
            truths(renders.looks, [identity(int(seed), "training") for seed in renders.people]) for renders in both
        ]
        self.mirror = {
            name: torch.tensor([keys.index(_mirrored(key)) for key in keys]) for name, keys in CHOICES.items()
        }

    def batch(self) -> tuple[Tensor, dict[str, Tensor]]:
        kind = int(self.random.random() < 0.5)
        rows = self.random.integers(0, len(self.pictures[kind]), BATCH)
        pictures = to_tensor(self.pictures[kind][rows])
        wanted = {name: values[rows].clone() for name, values in self.truths[kind].items()}
        turned = torch.from_numpy(self.random.random(BATCH) < 0.5)
        pictures[turned] = pictures[turned].flip(3)
        for name, values in wanted.items():
            seen = turned & (values >= 0)
            values[seen] = self.mirror[name][values[seen]]
        if self.random.random() < 0.3:
            pictures = functional.avg_pool2d(functional.pad(pictures, (1, 1, 1, 1), "replicate"), 3, 1)
        return pictures + torch.randn(pictures.shape) * 0.03, wanted


def _mirrored(key: str) -> str:
    return "_".join(MIRRORED.get(word, word) for word in key.split("_"))


def main() -> None:
    given = arguments(__doc__ or "", 3000)
    torch.manual_seed(11)
    random = np.random.default_rng(11)
    lessons = _Lessons(given.home, random)
    model = on(given.device, Judge())
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-3)

    def step_once(step: int) -> dict[str, float]:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 2e-3)
        pictures, wanted = lessons.batch()
        with mixed(given.device):
            logits = model(pictures.to(given.device, memory_format=torch.channels_last))
        losses: list[Any] = [
            WEIGHT.get(name, 1.0)
            * functional.cross_entropy(logits[name].float(), wanted[name].to(given.device), ignore_index=-1)
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
