"""How a LoRA is trained: every choice there is, checked when it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from blocks.errors import InputError

__all__ = ["ABOUT", "CHOICES", "PRESETS", "TrainConfig", "configured"]

Method = Literal["lora", "dora", "lokr"]
Targets = Literal["attention", "wide"]
Optimiser = Literal["adamw", "adamw8bit", "prodigy"]
Schedule = Literal["constant", "cosine"]
Weighting = Literal["auto", "none", "min-snr", "logit_normal", "mode", "sigma_sqrt", "cosmap"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "method": get_args(Method),
    "targets": get_args(Targets),
    "optimiser": get_args(Optimiser),
    "schedule": get_args(Schedule),
    "weighting": get_args(Weighting),
}
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (1, 100_000),
    "batch": (1, 64),
    "accumulate": (1, 64),
    "rate": (1e-7, 10.0),
    "warmup": (0, 10_000),
    "rank": (1, 512),
    "alpha": (0.01, 1024.0),
    "snr_gamma": (0.1, 100.0),
    "ema": (0.0, 0.9999),
    "prior_weight": (0.0, 10.0),
    "empty_captions": (0.0, 0.9),
    "clip": (0.01, 100.0),
    "save_every": (1, 100_000),
    "size": (0, 4096),
    "seed": (0, 2**63 - 1),
}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One training's settings; see `ABOUT` for a line on each.

    Raises:
        InputError: a value is out of range, or no choice that there is.
    """

    steps: int = 300
    batch: int = 4
    accumulate: int = 1
    rate: float = 1e-4
    schedule: Schedule = "cosine"
    warmup: int = 10
    optimiser: Optimiser = "adamw"
    method: Method = "lora"
    rank: int = 8
    alpha: float = 8.0
    targets: Targets = "attention"
    weighting: Weighting = "auto"
    snr_gamma: float = 5.0
    ema: float = 0.0
    prior_weight: float = 1.0
    empty_captions: float = 0.1
    flip: bool = False
    clip: float = 1.0
    cache: bool = True
    checkpointing: bool = False
    quantise: bool = False
    save_every: int = 50
    size: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not isinstance(value, int | float) or not math.isfinite(value) or not low <= value <= high:
                raise InputError(f"The training's {name} is {value!r}; it goes from {low:g} to {high:g}.")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(f"The training's {name} is {getattr(self, name)!r}; choose {', '.join(choices)}.")

    def facts(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


ABOUT: Mapping[str, str] = {
    "steps": "How many times the weights are changed.",
    "batch": "Pictures looked at before each change; more is steadier and needs more memory.",
    "accumulate": "Batches gathered before each change: a larger batch without its memory.",
    "rate": "How far each change goes; too high burns the pictures, too low learns nothing. 1 for Prodigy.",
    "schedule": "Whether the rate falls to nothing towards the end (cosine) or stays.",
    "warmup": "Steps over which the rate rises from nothing.",
    "optimiser": "adamw; adamw8bit with less memory on a GPU; prodigy, which finds the rate by itself.",
    "method": "lora; dora learns size and direction apart (slower, closer); lokr is the smallest file.",
    "rank": "How much a LoRA can hold; 4 to 16 is enough for a face.",
    "alpha": "How strongly it counts, in shares of the rank.",
    "targets": "Which layers learn: attention, or wide, with the layers between.",
    "weighting": "How much each amount of noise counts; auto: min-snr, or logit_normal for flow models.",
    "snr_gamma": "Where min-snr weighting begins.",
    "ema": "Share of a running mean that is kept each step; 0 for none. Smooths a long training.",
    "prior_weight": "How much pictures of other people count, where there are any; they keep the base from drifting.",
    "empty_captions": "Share of pictures shown without their caption, so that guidance still works.",
    "flip": "Show mirrored pictures too; wrong for a face with a mole, a scar or a parting on one side.",
    "clip": "The longest change of weights in one step.",
    "cache": "Encode every picture and caption once and keep it, which makes steps shorter.",
    "checkpointing": "Compute again what would be kept in memory: slower, and needs much less of it.",
    "quantise": "Hold the frozen base in eight bits: half of bfloat16's memory, slower, and a little less exact.",
    "save_every": "Steps between two versions that are kept and compared.",
    "size": "Shorter side of the training pictures in pixels; 0 for the model's own.",
    "seed": "Everything random in the training comes from it; the same seed gives the same weights.",
}

PRESETS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "fast": ("A first look: few steps, attention only.", {"steps": 150, "rank": 8, "alpha": 8.0, "save_every": 50}),
    "balanced": ("What suits most characters.", {"steps": 400, "rank": 16, "alpha": 16.0, "save_every": 100}),
    "thorough": (
        "Every layer, a running mean, and more steps; for twenty pictures and more.",
        {"steps": 1200, "rank": 16, "alpha": 16.0, "targets": "wide", "ema": 0.99, "save_every": 200},
    ),
}
"""By name: what it is for, and what it sets."""


def configured(preset: str = "balanced", base: Mapping[str, Any] | None = None, **changes: Any) -> TrainConfig:
    """A preset with changes; None leaves a value as the preset has it.

    Args:
        base: what the model's family wants otherwise than the preset; changes win over it.

    Raises:
        InputError: there is no such preset or setting, or a value is out of range.
    """
    if preset not in PRESETS:
        raise InputError(f"There is no preset {preset!r}; choose {', '.join(PRESETS)}.")
    known = {field.name for field in fields(TrainConfig)}
    wanted = {name: value for name, value in changes.items() if value is not None}
    if unknown := wanted.keys() - known:
        raise InputError(f"A training has no setting {sorted(unknown)[0]!r}; it has {', '.join(sorted(known))}.")
    values = {**PRESETS[preset][1], **(base or {}), **wanted}
    if wanted.get("optimiser") == "prodigy" and "rate" not in wanted:
        values["rate"] = 1.0
    return replace(TrainConfig(), **values)
