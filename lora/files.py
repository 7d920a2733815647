"""LoRA files: in the keys of diffusers, of kohya's scripts and of ai-toolkit, read and written; safetensors only.

Read, all become one `Adapter`, its layers found in the model that it is for: a file of another family fits nowhere and
is refused. Written for diffusers, alpha is multiplied into the weights and a LoKr becomes the LoRA that it equals, so
that no reader can mistake its strength. Written for kohya, alpha stands beside the weights, DoRA's magnitudes are
``dora_scale`` (out, 1) and a LoKr keeps its matrices, as LyCORIS has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blocks.errors import InputError, UnreadableFile
from blocks.models.headers import read_header
from lora.layers import Adapter, Layer, LoKr, LoRA, plain
from lora.models import Model
from lora.names import FLUX_FAMILIES, KOHYA_FAMILIES, Fused, flux_layers, sdxl_name
from lora.training.state import write_safely

__all__ = ["diffusers_keys", "kohya_keys", "read_adapter", "write_diffusers", "write_kohya"]

_ENDINGS = {
    "lora_A.weight": "down",
    "lora_B.weight": "up",
    "lora_A.default.weight": "down",
    "lora_B.default.weight": "up",
    "lora.down.weight": "down",
    "lora.up.weight": "up",
    "lora_down.weight": "down",
    "lora_up.weight": "up",
    "lora_linear_layer.down.weight": "down",
    "lora_linear_layer.up.weight": "up",
    "alpha": "alpha",
    "dora_scale": "magnitude",
    "lora_magnitude_vector": "magnitude",
    "lora_magnitude_vector.weight": "magnitude",
    **{f"lokr_{half}{part}": f"{half}{part}" for half in ("w1", "w2") for part in ("", "_a", "_b")},
}
_LONGEST_FIRST = sorted(_ENDINGS, key=len, reverse=True)
_PREFIXES = {
    "lora_unet_": "denoiser",
    "lora_transformer_": "denoiser",
    "lycoris_": "denoiser",
    "lora_te1_": "text_encoder",
    "lora_te2_": "text_encoder_2",
    "lora_te_": "text_encoder",
    "base_model.model.": "denoiser",
    "diffusion_model.": "denoiser",
    "unet.": "denoiser",
    "transformer.": "denoiser",
    "text_encoder.": "text_encoder",
    "text_encoder_2.": "text_encoder_2",
}


# -- reading ------------------------------------------------------------------------------------------------------


def read_adapter(path: Path, model: Model) -> Adapter:
    """The layers of a LoRA file, found in the model it is for.

    Raises:
        UnsafeFile, UnreadableFile: it is a pickle, no safetensors file, or damaged.
        InputError: it is no LoRA, of a kind that is not read, or for another model; the message says what fits not.
    """
    from safetensors.torch import load_file

    read_header(path)
    try:
        tensors = load_file(path)
    except Exception as error:  # the reader raises of every kind
        raise UnreadableFile(f"{path.name} cannot be read ({str(error)[:150]}); fetch it again.") from None
    names = _Names(model)
    layers: dict[str, Layer] = {}
    for base, parts in _grouped(tensors, path.name).items():
        for place, layer in names.found(base, _layer(base, parts, path.name), path.name).items():
            layers[place] = layer
    if not layers:
        raise InputError(f"{path.name} is no LoRA: it holds none of the tensors that one is made of.")
    _check_shapes(layers, model, path.name)
    return dict(sorted(layers.items()))


def _grouped(tensors: Mapping[str, Tensor], name: str) -> dict[str, dict[str, Tensor]]:
    """Tensors by the layer's name as it is in the file, and what each is."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        # The oldest files of diffusers have "to_q_lora.down.weight" beneath an attention's processor.
        key = re.sub(r"\.processor\.(to_\w+?)_lora\.", r".\1.lora.", key)
        ending = next((one for one in _LONGEST_FIRST if key.endswith(f".{one}")), None)
        if ending is None:
            raise InputError(
                f"{name} holds {key!r}, which is no part of a LoRA, DoRA or LoKr; other kinds cannot be used here."
            )
        found.setdefault(key.removesuffix(f".{ending}"), {})[_ENDINGS[ending]] = tensor.float()
    return found


