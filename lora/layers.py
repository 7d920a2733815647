"""What a LoRA is made of, apart from any file: a low-rank change for each of a model's layers.

Three kinds are told apart by their tensors alone:

    LoRA   W + s * up @ down                                Hu et al., "LoRA", 2021
    DoRA   m * V / |V|,  V = W + s * up @ down              Liu et al., "DoRA", 2024; |V| of each row of the matrix
    LoKr   W + s * kron(w1, w2), either one low-rank        Yeh et al., "LyCORIS", 2023

with s = alpha / rank. The rank is a tensor's size and alpha a number beside it, so a file that loses alpha changes
how strongly the LoRA counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

__all__ = ["Adapter", "Kind", "Layer", "LoKr", "LoRA", "kind_of", "plain", "ranks_of"]

Kind = Literal["lora", "dora", "lokr"]


@dataclass(frozen=True, slots=True)
class LoRA:
    """A layer's low-rank change.

    Attributes:
        down: (rank, in), or (rank, in, height, width) for a convolution.
        up: (out, rank), or (out, rank, 1, 1).
        magnitude: of DoRA, (out,); None for a plain LoRA.
    """

    down: Tensor
    up: Tensor
    alpha: float
    magnitude: Tensor | None = None

    @property
    def rank(self) -> int:
        return int(self.down.shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def folded(self) -> LoRA:
        """The same change with alpha equal to the rank, for readers that know no alpha."""
        return replace(self, up=self.up * self.scale, alpha=float(self.rank))


@dataclass(frozen=True, slots=True)
class LoKr:
    """A layer's change as a Kronecker product of a small matrix and another.

    Attributes:
        left: w1 (a, b), or the two matrices that it is the product of.
        right: w2 (c, d), or the two matrices that it is the product of; a layer is (a * c, b * d).
        scale: what the product counts.
    """

    left: tuple[Tensor, ...]
    right: tuple[Tensor, ...]
    scale: float

    @property
    def rank(self) -> int:
        """Of the factored half; the full size where neither is factored."""
        return min(int(pair[1].shape[0]) for pair in self._pairs) if self._pairs else int(self.right[0].shape[0])

    @property
    def _pairs(self) -> list[tuple[Tensor, ...]]:
        return [pair for pair in (self.left, self.right) if len(pair) == 2]

    def change(self) -> Tensor:
        """The whole change, (a * c, b * d)."""
        return torch.kron(_whole(self.left), _whole(self.right).contiguous()) * self.scale

    def expanded(self) -> LoRA:
        """Exactly the same change as a LoRA, for readers that know no LoKr.

        kron(A, C D) = kron(A, C) kron(I, D), so its rank is that of w2 times the width of w1.
        """
        left = _whole(self.left)
        up, down = self.right if len(self.right) == 2 else _split(self.right[0])
        eye = torch.eye(left.shape[1], dtype=down.dtype, device=down.device)
        rank = int(down.shape[0] * left.shape[1])
        return LoRA(torch.kron(eye, down.contiguous()), torch.kron(left * self.scale, up.contiguous()), float(rank))


Layer = LoRA | LoKr
Adapter = Mapping[str, Layer]
"""Layers by the path of the module that each changes, as in ``unet.mid_block.attentions.0.proj_in``."""


def plain(adapter: Adapter) -> dict[str, LoRA]:
    """Every layer as a LoRA or DoRA whose alpha is its rank: what any reader takes."""
    return {path: (one.expanded() if isinstance(one, LoKr) else one).folded() for path, one in adapter.items()}


def kind_of(adapter: Adapter) -> Kind:
    """What most of the layers are; a DoRA if any is."""
    if any(isinstance(one, LoKr) for one in adapter.values()):
        return "lokr"
    return "dora" if any(isinstance(one, LoRA) and one.magnitude is not None for one in adapter.values()) else "lora"


def ranks_of(adapter: Adapter) -> tuple[int, ...]:
    """The ranks that occur, ascending."""
    return tuple(sorted({one.rank for one in adapter.values()}))


def _whole(parts: tuple[Tensor, ...]) -> Tensor:
    return parts[0] if len(parts) == 1 else parts[0] @ parts[1]


def _split(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """A full matrix as a product, of the smaller of its sides."""
    rows, columns = matrix.shape
    if rows <= columns:
        return torch.eye(rows, dtype=matrix.dtype, device=matrix.device), matrix
    return matrix, torch.eye(columns, dtype=matrix.dtype, device=matrix.device)
