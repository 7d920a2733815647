"""What changes the weights: AdamW, AdamW with eight-bit memory, or Prodigy; and how far, at each step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from blocks.errors import NotAvailable
from lora.training.config import TrainConfig

__all__ = ["Prodigy", "optimiser_for", "rate_at"]

_DECAY = 0.01


def optimiser_for(parameters: list[torch.nn.Parameter], config: TrainConfig) -> torch.optim.Optimizer:
    """The one that a setting names.

    Raises:
        NotAvailable: it needs a package that is not here.
    """
    if config.optimiser == "prodigy":
        return Prodigy(parameters, lr=config.rate, weight_decay=_DECAY)
    if config.optimiser == "adamw8bit":
        try:
            import bitsandbytes
        except ImportError:
            raise NotAvailable(
                "adamw8bit needs the package bitsandbytes and a GPU; install it, or choose adamw."
            ) from None
        found: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(parameters, lr=config.rate, weight_decay=_DECAY)
        return found
    return torch.optim.AdamW(parameters, lr=config.rate, weight_decay=_DECAY, fused=True)


def rate_at(step: int, config: TrainConfig) -> float:
    """The rate of a step, counted from 0: rising over the warm-up, then level or falling as half a cosine."""
    if step < config.warmup:
        return config.rate * (step + 1) / (config.warmup + 1)
    if config.schedule == "constant":
        return config.rate
    left = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, left)))


class Prodigy(torch.optim.Optimizer):
    """Adam whose rate is found while it runs: an estimate of the distance to the solution, which only grows.

    Mishchenko and Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", 2023, algorithm 4, with
    decoupled weight decay. Its rate is a factor on the estimate: 1, scaled by the schedule.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        lr: float = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        first: float = 1e-6,
    ) -> None:
        """
        Args:
            first: of the distance, an estimate that is surely too small.
        """
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(parameters, defaults | {"d": first, "first": first, "numerator": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Change every parameter that has a gradient."""
        for group in self.param_groups:
            step = group["d"] * group["lr"]  # by the estimate from before, as in the authors' own code
            self._grow(group)
            self._move(group, step)

    def _grow(self, group: dict[str, Any]) -> None:
        """Gather the gradients in units of the distance, and raise the estimate where they ask for more."""
        (beta1, beta2), d = group["betas"], group["d"]
        beta3 = math.sqrt(beta2)
        numerator, denominator = group["numerator"] * beta3, 0.0
        for one, gradient in _with_gradients(group):
            state = self.state[one]
            if not state:
                state["start"] = one.detach().clone()
                state |= {name: torch.zeros_like(one) for name in ("mean", "square", "sum")}
            numerator += d / group["first"] * d * group["lr"] * float((gradient * (state["start"] - one)).sum())
            state["mean"].mul_(beta1).add_(gradient, alpha=d * (1 - beta1))
            state["square"].mul_(beta2).addcmul_(gradient, gradient, value=d * d * (1 - beta2))
            state["sum"].mul_(beta3).add_(gradient, alpha=d / group["first"] * d * group["lr"])
            denominator += float(state["sum"].abs().sum())
        group["numerator"] = numerator
        if denominator > 0:
            group["d"] = max(d, numerator / denominator)

    def _move(self, group: dict[str, Any], step: float) -> None:
        for one, _ in _with_gradients(group):
            state = self.state[one]
            if group["weight_decay"]:
                one.mul_(1 - group["weight_decay"] * step)
            one.addcdiv_(state["mean"], state["square"].sqrt().add_(group["d"] * group["eps"]), value=-step)


def _with_gradients(group: dict[str, Any]) -> list[tuple[torch.nn.Parameter, Tensor]]:
    return [(one, one.grad) for one in group["params"] if one.grad is not None]
