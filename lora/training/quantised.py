"""A frozen base whose linear layers are held in eight bits: half of what bfloat16 takes, on any machine.

Each row of a matrix is whole numbers from -127 to 127 and one scale (Dettmers et al., "LLM.int8()", 2022, without its
outliers: the base is only read, and what learns is float32 beside it). A matrix is brought back for the moment in
which it is multiplied, once on the way forth and once on the way back, so that no full copy of it is kept between.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Int8Linear", "quantise"]

_FEWEST = 4096  # weights of a layer; less is not worth the work


class _Multiplied(torch.autograd.Function):
    """x times a matrix of codes and scales; a gradient goes to x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor, scales: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(codes, scales)
        return nn.functional.linear(x, codes.to(x.dtype) * scales.to(x.dtype), bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        codes, scales = ctx.saved_tensors
        back = gradients[0] @ (codes.to(gradients[0].dtype) * scales.to(gradients[0].dtype))
        return back, None, None, None


class Int8Linear(nn.Linear):
    """A linear layer that cannot learn, held in eight bits; to others it looks like the layer that it was."""

    codes: Tensor
    scales: Tensor

    def __init__(self, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = layer.in_features, layer.out_features
        full = layer.weight.detach().float()
        scales = full.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        self.kept = layer.weight.dtype
        self.register_buffer("codes", (full / scales).round().to(torch.int8))
        self.register_buffer("scales", scales.to(self.kept))
        self.bias = layer.bias

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The matrix as it is multiplied with, made anew each time."""
        return self.codes.to(self.kept) * self.scales

    def forward(self, input: Tensor) -> Tensor:
        found: Tensor = _Multiplied.apply(input, self.codes, self.scales, self.bias)  # type: ignore[no-untyped-call]
        return found


def quantise(model: nn.Module) -> int:
    """Hold a model's larger linear layers in eight bits from now on.

    Returns:
        Bytes that are saved.
    """
    saved = 0
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.Linear and layer.weight.numel() >= _FEWEST:
                layer.requires_grad_(False)
                saved += layer.weight.numel() * (layer.weight.element_size() - 1)
                setattr(parent, name, Int8Linear(layer))
    return saved
