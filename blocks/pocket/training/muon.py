"""Muon: steps whose directions all count the same (Jordan et al. 2024), beside AdamW for what is no matrix.

A step of a matrix is replaced by the nearest one with orthonormal rows, found by five rounds of a Newton-Schulz
iteration, and given the size of AdamW's (Liu et al. 2025), so that one rate serves both. Of the generator, which is
trained on few pictures for its size, this makes more of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Muon", "orthonormal"]

ROUNDS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315  # of the iteration, chosen for speed: singular values end between 0.7 and 1.2


def orthonormal(matrix: Tensor) -> Tensor:
    """The matrix with its singular values brought near one."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()  # what the iteration does to small errors, it does to these
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = _A * x + (_B * square + _C * square @ square) @ x
    result: Tensor = (x.T if tall else x).to(matrix)
    return result


class Muon(torch.optim.Optimizer):
    """Muon for weights of two dimensions and more, seen as matrices of a row an output; AdamW for all others.

    Args:
        apart: of the weights of two dimensions, those that AdamW shall move: embeddings, first and last layers.
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        apart: Iterable[nn.Parameter] = (),
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 1e-3,
    ) -> None:
        others = {id(weight) for weight in apart}
        groups: list[dict[str, Any]] = [{"params": [], "matrix": True}, {"params": [], "matrix": False}]
        for weight in weights:
            groups[0 if weight.ndim > 1 and id(weight) not in others else 1]["params"].append(weight)
        super().__init__(groups, {"lr": lr, "momentum": momentum, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            move = _move_matrix if group["matrix"] else _move_other
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    move(weight, self.state[weight], group)


def _move_matrix(weight: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
    gradient = weight.grad
    assert gradient is not None
    mean = state.setdefault("mean", torch.zeros_like(weight))
    mean.lerp_(gradient, 1 - group["momentum"])
    ahead = gradient.lerp(mean, group["momentum"]).flatten(1)
    step = orthonormal(ahead).view_as(weight)
    weight.add_(step, alpha=-group["lr"] * 0.2 * max(ahead.shape) ** 0.5)


def _move_other(weight: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
    gradient = weight.grad
    assert gradient is not None
    first, second = group["betas"]
    count = state.setdefault("count", torch.zeros(()))
    mean, square = (state.setdefault(name, torch.zeros_like(weight)) for name in ("mean", "square"))
    count += 1
    mean.lerp_(gradient, 1 - first)
    square.lerp_(gradient.square(), 1 - second)
    scale = (square / (1 - second ** float(count))).sqrt_().add_(1e-8)
    weight.addcdiv_(mean, scale, value=-group["lr"] / (1 - first ** float(count)))
