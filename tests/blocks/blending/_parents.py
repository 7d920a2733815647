"""Parents with made-up faces."""

from __future__ import annotations

from typing import Any

import numpy as np

from blocks.scores.references import make_references

__all__ = ["parent", "unit"]


def unit(seed: int, width: int = 512) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=width)
    return vector / np.linalg.norm(vector)


def parent(seed: int, weight: float = 1.0, embedder: str = "e" * 64, **more: Any) -> dict[str, Any]:
    members = [{"file": f"{seed}.png", "embedding": unit(seed).tolist(), "second": unit(seed + 500, 112).tolist()}]
    references = make_references(members, embedder=embedder, domain="pocket", second_embedder="f" * 64)
    return {"name": f"P{seed}", "weight": weight, "references": references, **more}
