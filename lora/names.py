"""What the same layer is called by different programs.

kohya's scripts write a layer's path with underscores. For Stable Diffusion 1.5 it is the path in diffusers' model; for
SDXL the path in Stability's own, whose blocks are numbered through; for FLUX.1 the path in Black Forest Labs' own,
where query, key and value are one matrix. (kohya-ss/sd-scripts: networks/lora.py, networks/convert_flux_lora.py,
library/sdxl_model_util.py.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["FLUX_FAMILIES", "KOHYA_FAMILIES", "Fused", "flux_layers", "sdxl_name"]

KOHYA_FAMILIES = ("pocket", "sd15", "sdxl", "flux1", "flux1-schnell")
"""Families whose names in kohya's scripts are known."""

FLUX_FAMILIES = ("flux1", "flux1-schnell")

_RESNET = {
    "norm1": "in_layers_0",
    "conv1": "in_layers_2",
    "time_emb_proj": "emb_layers_1",
    "norm2": "out_layers_0",
    "conv2": "out_layers_3",
    "conv_shortcut": "skip_connection",
}


@lru_cache(maxsize=1)
def _sdxl_blocks() -> dict[str, str]:
    """Beginnings of names with underscores, diffusers' to Stability's."""
    return dict(_sdxl_pairs())


def _sdxl_pairs() -> Iterator[tuple[str, str]]:
    for block in range(3):
        for layer in range(2):
            place = 3 * block + layer + 1
            yield f"down_blocks_{block}_resnets_{layer}_", f"input_blocks_{place}_0_"
            yield f"down_blocks_{block}_attentions_{layer}_", f"input_blocks_{place}_1_"
        for layer in range(3):
            place = 3 * block + layer
            yield f"up_blocks_{block}_resnets_{layer}_", f"output_blocks_{place}_0_"
            yield f"up_blocks_{block}_attentions_{layer}_", f"output_blocks_{place}_1_"
        yield f"down_blocks_{block}_downsamplers_0_conv", f"input_blocks_{3 * block + 3}_0_op"
        yield f"up_blocks_{block}_upsamplers_0_", f"output_blocks_{3 * block + 2}_2_"
    yield "mid_block_attentions_0_", "middle_block_1_"
    for layer in range(2):
        yield f"mid_block_resnets_{layer}_", f"middle_block_{2 * layer}_"
    yield "time_embedding_linear_1", "time_embed_0"
    yield "time_embedding_linear_2", "time_embed_2"
    yield "add_embedding_linear_1", "label_emb_0_0"
    yield "add_embedding_linear_2", "label_emb_0_2"
    yield "conv_in", "input_blocks_0_0"
    yield "conv_out", "out_2"


def sdxl_name(name: str) -> str:
    """Stability's name, with underscores, of a layer of diffusers' SDXL; the name itself where there is none."""
    for ours, theirs in _sdxl_blocks().items():
        if name.startswith(ours):
            rest = name.removeprefix(ours)
            return theirs + (_RESNET.get(rest, rest) if "resnets" in ours else rest)
    return name


@dataclass(frozen=True, slots=True)
class Fused:
    """A layer of FLUX.1 as its authors have it.

    Attributes:
        name: theirs, with underscores.
        parts: the layers of diffusers' model whose outputs, one below the other, are its own.
    """

    name: str
    parts: tuple[str, ...]


def flux_layers(modules: Mapping[str, tuple[int, ...]]) -> list[Fused]:
    """Every layer of a FLUX.1 model that a LoRA can be for.

    Args:
        modules: shapes of the weights of diffusers' model by layer.
    """
    found = []
    for number in range(
        1 + max((int(name.split(".")[1]) for name in modules if name.startswith("transformer_blocks.")), default=-1)
    ):
        found += _double(number)
    for number in range(
        1
        + max(
            (int(name.split(".")[1]) for name in modules if name.startswith("single_transformer_blocks.")), default=-1
        )
    ):
        found += _single(number)
    return [one for one in found if all(part in modules for part in one.parts)]


def _double(number: int) -> list[Fused]:
    ours, theirs = f"transformer_blocks.{number}", f"double_blocks_{number}"
    qkv = tuple(f"{ours}.attn.to_{part}" for part in "qkv")
    beside = tuple(f"{ours}.attn.add_{part}_proj" for part in "qkv")
    alone = {
        "img_attn_proj": "attn.to_out.0",
        "txt_attn_proj": "attn.to_add_out",
        "img_mlp_0": "ff.net.0.proj",
        "img_mlp_2": "ff.net.2",
        "txt_mlp_0": "ff_context.net.0.proj",
        "txt_mlp_2": "ff_context.net.2",
        "img_mod_lin": "norm1.linear",
        "txt_mod_lin": "norm1_context.linear",
    }
    return [
        Fused(f"{theirs}_img_attn_qkv", qkv),
        Fused(f"{theirs}_txt_attn_qkv", beside),
        *(Fused(f"{theirs}_{name}", (f"{ours}.{path}",)) for name, path in alone.items()),
    ]


def _single(number: int) -> list[Fused]:
    ours, theirs = f"single_transformer_blocks.{number}", f"single_blocks_{number}"
    first = (*(f"{ours}.attn.to_{part}" for part in "qkv"), f"{ours}.proj_mlp")
    return [
        Fused(f"{theirs}_linear1", first),
        Fused(f"{theirs}_linear2", (f"{ours}.proj_out",)),
        Fused(f"{theirs}_modulation_lin", (f"{ours}.norm.linear",)),
    ]