def _layer(base: str, parts: Mapping[str, Tensor], name: str) -> Layer:
    alpha = float(parts["alpha"]) if "alpha" in parts else None
    if {"down", "up"} <= parts.keys():
        down, up, magnitude = parts["down"], parts["up"], parts.get("magnitude")
        if up.shape[1] != down.shape[0]:
            raise InputError(f"{name} does not fit together at {base}; fetch it again.")
        if magnitude is not None and magnitude.numel() != up.shape[0]:
            raise InputError(f"{name} is a DoRA of the other direction (by columns), which cannot be used here.")
        return LoRA(
            down, up, down.shape[0] if alpha is None else alpha, None if magnitude is None else magnitude.reshape(-1)
        )
    halves = [_half(parts, half) for half in ("w1", "w2")]
    if all(halves):
        ranks = [pair[1].shape[0] for pair in halves if len(pair) == 2]
        # LyCORIS counts a product of two whole matrices as it is, whatever alpha says.
        return LoKr(halves[0], halves[1], alpha / ranks[0] if ranks and alpha is not None else 1.0)
    raise InputError(f"{name} lacks a part at {base}; fetch it again, whole.")


def _half(parts: Mapping[str, Tensor], half: str) -> tuple[Tensor, ...]:
    if half in parts:
        return (parts[half],)
    if f"{half}_a" in parts and f"{half}_b" in parts:
        return parts[f"{half}_a"], parts[f"{half}_b"]
    return ()


