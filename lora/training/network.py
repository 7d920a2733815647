"""The layers that learn: put on a denoiser by peft, and read off it again as an adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from blocks.errors import InputError
from lora.layers import Adapter, LoKr, LoRA
from lora.training.config import TrainConfig
from lora.training.families import Family

__all__ = ["NAME", "adapter_from", "learning", "put_on"]

NAME = "learned"


def put_on(denoiser: Any, family: Family, config: TrainConfig) -> dict[str, torch.nn.Parameter]:
    """Add the layers; everything else is frozen. What learns is float32 whatever the model's own numbers are.

    Returns:
        The parameters that learn, by name, in a fixed order.

    Raises:
        InputError: the model has none of the layers that its family has.
    """
    import peft

    targets = list(family.attention + (family.between if config.targets == "wide" else ()))
    denoiser.requires_grad_(False)
    common: dict[str, Any] = {"r": config.rank, "target_modules": targets}
    chosen = (
        peft.LoKrConfig(alpha=config.alpha, init_weights=True, **common)
        if config.method == "lokr"
        else peft.LoraConfig(
            lora_alpha=config.alpha, use_dora=config.method == "dora", init_lora_weights="gaussian", **common
        )
    )
    state = torch.get_rng_state()
    torch.manual_seed(config.seed)  # the first weights come from the seed, and nothing else's chance is disturbed
    try:
        denoiser.add_adapter(chosen, adapter_name=NAME)
    except ValueError as error:
        raise InputError(f"The model has no layers to train ({str(error)[:150]}); choose another model.") from error
    finally:
        torch.set_rng_state(state)
    found = learning(denoiser)
    for parameter in found.values():
        parameter.data = parameter.data.float()
    return found


def learning(denoiser: Any) -> dict[str, torch.nn.Parameter]:
    """The parameters that learn, by name."""
    return {name: one for name, one in sorted(denoiser.named_parameters()) if one.requires_grad}


def adapter_from(weights: Mapping[str, Tensor], part: str, config: TrainConfig) -> Adapter:
    """The layers of an adapter from peft's parameters by name.

    Args:
        part: the denoiser's name in the pipeline, which paths begin with.
    """
    layers: dict[str, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        path, kind = _place(name)
        layers.setdefault(f"{part}.{path}", {})[kind] = tensor.detach().float().cpu().contiguous()
    return {path: _layer(tensors, config) for path, tensors in sorted(layers.items())}


def _place(name: str) -> tuple[str, str]:
    """Module and kind of a parameter: ``x.to_q.lora_A.learned.weight`` is lora_A of x.to_q."""
    parts = name.split(".")
    at = next(number for number, part in enumerate(parts) if part.startswith(("lora_", "lokr_")))
    return ".".join(parts[:at]), parts[at]


def _layer(tensors: Mapping[str, Tensor], config: TrainConfig) -> LoRA | LoKr:
    if "lora_A" in tensors:
        return LoRA(tensors["lora_A"], tensors["lora_B"], config.alpha, tensors.get("lora_magnitude_vector"))
    halves = [
        (tensors[f"lokr_{half}"],)
        if f"lokr_{half}" in tensors
        else (tensors[f"lokr_{half}_a"], tensors[f"lokr_{half}_b"])
        for half in ("w1", "w2")
    ]
    return LoKr(halves[0], halves[1], config.alpha / config.rank)
