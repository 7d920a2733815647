"""What a LoRA file says of itself, in the words that other programs look for.

``ss_*`` is what kohya's scripts write and the common interfaces read; ``modelspec.*`` is Stability's specification
(github.com/Stability-AI/ModelSpec, 1.0.1). Both are text beside the tensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lora.layers import Adapter, kind_of, ranks_of
from lora.models import Model

__all__ = ["About", "metadata_for", "tensor_hash"]

_KOHYA_BASE = {
    "pocket": "pocket",
    "sd15": "sd_v1",
    "sdxl": "sdxl_base_v1-0",
    "flux1": "flux1",
    "flux1-schnell": "flux1",
}
_ARCHITECTURE = {
    "sd15": "stable-diffusion-v1/lora",
    "sdxl": "stable-diffusion-xl-v1-base/lora",
    "flux1": "flux-1-dev/lora",
    "flux1-schnell": "flux-1-schnell/lora",
}


@dataclass(frozen=True, slots=True)
class About:
    """What its maker says of a LoRA.

    Attributes:
        date: ISO 8601, as in "2026-01-31".
        settings: of its training.
        captions: how often each phrase was said, most first.
    """

    title: str
    trigger: str = ""
    author: str = ""
    licence: str = ""
    description: str = ""
    date: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    captions: Mapping[str, int] = field(default_factory=dict)
    images: int = 0
    resolution: tuple[int, int] = (0, 0)


def metadata_for(adapter: Adapter, model: Model, about: About, tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """The text for a file of these tensors."""
    family, kind, ranks = model.profile.family, kind_of(adapter), ranks_of(adapter)
    alphas = sorted({float(getattr(one, "alpha", one.rank)) for one in adapter.values()})
    settings = about.settings
    width, height = about.resolution if about.resolution[0] else model.profile.size
    arguments = {"lora": {}, "dora": {"algo": "lora", "dora_wd": "True"}, "lokr": {"algo": "lokr"}}[kind]
    plain_module = "networks.lora_flux" if family.startswith("flux1") else "networks.lora"
    told = {
        "ss_v2": "False",
        "ss_base_model_version": _KOHYA_BASE.get(family, family),
        "ss_sd_model_name": model.folder.name,
        "ss_network_module": plain_module if kind == "lora" else "lycoris.kohya",
        "ss_network_dim": str(settings.get("rank", ranks[-1])),
        "ss_network_alpha": str(settings.get("alpha", alphas[-1])),
        "ss_network_args": json.dumps(arguments),
        "ss_output_name": about.title,
        "ss_num_train_images": str(about.images),
        "ss_resolution": f"({width}, {height})",
        "ss_tag_frequency": json.dumps({f"1_{about.trigger}": dict(about.captions)}),
        "ss_training_comment": about.description,
        **_of_training(settings),
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": _ARCHITECTURE.get(family, f"{family}/lora"),
        "modelspec.implementation": "https://github.com/huggingface/diffusers",
        "modelspec.title": about.title,
        "modelspec.date": about.date,
        "modelspec.resolution": f"{width}x{height}",
        "modelspec.trigger_phrase": about.trigger,
        "modelspec.author": about.author,
        "modelspec.license": about.licence,
        "modelspec.description": about.description,
        "modelspec.usage_hint": f"Begin the prompt with {about.trigger}." if about.trigger else "",
        "modelspec.hash_sha256": f"0x{tensor_hash(tensors)}",
    }
    return {name: text for name, text in told.items() if text}


def tensor_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 (hex) of the tensors as they lie in a file, without its header: what ModelSpec calls hash_sha256."""
    from safetensors.torch import save

    body = save({name: one.detach().cpu().contiguous() for name, one in tensors.items()})
    return hashlib.sha256(body[8 + int.from_bytes(body[:8], "little") :]).hexdigest()


def _of_training(settings: Mapping[str, Any]) -> dict[str, str]:
    names = {
        "steps": "ss_steps",
        "rate": "ss_learning_rate",
        "batch": "ss_batch_size_per_device",
        "accumulate": "ss_gradient_accumulation_steps",
        "optimiser": "ss_optimizer",
        "schedule": "ss_lr_scheduler",
        "warmup": "ss_lr_warmup_steps",
        "seed": "ss_seed",
        "clip": "ss_max_grad_norm",
    }
    found = {theirs: str(settings[ours]) for ours, theirs in names.items() if ours in settings}
    if settings.get("weighting") in ("auto", "min-snr"):
        found["ss_min_snr_gamma"] = str(settings.get("snr_gamma", ""))
    return found
