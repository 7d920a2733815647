"""Pictures drawn to look at a LoRA: by its prompts, each with a seed of its own, and one sheet of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.generate import generate
from blocks.models.places import place_of
from blocks.progress import Progress, silent

__all__ = ["Model", "draw", "opened", "sheet"]

_THUMB = 128  # pixels of a sheet's pictures


@dataclass(frozen=True, slots=True)
class Model:
    """A base model and how it is run; fields are those of `blocks.generate.generate`."""

    name: str
    models: str = ""
    dtype: str = "auto"
    device: str = "auto"
    steps: int = 0
    width: int = 0
    height: int = 0


def opened(model: str, models: str, *, dtype: str, device: str, threads: int, size: int) -> Model:
    """The base model as a block's arguments describe it, and so many threads for the processor's arithmetic.

    Args:
        size: width and height of the pictures; 0 for the model's own.
    """
    import torch

    if threads:
        torch.set_num_threads(threads)
    return Model(str(place_of(model, models)), dtype=dtype, device=device, width=size, height=size)


def draw(
    model: Model,
    prompts: Sequence[str],
    folder: Path,
    *,
    lora: Path | None = None,
    weight: float = 1.0,
    seed: int = 0,
    progress: Progress = silent,
) -> list[Path]:
    """A picture a prompt; the n-th prompt always has the n-th seed, so that what differs is the LoRA.

    Raises:
        NotAvailable, InputError: as `generate`.
    """
    made = list[Path]()
    for number, prompt in enumerate(prompts):
        progress(number / len(prompts), f"picture {number + 1} of {len(prompts)}", made[-1] if made else None)
        room = folder / f"{number:03d}"
        room.mkdir(parents=True, exist_ok=True)
        drawn = generate(
            model.name,
            prompt,
            seed=seed + number,
            steps=model.steps,
            width=model.width,
            height=model.height,
            loras=[{"path": str(lora), "weight": weight}] if lora else None,
            models=model.models,
            dtype=model.dtype,
            device=model.device,
            digest="-",
            scratch=room,
        )
        made.append(drawn.picture)
    return made


def sheet(pictures: Sequence[Path], path: Path, columns: int = 4) -> Path:
    """Small copies of pictures side by side, in one PNG."""
    from PIL import Image, ImageOps

    size = (_THUMB, _THUMB)
    wide = min(columns, len(pictures))
    whole = Image.new("RGB", (wide * _THUMB, -(-len(pictures) // wide) * _THUMB), "white")
    for number, one in enumerate(pictures):
        with Image.open(one) as picture:
            small: Any = ImageOps.contain(picture.convert("RGB"), size)
        left, top = number % wide * _THUMB, number // wide * _THUMB
        whole.paste(small, (left + (_THUMB - small.width) // 2, top + (_THUMB - small.height) // 2))
    whole.save(path)
    return path
