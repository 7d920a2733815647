"""Going on from an earlier version's generator, into a network that may have grown since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

__all__ = ["go_on_from"]


def go_on_from(folder: Path, unet: Any, encoder: Any) -> list[str]:
    """Bring an earlier pipeline's weights into an untrained text encoder and UNet, both of which it changes.

    What the UNet has and the earlier one had not begins by doing nothing: the way out of a new attention is zero, and
    so is what faces add, since the face adapter learns its tokens anew.

    Args:
        folder: of a StableDiffusionPipeline whose words and widths are the same.

    Returns:
        Names of the UNet's weights that the earlier one did not have.
    """
    from safetensors.torch import load_file

    old = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    words = load_file(folder / "text_encoder" / "model.safetensors")
    missing, _ = unet.load_state_dict({name: weight.float() for name, weight in old.items()}, strict=False)
    encoder.load_state_dict({name: weight.float() for name, weight in words.items()})
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            if ".to_v_ip." in name or (name in missing and ".proj_out." in name):
                weight.zero_()
    return list(missing)
