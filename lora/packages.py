"""Datasets and weights as others want them: a kohya folder, what Replicate's trainers make, what Civitai takes.

Everything in an archive is written in one order and without a clock, so that the same LoRA gives the same bytes.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PACKAGES", "Contents", "write_package"]

PACKAGES = {
    "standard": "Weights in both keys, and the dataset as a folder that kohya's scripts train from.",
    "replicate": "trained_model.tar as Replicate's trainers make it, and the pictures to train there.",
    "civitai": "Weights to upload, and pictures and captions side by side to train there.",
}
"""What each is for."""

_WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP knows


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a package.

    Attributes:
        stem: name of the weights' files, without its ending.
        kohya: weights in kohya's keys; None where its scripts have no such model.
        pictures: with captions, in order.
        facts: everything known, for metadata.json.
        settings: recommended, for a person to read.
        size: of the training pictures, width and height.
        repeats: how often kohya is to look at each picture in a turn.
    """

    stem: str
    trigger: str
    kind: str
    diffusers: Path
    kohya: Path | None
    pictures: Sequence[tuple[Path, str]]
    facts: Mapping[str, Any]
    settings: Mapping[str, Any]
    guide: str
    size: tuple[int, int]
    repeats: int = 10


def write_package(package: str, contents: Contents, path: Path) -> Path:
    """A ZIP file with everything in it."""
    make = {"standard": _standard, "replicate": _replicate, "civitai": _civitai}[package]
    told = {
        "README.md": contents.guide.encode(),
        "metadata.json": _json(contents.facts),
        "recommended_settings.json": _json(contents.settings),
    }
    path.write_bytes(_zip({**told, **make(contents)}))
    return path


def _standard(contents: Contents) -> dict[str, bytes]:
    folder = f"images/{contents.repeats}_{contents.trigger}"
    return {
        **_weights(contents),
        "dataset.toml": dataset_toml(contents, folder).encode(),
        **_beside(contents, folder),
    }


def _replicate(contents: Contents) -> dict[str, bytes]:
    inside = {"lora.safetensors": contents.diffusers.read_bytes()}
    inside |= {f"captions/{name}": data for name, data in _beside(contents).items() if name.endswith(".txt")}
    return {"trained_model.tar": _tar(inside), "input_images.zip": _zip(_beside(contents))}


def _civitai(contents: Contents) -> dict[str, bytes]:
    return {**_weights(contents), "training_data.zip": _zip(_beside(contents))}


def dataset_toml(contents: Contents, folder: str) -> str:
    """The dataset as kohya's scripts read it; they take repeats from here and not from the folder's name."""
    width, height = contents.size
    return (
        f"[general]\nshuffle_caption = false\ncaption_extension = '.txt'\nkeep_tokens = 1\nflip_aug = false\n\n"
        f"[[datasets]]\nresolution = [{width}, {height}]\nbatch_size = {int(contents.settings.get('batch', 1))}\n"
        f"enable_bucket = true\nbucket_no_upscale = true\n\n"
        f"  [[datasets.subsets]]\n  image_dir = '{folder}'\n  num_repeats = {contents.repeats}\n"
        f"  class_tokens = {json.dumps(' '.join(part for part in (contents.trigger, contents.kind) if part))}\n"
    )


def _weights(contents: Contents) -> dict[str, bytes]:
    found = {f"{contents.stem}.diffusers.safetensors": contents.diffusers.read_bytes()}
    if contents.kohya is not None:
        found[f"{contents.stem}.safetensors"] = contents.kohya.read_bytes()
    return found


def _beside(contents: Contents, folder: str = "") -> dict[str, bytes]:
    """Pictures and captions of the same name."""
    found: dict[str, bytes] = {}
    for number, (picture, caption) in enumerate(contents.pictures, 1):
        stem = f"{folder}/{contents.trigger}-{number:03d}" if folder else f"{contents.trigger}-{number:03d}"
        found |= {f"{stem}{picture.suffix.lower()}": picture.read_bytes(), f"{stem}.txt": f"{caption}\n".encode()}
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in sorted(files.items()):
            about = zipfile.ZipInfo(name, _WHEN)
            packed = zipfile.ZIP_DEFLATED if name.endswith((".txt", ".md", ".json", ".toml")) else zipfile.ZIP_STORED
            archive.writestr(about, data, packed)
    return buffer.getvalue()


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), 0o644
            archive.addfile(about, io.BytesIO(data))
    return buffer.getvalue()
