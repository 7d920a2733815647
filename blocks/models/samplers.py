"""Samplers by the names people know, as schedulers of diffusers made from the model's own configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks.errors import InputError
from blocks.models.profiles import Profile

__all__ = ["SAMPLERS", "make_sampler"]

SAMPLERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "dpm++": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpm++ karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler a": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
}
"""Name -> class of diffusers, and what is set on it beside the model's own configuration."""


def make_sampler(name: str, own: Any, profile: Profile) -> Any:
    """A fresh scheduler: the model's own for "", else the one of that name.

    Args:
        own: the scheduler that came with the model; it is left as it is.

    Raises:
        InputError: the model does not go with that sampler.
    """
    import diffusers

    if not name:
        return type(own).from_config(own.config)
    if name not in profile.samplers:
        choice = ", ".join(profile.samplers) or "only its own; leave the sampler empty"
        raise InputError(f"{profile.title} has no sampler {name!r}; there are {choice}.")
    kind, options = SAMPLERS[name]
    return getattr(diffusers, kind).from_config(own.config, **options)
