"""Which RIFE weights are here, told from the names and shapes in each file; no torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blocks.errors import InputError
from enhance._checkpoints import read_shapes
from enhance.rife.layout import LAYOUTS, LICENCE, SOURCE, plain_names, recognise
from enhance.rife.weights import SUFFIXES

__all__ = ["RifeInfo", "available_rife", "rife_files"]

NAMES = ("rife", "flownet")
"""What people call them, and what they are called when they are released."""


@dataclass(frozen=True, slots=True)
class RifeInfo:
    """One weight file in the models folder, or one version that has none there.

    Attributes:
        name: the file's name without suffix, or the name to give it ("rife425").
        title: for people.
        version: None where the file is of no known one.
        path: None if there is no file.
        present: whether there is a file of a known version.
        why_not: what is wrong with the file, or that there is none; empty if present.
        how_to_get: what to do to have it; empty if present.
    """

    name: str
    title: str
    version: str | None
    path: Path | None
    present: bool
    why_not: str = ""
    how_to_get: str = ""
    licence: str = LICENCE
    source: str = SOURCE


def available_rife(models: Path | None) -> list[RifeInfo]:
    """What there is in a models folder, then the versions that are not known to be there."""
    found = [_describe(path) for path in rife_files(models)] if models is not None else []
    seen = {info.version for info in found if info.present}
    return found + [_absent(layout.version, models) for layout in LAYOUTS if layout.version not in seen]


def rife_files(models: Path) -> list[Path]:
    """Weight files in a folder and one level below that are RIFE's by their own or their folder's name, sorted."""
    if not models.is_dir():
        return []
    candidates = (path for pattern in ("*", "*/*") for path in models.glob(pattern))
    return sorted(path for path in candidates if _sounds_like_rife(path.relative_to(models)) and path.is_file())


def _sounds_like_rife(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and any(word in str(path).lower() for word in NAMES)


def _describe(path: Path) -> RifeInfo:
    try:
        stored = read_shapes(path)
        version = recognise({short: stored[name] for name, short in plain_names(stored).items()}).version
    except InputError as error:
        reason = f"{path.name}: {error}"
        return RifeInfo(path.stem, "RIFE", None, path, False, reason, _how_to_get(path.stem, path.parent))
    return RifeInfo(path.stem, f"RIFE {version}", version, path, present=True)


def _absent(version: str, models: Path | None) -> RifeInfo:
    name = f"rife{version.replace('.', '')}"
    reason = f"no file is known to hold RIFE {version}"
    return RifeInfo(name, f"RIFE {version}", version, None, False, reason, _how_to_get(name, models))


def _how_to_get(name: str, models: Path | None) -> str:
    folder = str(models) if models is not None else "the lab's models folder"
    return f"Download the 4.x weights listed in the README of {SOURCE} and put flownet.pkl into {folder} as {name}.pkl"
