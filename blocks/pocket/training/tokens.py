"""What the face adapter learns before anything is drawn: to say in its tokens what an embedding knows of a face.

A picture teaches this slowly, since the colour of an eye is a handful of its numbers; here each trait counts the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Floats
from blocks.pocket.identity import LEVELS, TRAITS
from blocks.pocket.training.adapter import TOKENS
from blocks.pocket.training.checkpoint import backward, one_cycle
from blocks.pocket.training.faces import visible_levels
from blocks.pocket.training.language import WIDTH
from blocks.pocket.training.lessons import faces_met

__all__ = ["teach_tokens"]

BATCH = 256
HELD_OUT = 500  # people on whom it is told how well traits are read


def teach_tokens(projection: nn.Module, people: Any, embeddings: Floats, steps: int = 2500) -> dict[str, float]:
    """Train the adapter's projection so that every trait can be read from its tokens by a straight cut.

    Args:
        projection: N x 1 x 512 unit embeddings to N x 1 x TOKENS x WIDTH, changed in place.
        people: whose face each of the ``embeddings`` is; of the training gallery.

    Returns:
        For each trait the share of people left out of the lesson of whom it is read rightly; levels that look the same
        count as one.
    """
    random = np.random.default_rng(41)
    everybody = np.unique(people)
    face = faces_met(people, embeddings)
    levels = visible_levels(everybody.tolist(), "training")
    heads = nn.Linear(TOKENS * WIDTH, len(TRAITS) * LEVELS)
    weights = [*projection.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=1e-3, weight_decay=0.02)

    def read(rows: Any) -> Tensor:
        faces = np.stack([face(int(everybody[row]), random) for row in rows])
        tokens = projection(torch.from_numpy(faces).float()[:, None])
        said: Tensor = heads(tokens.flatten(1)).reshape(len(rows), len(TRAITS), LEVELS)
        return said

    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, steps, 2e-3)
        rows = random.integers(0, len(everybody) - HELD_OUT, BATCH)
        loss = functional.cross_entropy(read(rows).flatten(0, 1), levels[rows].flatten())
        optimiser.zero_grad(set_to_none=True)
        backward(loss)
        optimiser.step()
    with torch.no_grad():
        rows = np.arange(len(everybody) - HELD_OUT, len(everybody))
        right = (read(rows).argmax(2) == levels[rows]).float().mean(0)
    return dict(zip(TRAITS, right.tolist(), strict=True))
