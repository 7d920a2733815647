"""The generator's network and its face adapter, and the adapter's published file layout (IP-Adapter FaceID)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from blocks.pocket.training.language import WIDTH

__all__ = ["TOKENS", "add_face_adapter", "adapter_state", "build_unet", "plain_state", "set_adapter_scale"]

TOKENS = 4  # into which an embedding is turned; the loader of FaceID files knows no other number
EMBEDDING = 512


def build_unet() -> Any:
    """An untrained UNet on 16-channel latents that reads text at its two lower levels and on its way up (4.3 M).

    Attention at full size costs two thirds of a step more. On the way up it is worth that: there it is known what a
    place shows, so an eye can ask for its colour and a wall for the colour of the rest of the wall.
    """
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16,
        in_channels=16,
        out_channels=16,
        block_out_channels=(64, 96, 96),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=WIDTH,
        attention_head_dim=(2, 4, 4),  # heads, whatever its name says
        norm_num_groups=16,
    )


def add_face_adapter(unet: Any) -> None:
    """Give the UNet an untrained face adapter through the loader that reads published files."""
    state: dict[str, dict[str, Tensor]] = {
        "image_proj": {
            "proj.0.weight": torch.randn(EMBEDDING, EMBEDDING) * EMBEDDING**-0.5,
            "proj.0.bias": torch.zeros(EMBEDDING),
            "proj.2.weight": torch.randn(TOKENS * WIDTH, EMBEDDING) * EMBEDDING**-0.5,
            "proj.2.bias": torch.zeros(TOKENS * WIDTH),
            "norm.weight": torch.ones(WIDTH),
            "norm.bias": torch.zeros(WIDTH),
        },
        "ip_adapter": {},
    }
    modules = dict(unet.named_modules())
    for number, name in enumerate(_cross_names(unet)):
        inner = modules[name.removesuffix(".processor")].to_k.weight.shape[0]
        for part in ("to_k_ip", "to_v_ip"):
            weight = torch.randn(inner, WIDTH) * 0.5 * WIDTH**-0.5
            state["ip_adapter"][f"{2 * number + 1}.{part}.weight"] = weight
    unet._load_ip_adapter_weights([state], low_cpu_mem_usage=False)
    unet.requires_grad_(True)


def _cross_names(unet: Any) -> list[str]:
    return [name for name in unet.attn_processors if name.endswith("attn2.processor")]


def set_adapter_scale(unet: Any, scale: float) -> None:
    """How strongly the face counts; 0 leaves text alone."""
    for name in _cross_names(unet):
        unet.attn_processors[name].scale = [scale]


_TO_PUBLISHED = {
    "ff.net.0.proj": "proj.0",
    "ff.net.2": "proj.2",
    "norm": "norm",
}


def adapter_state(state: Mapping[str, Tensor], names: list[str]) -> dict[str, Tensor]:
    """Pick the adapter out of a trained UNet's state, with the keys of a published safetensors file.

    Args:
        state: of a UNet that has the adapter. ``names``: its ``attn_processors``, in their order.
    """
    cross = [name for name in names if name.endswith("attn2.processor")]
    found = {}
    for number, name in enumerate(cross):
        for part in ("to_k_ip", "to_v_ip"):
            found[f"ip_adapter.{2 * number + 1}.{part}.weight"] = state[f"{name}.{part}.0.weight"]
    for key, value in state.items():
        match = re.fullmatch(r"encoder_hid_proj\.image_projection_layers\.0\.(.+)\.(weight|bias)", key)
        if match:
            found[f"image_proj.{_TO_PUBLISHED[match[1]]}.{match[2]}"] = value
    return found


def plain_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The UNet's own weights, without the adapter's."""
    return {key: value for key, value in state.items() if "_ip." not in key and not key.startswith("encoder_hid_proj.")}