class _Names:
    """Finds a file's layers in a model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._flat = {part: {name.replace(".", "_"): name for name in layers} for part, layers in model.layers.items()}
        if model.profile.family == "sdxl":
            self._flat[model.part] |= {sdxl_name(flat): name for flat, name in self._flat[model.part].items()}
        flux = flux_layers(model.denoiser) if model.profile.family in FLUX_FAMILIES else []
        self._fused = {one.name: one for one in flux}

    def found(self, base: str, layer: Layer, file: str) -> dict[str, Layer]:
        """The model's layers that a file's layer is for, by path; several where the file has them as one matrix.

        Raises:
            InputError: there is none.
        """
        prefix = next((one for one in _PREFIXES if base.startswith(one)), "")
        part = _PREFIXES.get(prefix, "denoiser")
        part = self._model.part if part == "denoiser" else part
        flat = base.removeprefix(prefix).replace(".", "_")
        if part == self._model.part and flat in self._fused:
            return self._apart(self._fused[flat], layer)
        name = self._flat.get(part, {}).get(flat)
        if name is None:
            raise InputError(
                f"{file} was not made for {self._model.profile.title}: it changes {base!r}, which "
                f"{self._model.folder.name} does not have. Choose a LoRA for this model, or the model it was made for."
            )
        return {f"{part}.{name}": layer}

    def _apart(self, fused: Fused, layer: Layer) -> dict[str, Layer]:
        one = layer.expanded() if isinstance(layer, LoKr) else layer
        shapes = [self._model.denoiser[part][0] for part in fused.parts]
        if one.up.shape[0] != sum(shapes):
            raise InputError(f"The LoRA does not fit {self._model.folder.name} at {fused.name}; choose its own model.")
        ups = one.up.split_with_sizes(shapes)
        sizes = [None] * len(shapes) if one.magnitude is None else list(one.magnitude.split_with_sizes(shapes))
        return {
            f"{self._model.part}.{part}": LoRA(one.down, up, one.alpha, size)
            for part, up, size in zip(fused.parts, ups, sizes, strict=True)
        }


def _check_shapes(adapter: Adapter, model: Model, file: str) -> None:
    for path, layer in adapter.items():
        part, _, name = path.partition(".")
        wanted = model.layers[part][name][:2]
        got = _size(layer)
        if got != tuple(wanted):
            raise InputError(
                f"{file} was not made for {model.profile.title}: at {name} it is {got[0]}x{got[1]} and "
                f"{model.folder.name} is {wanted[0]}x{wanted[1]}. Choose a LoRA for this model."
            )


def _size(layer: Layer) -> tuple[int, int]:
    if isinstance(layer, LoRA):
        return int(layer.up.shape[0]), int(layer.down.shape[1])
    (rows, columns), (high, wide) = (
        (int(half[0].shape[0]), int(half[-1].shape[1])) for half in (layer.left, layer.right)
    )
    return rows * high, columns * wide


# -- writing ------------------------------------------------------------------------------------------------------


def write_diffusers(path: Path, adapter: Adapter, metadata: Mapping[str, str]) -> Path:
    """A file in the keys of diffusers, whole or not at all."""
    return write_safely(path, diffusers_keys(adapter), {"format": "pt", **metadata})


def diffusers_keys(adapter: Adapter) -> dict[str, Tensor]:
    """Tensors of an adapter by the names of diffusers, alpha multiplied in."""
    tensors: dict[str, Tensor] = {}
    for place, layer in plain(adapter).items():
        tensors |= {f"{place}.lora_A.weight": layer.down, f"{place}.lora_B.weight": layer.up}
        if layer.magnitude is not None:
            tensors[f"{place}.lora_magnitude_vector"] = layer.magnitude
    return tensors


def write_kohya(path: Path, adapter: Adapter, model: Model, metadata: Mapping[str, str]) -> Path:
    """A file in the keys of kohya's scripts, whole or not at all.

    Raises:
        InputError: kohya's scripts have no such model.
    """
    return write_safely(path, kohya_keys(adapter, model), {"format": "pt", **metadata})


def kohya_keys(adapter: Adapter, model: Model) -> dict[str, Tensor]:
    """Tensors of an adapter by the names of kohya's scripts.

    Raises:
        InputError: as `write_kohya`.
    """
    family = model.profile.family
    if family not in KOHYA_FAMILIES:
        raise InputError(
            f"kohya's scripts have no layout for {model.profile.title} that is known here; export in diffusers' keys."
        )
    found: dict[str, Tensor] = {}
    own = {
        path.removeprefix(f"{model.part}."): layer
        for path, layer in adapter.items()
        if path.startswith(f"{model.part}.")
    }
    for path, layer in adapter.items():
        part, _, name = path.partition(".")
        if part != model.part:
            found |= _tensors(f"{_text_prefix(part, family)}{name.replace('.', '_')}", layer)
        elif family not in FLUX_FAMILIES:
            flat = name.replace(".", "_")
            found |= _tensors(f"lora_unet_{sdxl_name(flat) if family == 'sdxl' else flat}", layer)
    if family in FLUX_FAMILIES:
        for fused in flux_layers(model.denoiser):
            if any(part in own for part in fused.parts):
                found |= _tensors(f"lora_unet_{fused.name}", _together(fused, own, model))
    return found


def _text_prefix(part: str, family: str) -> str:
    if part == "text_encoder_2":
        return "lora_te2_"
    return "lora_te1_" if family in ("sdxl", *FLUX_FAMILIES) else "lora_te_"


def _tensors(base: str, layer: Layer) -> dict[str, Tensor]:
    if isinstance(layer, LoRA):
        found = {
            f"{base}.lora_down.weight": layer.down,
            f"{base}.lora_up.weight": layer.up,
            f"{base}.alpha": torch.tensor(float(layer.alpha)),
        }
        return found if layer.magnitude is None else {**found, f"{base}.dora_scale": layer.magnitude.reshape(-1, 1)}
    found, scale = {}, layer.scale
    factored = any(len(half) == 2 for half in (layer.left, layer.right))
    for half, parts in (("w1", layer.left), ("w2", layer.right)):
        if len(parts) == 2:
            found |= {f"{base}.lokr_{half}_a": parts[0], f"{base}.lokr_{half}_b": parts[1]}
        else:
            # A product of two whole matrices has no alpha there, so the scale is in the first of them.
            found[f"{base}.lokr_{half}"] = parts[0] if factored or half == "w2" else parts[0] * scale
    ranks = [parts[1].shape[0] for parts in (layer.left, layer.right) if len(parts) == 2]
    return {**found, f"{base}.alpha": torch.tensor(float(scale * ranks[0] if ranks else 1.0))}


def _together(fused: Fused, own: Mapping[str, Layer], model: Model) -> LoRA:
    """Several layers that read the same as one: their ranks side by side, each up to its own rows."""
    layers: list[Any] = [own.get(part) for part in fused.parts]
    folded = [(one.expanded() if isinstance(one, LoKr) else one).folded() if one else None for one in layers]
    if len({one is None or one.magnitude is None for one in folded}) > 1 or (
        None in folded and any(one is not None and one.magnitude is not None for one in folded)
    ):
        raise InputError(
            f"A DoRA of some of the layers that are one in kohya's layout ({fused.name}) cannot be written so; "
            "export in diffusers' keys, or train a plain LoRA."
        )
    if len(folded) == 1 and layers[0] is not None:
        return layers[0].expanded() if isinstance(layers[0], LoKr) else layers[0]
    rows = [model.denoiser[part][0] for part in fused.parts]
    present = [one for one in folded if one is not None]
    blocks = [one.up if one is not None else torch.zeros(high, 0) for one, high in zip(folded, rows, strict=True)]
    sizes = [one.magnitude for one in present if one.magnitude is not None]
    down = torch.cat([one.down for one in present])
    return LoRA(down, _diagonal(blocks), float(len(down)), torch.cat(sizes) if sizes else None)


def _diagonal(blocks: Sequence[Tensor]) -> Tensor:
    """Matrices along the diagonal of a larger one, zeros elsewhere."""
    whole = torch.zeros(sum(len(one) for one in blocks), sum(one.shape[1] for one in blocks))
    row = column = 0
    for one in blocks:
        whole[row : row + len(one), column : column + one.shape[1]] = one
        row, column = row + len(one), column + one.shape[1]
    return whole
