"""Random files of what is put on a model, in the layouts that people publish them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

RANK = 2


def lora(model: Path, path: Path, *, kohya: bool = False, seed: int = 1) -> Path:
    """A LoRA for the attention of a model's denoiser, with the keys of diffusers or of kohya's scripts."""
    part, denoiser = _denoiser(model)
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, Any] = {}
    for name, module in denoiser.named_modules():
        if not name.endswith(("to_q", "to_k", "to_v")):
            continue
        wide, high = module.in_features, module.out_features
        down, up = (torch.randn(shape, generator=generator) for shape in ((RANK, wide), (high, RANK)))
        if kohya:
            root = f"lora_{part}_{name.replace('.', '_')}"
            tensors |= {f"{root}.lora_down.weight": down, f"{root}.lora_up.weight": up}
            tensors[f"{root}.alpha"] = torch.tensor(float(RANK))
        else:
            tensors |= {f"{part}.{name}.lora_A.weight": down, f"{part}.{name}.lora_B.weight": up}
    save_file(tensors, path)
    return path


def faceid(model: Path, path: Path, *, with_lora: bool, width: int = 512, tokens: int = 4) -> Path:
    """A FaceID adapter: a projection of the face embedding, keys and values beside the text's, and its LoRA."""
    _, unet = _denoiser(model)
    cross = unet.config.cross_attention_dim
    generator = torch.Generator().manual_seed(2)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * 0.3

    tensors = {
        "image_proj.proj.0.weight": some(2 * width, width),
        "image_proj.proj.0.bias": some(2 * width),
        "image_proj.proj.2.weight": some(tokens * cross, 2 * width),
        "image_proj.proj.2.bias": some(tokens * cross),
        "image_proj.norm.weight": torch.ones(cross),
        "image_proj.norm.bias": torch.zeros(cross),
        **_keys_and_values(unet, some),
    }
    if with_lora:
        tensors |= _faceid_lora(unet, some)
    save_file(tensors, path)
    return path


def ip_adapter(model: Path, path: Path, tokens: int = 4) -> Path:
    """A plain IP-Adapter, with the image encoder that it sees through in a folder beside it."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    _, unet = _denoiser(model)
    cross = unet.config.cross_attention_dim
    generator = torch.Generator().manual_seed(3)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * 0.3

    tensors = {
        "image_proj.proj.weight": some(tokens * cross, 16),
        "image_proj.proj.bias": some(tokens * cross),
        "image_proj.norm.weight": torch.ones(cross),
        "image_proj.norm.bias": torch.zeros(cross),
        **_keys_and_values(unet, some),
    }
    save_file(tensors, path)
    torch.manual_seed(3)
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
        projection_dim=16,
    )
    CLIPVisionModelWithProjection(vision).save_pretrained(path.parent / "image_encoder")
    return path


def control_net(model: Path, folder: Path) -> Path:
    """A ControlNet for a Stable Diffusion or FLUX.1 model, with random instead of zero convolutions."""
    from diffusers import ControlNetModel, FluxControlNetModel

    part, denoiser = _denoiser(model)
    torch.manual_seed(4)
    if part == "unet":
        net: Any = ControlNetModel.from_unet(denoiser, conditioning_embedding_out_channels=(4, 8))
    else:
        net = FluxControlNetModel.from_transformer(
            denoiser, num_layers=1, num_single_layers=0, attention_head_dim=16, num_attention_heads=2
        )
    with torch.no_grad():
        for name, tensor in net.named_parameters():
            if "controlnet" in name:
                tensor.normal_(std=0.3)
    net.save_pretrained(folder)
    return folder


def _denoiser(model: Path) -> tuple[str, Any]:
    import json

    import diffusers

    part = "unet" if (model / "unet").is_dir() else "transformer"
    kind = json.loads((model / part / "config.json").read_text())["_class_name"]
    return part, getattr(diffusers, kind).from_pretrained(model / part)


def _keys_and_values(unet: Any, some: Any) -> dict[str, torch.Tensor]:
    found = {}
    crossing = [name for name in unet.attn_processors if ".attn2." in name]
    for number, name in enumerate(crossing):
        to_k = unet.get_submodule(name.removesuffix(".processor")).to_k
        for kind in ("k", "v"):
            found[f"ip_adapter.{2 * number + 1}.to_{kind}_ip.weight"] = some(to_k.out_features, to_k.in_features)
    return found


def _faceid_lora(unet: Any, some: Any) -> dict[str, torch.Tensor]:
    found = {}
    for number, name in enumerate(unet.attn_processors):
        attention = unet.get_submodule(name.removesuffix(".processor"))
        layers = {"q": attention.to_q, "k": attention.to_k, "v": attention.to_v, "out": attention.to_out[0]}
        for kind, layer in layers.items():
            root = f"ip_adapter.{number}.to_{kind}_lora"
            found[f"{root}.down.weight"] = some(RANK, layer.in_features)
            found[f"{root}.up.weight"] = some(layer.out_features, RANK)
    return found
