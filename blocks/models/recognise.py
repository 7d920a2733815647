"""Which family of models a folder or file is of, told from its own facts and never from its name.

A folder says so in model_index.json; a single file by the names of its tensors. Nothing heavy is imported and nothing
is loaded, so a page may ask for every entry of a models folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from blocks.errors import InputError, UnreadableFile, UnsafeFile
from blocks.models.families import FAMILIES, profile
from blocks.models.headers import CONVERT, PICKLES, Header, read_header
from blocks.models.profiles import Profile

__all__ = ["AdapterKind", "Recognised", "recognise", "recognise_adapter", "recognised_in"]

AdapterKind = Literal["faceid", "ip-adapter", "redux", "control", "lora"]

_LIBRARIES = frozenset({"diffusers", "transformers", "stable_diffusion", "flux"})
"""Where parts come from; the last two are rooms of diffusers (a safety checker, Redux's embedder)."""

_OWN_CODE = (
    "{} asks for code of its own for its {}; the lab runs none. Take a version whose parts are those of diffusers and "
    "transformers."
)
_LARGEST_JSON = 8 << 20
_SD_TEXT = {768: "sd15"}
_OTHER_SD = {1024: "Stable Diffusion 2"}


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a folder or file was found to be.

    Attributes:
        profile: of its family, with the defaults of its distilled form if it is one.
        form: a folder of parts, which can be run, or one file, which must be made a folder first.
    """

    path: Path
    profile: Profile
    form: Literal["folder", "file"]


def recognise(path: Path) -> Recognised:
    """What base model a folder or a safetensors file is.

    Raises:
        UnsafeFile: its weights are pickles, or it asks for code of its own.
        UnreadableFile: a part is damaged or missing.
        InputError: it is no model of a known family; the message says what it seems to be.
    """
    if not path.is_dir():
        return Recognised(path, profile(_family_of_file(read_header(path), path.name)), "file")
    index = _json(path / "model_index.json")
    _check_parts(path, index)
    family = _family_of_folder(path, index)
    return Recognised(path, _variant(profile(family), path, index), "folder")


def recognised_in(folder: Path) -> list[Recognised]:
    """The base models in a folder that can be run, by name; what is none, or is damaged, is passed over."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (path / "model_index.json").is_file():
            with suppress(InputError):
                found.append(recognise(path))
    return found


def recognise_adapter(path: Path) -> AdapterKind:
    """What a LoRA, IP-Adapter, Redux or ControlNet is.

    Raises:
        UnsafeFile, UnreadableFile: as `recognise`.
        InputError: it is none of these, or a kind that is not taken.
    """
    if path.is_dir():
        return _adapter_folder(path)
    header = read_header(path)
    if header.has("image_proj.") and header.has("ip_adapter."):
        return _ip_adapter(header, path.name)
    if header.has("lora_") or header.has(".lora.") or header.has("lora_A") or header.has(".hada_"):
        return "lora"
    raise InputError(f"{path.name} is no LoRA, IP-Adapter, Redux or ControlNet that the lab knows.")


def _adapter_folder(path: Path) -> AdapterKind:
    if (path / "model_index.json").is_file():
        index = _json(path / "model_index.json")
        if index.get("_class_name") == "FluxPriorReduxPipeline":
            _check_parts(path, index)
            return "redux"
    elif "ControlNet" in str(_json(path / "config.json").get("_class_name")):
        _check_weights(path)
        return "control"
    raise InputError(f"The folder {path.name} is no Redux pipeline and no ControlNet.")


def _ip_adapter(header: Header, name: str) -> AdapterKind:
    if header.has("image_proj.perceiver_resampler."):
        raise InputError(
            f"{name} is a FaceID Plus adapter, which wants a picture's CLIP features beside the face embedding; "
            "take the plain FaceID file of the same author."
        )
    return "faceid" if header.has("image_proj.norm.weight") and header.has("image_proj.proj.0.") else "ip-adapter"


def _family_of_folder(path: Path, index: Mapping[str, Any]) -> str:
    name = str(index.get("_class_name"))
    found = [one for one in FAMILIES.values() if name in (one.pipeline, one.start_pipeline)]
    if not found:
        known = ", ".join(sorted({one.pipeline for one in FAMILIES.values()}))
        raise InputError(f"{path.name} is a {name}, which the lab has no profile for; it knows {known}.")
    if found[0].pipeline == "StableDiffusionPipeline":
        return _stable_diffusion(path)
    if found[0].pipeline == "FluxPipeline":
        return "flux1" if _json(path / "transformer" / "config.json").get("guidance_embeds") else "flux1-schnell"
    return found[0].family


def _stable_diffusion(path: Path) -> str:
    """Its first generation by the width of its text, any other width being the lab's own small form."""
    width = _json(path / "unet" / "config.json").get("cross_attention_dim")
    if width in _OTHER_SD:
        raise InputError(f"{path.name} is {_OTHER_SD[width]}, which the lab has no profile for; take 1.5 or XL.")
    return _SD_TEXT.get(width, "pocket") if isinstance(width, int) else "sd15"


def _variant(found: Profile, path: Path, index: Mapping[str, Any]) -> Profile:
    """A distilled form says so in its index; Z-Image does not, and is told by its name."""
    if found.distilled and (index.get("is_distilled") or (found.family == "z-image" and "turbo" in path.name.lower())):
        steps, guidance = found.distilled
        return replace(found, steps=steps, guidance_scale=guidance)
    return found


def _family_of_file(header: Header, name: str) -> str:
    has = header.has
    if has("conditioner.embedders.1."):
        return "sdxl"
    if has("model.diffusion_model.input_blocks.") and has("cond_stage_model.transformer."):
        return "sd15"
    if has("double_stream_modulation_img."):
        return "flux2"
    if has("double_blocks.0.img_attn."):
        return "flux1" if has("guidance_in.") else "flux1-schnell"
    if has("noise_refiner.") and has("cap_embedder."):
        return "z-image-omni" if has("siglip_embedder.") else "z-image"
    if has("transformer_blocks.0.img_mod."):
        return "qwen-edit-plus"
    raise InputError(f"{name} is not a base model of a family that the lab knows ({', '.join(FAMILIES)}).")


def _check_parts(folder: Path, index: Mapping[str, Any]) -> None:
    """Every part comes from a library that is installed, lies in its folder, and is no pickle."""
    for name, part in index.items():
        if name.startswith("_") or not isinstance(part, list) or len(part) != 2 or part[0] is None:
            continue
        if part[0] not in _LIBRARIES:
            raise UnsafeFile(_OWN_CODE.format(folder.name, name))
        if not (folder / name).is_dir():
            raise UnreadableFile(f"{folder.name} lacks its {name}; fetch the folder again, whole.")
        for config in (folder / name).glob("*config.json"):
            if "auto_map" in _json(config):  # names classes in Python files of the folder
                raise UnsafeFile(_OWN_CODE.format(folder.name, name))
        _check_weights(folder / name)


def _check_weights(folder: Path) -> None:
    files = {path.suffix.lower(): path for path in folder.iterdir() if path.is_file()}
    pickled = next((files[suffix] for suffix in PICKLES & files.keys()), None)
    if pickled is not None and ".safetensors" not in files:
        raise UnsafeFile(f"{folder.name}/{pickled.name} may run code when it is read, so it is not. {CONVERT}")


def _json(path: Path) -> dict[str, Any]:
    shown = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise UnreadableFile(f"{shown} is far too large for what it should be; fetch the folder again.")
        found = json.loads(path.read_bytes())
    except OSError:
        raise UnreadableFile(f"{shown} is not there, so this is no folder of a model; fetch it again, whole.") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{shown} is damaged ({error}); fetch it again.") from None
    if not isinstance(found, dict):
        raise UnreadableFile(f"{shown} is damaged (no JSON object); fetch it again.")
    return found
