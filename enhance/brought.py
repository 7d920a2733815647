"""A model file that a person brings, looked into before the lab keeps it. Nothing in it is run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blocks.errors import InputError, UnreadableFile, UnsafeFile
from enhance._catalogue import recognise
from enhance._checkpoints import SUFFIXES, Shapes, read_shapes
from enhance.rife import layout as rife
from enhance.trial import try_out

__all__ = ["ACCEPTED", "Brought", "look_into"]

ACCEPTED = (*SUFFIXES, ".pkl", ".onnx")
"""What a file that is brought may end in."""

LARGEST = 8 << 30  # bytes; the largest upscaler in use is a tenth of that
LARGEST_DETECTOR = 10 << 20
DETECTOR = "face_detection_yunet"
CALLED_RIFE = ("rife", "flownet")


@dataclass(frozen=True, slots=True)
class Brought:
    """What a file is.

    Attributes:
        name: the file name under which it will be found.
        kind: what it is for.
        family: its architecture.
    """

    name: str
    kind: Literal["upscale", "restore", "denoise", "interpolate", "detect"]
    family: str


def look_into(path: Path, name: str = "") -> Brought:
    """Judge a file by the rules of the loader that would open it.

    Args:
        name: what it is to be called; its own name if empty.

    Raises:
        UnsafeFile: a pickle that asks to run something, or far too large.
        UnreadableFile: no weights, or cut short.
        InputError: weights that nothing here can use, or a name that hides what they are.
    """
    name = name or path.name
    suffix = Path(name).suffix
    if suffix not in ACCEPTED:
        raise InputError(f"{name} is no model file by its name; bring one that ends in {', '.join(ACCEPTED)}.")
    _check_size(path, name)
    if suffix == ".onnx":
        return _detector(path, name)
    shapes = _shapes(path, name)
    version = _rife_version(shapes)
    if version:
        known = any(word in name.lower() for word in CALLED_RIFE)
        return Brought(name if known else f"rife{version}-{name}", "interpolate", f"RIFE {version}")
    found = _upscaler(shapes, name)
    if found.family == "another":
        try_out(path)  # names and shapes do not tell; opening it does
    return found


def _upscaler(shapes: Shapes, name: str) -> Brought:
    stem, suffix = Path(name).stem, Path(name).suffix
    family, kind, factor = recognise(shapes, stem)
    if suffix == ".pkl":
        raise InputError(
            f"{name} does not hold RIFE, and only RIFE is read from .pkl. If it is a model, end it in .pth."
        )
    if any(word in name.lower() for word in CALLED_RIFE):
        raise InputError(f"{name} is called after RIFE but is not RIFE 4.6 or 4.25; rename it after what it is.")
    if family == "CodeFormer":
        raise InputError(f"{name} is CodeFormer, which cannot be run here; bring GFPGAN or RestoreFormer.")
    if factor == 0:
        raise InputError(f"{name} does not tell its factor; begin the file's name with it, as in 4x-{name}.")
    return Brought(name, kind, family)


def _check_size(path: Path, name: str) -> None:
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path.name}; check the path.")
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile(f"{name} is empty (zero bytes); download it again.")
    if size > LARGEST:
        raise UnsafeFile(f"{name} has {size / 1e9:.1f} GB; model files above {LARGEST / 1e9:.1f} GB are refused.")


def _shapes(path: Path, name: str) -> Shapes:
    """Names and shapes; of a .safetensors file also that every tensor it announces is there."""
    if Path(name).suffix != path.suffix:
        raise InputError(f"{name} and {path.name} end differently; keep the ending.")
    shapes = read_shapes(path)
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="numpy"):
                pass  # opening compares the header with the file's length
        except (SafetensorError, OSError) as error:
            raise UnreadableFile(f"{name} is cut short or damaged ({error}); download it again.") from error
    return shapes


def _rife_version(shapes: Shapes) -> str:
    try:
        return rife.recognise({short: shapes[stored] for stored, short in rife.plain_names(shapes).items()}).version
    except InputError:
        return ""


def _detector(path: Path, name: str) -> Brought:
    import cv2

    if not name.startswith(DETECTOR):
        raise InputError(f"{name} is not used here; of .onnx files only {DETECTOR}_2023mar.onnx is.")
    if path.stat().st_size > LARGEST_DETECTOR:
        raise UnsafeFile(f"{name} is {path.stat().st_size / 1e6:.0f} MB; the face detector has less than one.")
    try:
        cv2.FaceDetectorYN.create(str(path), "", (64, 64))
    except cv2.error as error:
        raise UnreadableFile(f"{name} is not a YuNet face detector; download it again.") from error
    return Brought(name, "detect", "YuNet")
