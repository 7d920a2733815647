"""A LoRA that was made elsewhere: what it is, whether it fits a model, and the same in the keys that the lab uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.generate import models_used
from blocks.models.headers import Header, read_header
from blocks.models.places import place_of
from blocks.models.recognise import recognise_adapter
from blocks.progress import Progress, silent

__all__ = ["Brought", "bring_lora", "inspect"]

_LONGEST = 500  # characters of a stranger's text that are shown


class Brought(NamedTuple):
    """A LoRA in the lab's own keys, and what is known of it."""

    lora: Path
    facts: dict[str, Any]


def inspect(path: Path) -> dict[str, Any]:
    """What a LoRA file says of itself, without loading it: layout, kind, ranks, trigger, title, base, size.

    Raises:
        UnsafeFile, UnreadableFile: it is a pickle, or no safetensors file.
        InputError: it is no LoRA.
    """
    header = read_header(path)
    known = header.has(".lokr_") or header.has(".dora_scale")
    if not known and recognise_adapter(path) != "lora":
        raise InputError(f"{path.name} is no LoRA; choose a LoRA file.")
    said = {name: text[:_LONGEST] for name, text in header.metadata.items()}
    return {
        "file": path.name,
        "layout": _layout(header),
        "kind": "lokr" if header.has(".lokr_") else "dora" if _has_magnitude(header) else "lora",
        "ranks": sorted({shape[0] for name, shape in header.shapes.items() if _is_down(name)}),
        "bytes": header.bytes,
        "trigger": said.get("modelspec.trigger_phrase", "") or _said_most(header.metadata),
        "title": said.get("modelspec.title") or said.get("ss_output_name", ""),
        "base": said.get("modelspec.architecture") or said.get("ss_base_model_version", ""),
        "author": said.get("modelspec.author", ""),
        "licence": said.get("modelspec.license", ""),
    }


@block(version="1", grace=5.0, models=models_used)
def bring_lora(lora: Path, model: str = "", models: str = "", *, scratch: Path, progress: Progress = silent) -> Brought:
    """Read a LoRA file of any layout that is known, check it against a model, and write it in diffusers' keys.

    Args:
        model: the base model that it is to be used with; "" for the lab's own.
        models: the models folder, in which the model is.

    Raises:
        UnsafeFile, UnreadableFile: it is a pickle, no safetensors file, or damaged.
        InputError: it is no LoRA, or for another model; the message says what fits not.
    """
    from lora.files import read_adapter, write_diffusers
    from lora.models import open_model

    facts = inspect(lora)
    base = open_model(place_of(model, models))
    progress(0.3, "reading the LoRA")
    adapter = read_adapter(lora, base)
    facts |= {"family": base.profile.family, "model": model or base.folder.name, "layers": len(adapter)}
    kept = {
        name: text[:_LONGEST]
        for name, text in read_header(lora).metadata.items()
        if name.startswith(("ss_", "modelspec."))
    }
    return Brought(write_diffusers(scratch / f"{lora.stem}.safetensors", adapter, kept), facts)


def _layout(header: Header) -> str:
    names = list(header.shapes)
    if any(name.startswith(("lora_unet_", "lora_te", "lycoris_")) for name in names):
        return "kohya"
    if any(name.startswith("diffusion_model.") for name in names):
        return "ai-toolkit"
    return "diffusers"


def _has_magnitude(header: Header) -> bool:
    return header.has("dora_scale") or header.has("lora_magnitude_vector")


def _is_down(name: str) -> bool:
    return name.endswith(("lora_A.weight", "lora_down.weight", "lora.down.weight", "lokr_w2_b"))


def _said_most(metadata: Mapping[str, str]) -> str:
    """The phrase that most of its captions began with, as kohya's scripts note it; "" where they did not."""
    try:
        found = json.loads(metadata.get("ss_tag_frequency", "{}"))
        counts = next(iter(found.values()))
        most = max(counts, key=lambda phrase: int(counts[phrase]))
    except (ValueError, AttributeError, StopIteration, TypeError, RecursionError):
        return ""
    return str(most).strip()[:60]
