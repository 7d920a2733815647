"""What lies in a models folder for drawing: base models, and what is put on them, each with the family it is for.

Nothing is loaded: a folder says what it is in its JSON files, a file in its header.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from blocks.errors import InputError
from blocks.models.headers import PICKLES, Header, read_header
from blocks.models.recognise import AdapterKind, recognise, recognise_adapter

__all__ = ["FACE_PACK", "Found", "family_of_adapter", "find_all", "look_at"]

Kind = Literal["generate", "faceid", "ip-adapter", "redux", "control", "lora", "faces"]

FACE_PACK = "manifest.json"
_WIDTHS = {768: "sd15", 2048: "sdxl"}
_FLUX = ("double_blocks", "single_blocks", "single_transformer_blocks")
_LARGEST_MANIFEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """A file or folder for drawing.

    Attributes:
        name: its path inside the models folder.
        family: of the base model that it is, or that it is for; "" where nothing tells.
        licence: where it says so itself, else "".
        why: why it cannot be used as it is, or "".
    """

    name: str
    path: Path
    kind: Kind
    family: str
    licence: str = ""
    why: str = ""


def find_all(folder: Path) -> list[Found]:
    """Everything for drawing in a models folder and in the folders it is sorted into, by name.

    A base model that cannot be used is among them, with why; what is something else altogether is not.
    """
    found = []
    for path in _entries(folder):
        name = path.relative_to(folder).as_posix()
        try:
            found.append(look_at(path, name))
        except InputError as error:
            if (path / "model_index.json").is_file():
                found.append(Found(name, path, "generate", "", why=str(error)))
    return found


def look_at(path: Path, name: str = "") -> Found:
    """What a file or folder is, of what is used for drawing.

    Raises:
        UnsafeFile, UnreadableFile: it is damaged, or may run code.
        InputError: it is nothing that is used for drawing.
    """
    name = name or path.name
    if path.is_dir():
        return _folder(path, name)
    with suppress(InputError):
        kind: AdapterKind = recognise_adapter(path)
        return Found(name, path, kind, family_of_adapter(path), _licence(read_header(path)))
    base = recognise(path)
    advice = (
        f"It is a single file of {base.profile.title}; a folder is needed. Make one with diffusers: "
        f"{base.profile.pipeline}.from_single_file(path).save_pretrained(folder), or fetch the folder form."
    )
    return Found(name, path, "generate", base.profile.family, why=advice)


def family_of_adapter(path: Path) -> str:
    """The family that a LoRA, adapter, Redux or ControlNet was made for, by the width of the text it reads; "" if
    nothing tells."""
    if path.is_dir():
        if (path / "model_index.json").is_file():
            return "flux1"
        config = _json(path / "config.json")
        if "Flux" in str(config.get("_class_name")):
            return "flux1"
        width = config.get("cross_attention_dim")
        return _family(width) if isinstance(width, int) else ""
    header = read_header(path)
    if any(header.has(part) for part in _FLUX):
        return "flux1"
    if header.has("img_mod") or header.has("img_mlp"):
        return "qwen-edit-plus"
    for name, shape in header.shapes.items():
        reads_text = "attn2" in name and "to_k" in name and any(part in name for part in ("lora_down", "lora_A"))
        if (reads_text or "to_k_ip" in name) and len(shape) >= 2:
            return _family(shape[1])
    return ""


def _family(width: int) -> str:
    return _WIDTHS.get(width, "pocket" if width < min(_WIDTHS) else "")


def _entries(folder: Path) -> Iterator[Path]:
    """Files and models' folders, and those one folder deeper where a person has sorted them."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        if path.is_dir() and not _is_model(path):
            yield from (p for p in sorted(path.iterdir()) if not p.name.startswith(".") and _may_be(p))
        elif _may_be(path):
            yield path


def _may_be(path: Path) -> bool:
    return path.suffix == ".safetensors" if path.is_file() else _is_model(path)


def _is_model(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    return any((folder / name).is_file() for name in ("model_index.json", "config.json", FACE_PACK)) or any(
        folder.glob("*.onnx")
    )


def _folder(path: Path, name: str) -> Found:
    if (path / FACE_PACK).is_file() or any(path.glob("*.onnx")):
        return _face_pack(path, name)
    if (path / "model_index.json").is_file():
        with suppress(InputError):
            return Found(name, path, recognise_adapter(path), family_of_adapter(path))
        return Found(name, path, "generate", recognise(path).profile.family)
    return Found(name, path, recognise_adapter(path), family_of_adapter(path))


def _face_pack(path: Path, name: str) -> Found:
    """A folder of ONNX files, with or without the manifest that insightface writes."""
    if not any(path.glob("*.onnx")):
        raise InputError(f"The folder {path.name} has a manifest and no ONNX files; fetch the pack again, whole.")
    pickled = next((file for file in path.rglob("*") if file.suffix.lower() in PICKLES), None)
    if pickled is not None:
        raise InputError(f"{path.name}/{pickled.name} has no place in a face pack; take it out.")
    licence = ""
    if (path / FACE_PACK).is_file():
        licence = str(_json(path / FACE_PACK).get("license") or "")
    return Found(name, path, "faces", "insightface", licence)


def _licence(header: Header) -> str:
    return header.metadata.get("modelspec.license", "")[:200]


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_MANIFEST:
            raise InputError(f"{path.parent.name}/{path.name} is far too large for what it should be.")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path.parent.name}/{path.name} cannot be read ({error}); fetch it again.") from None
    return found if isinstance(found, dict) else {}
