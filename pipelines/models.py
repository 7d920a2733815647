"""The models of a lab: those that are here, those that could be, and how a person's own come and go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import Conflict, InputError, UnknownName
from data.folders import put_folder_in, put_in
from pipelines.model_info import LOOK_UP, ModelInfo, ModelKind, ModelState

if TYPE_CHECKING:
    from enhance.rife import RifeInfo
    from enhance.upscalers import UpscalerInfo

__all__ = [
    "FLOW",
    "FOLDER_FILES",
    "ModelInfo",
    "ModelKind",
    "ModelState",
    "add_model",
    "any_model",
    "find_model",
    "models_in",
]

FLOW = "dis"
FOLDER_FILES = frozenset({".json", ".txt", ".safetensors", ".model", ".jinja", ".onnx", ".md"})
"""What is taken over of a model's folder: weights that cannot run anything, and text. Never code, never a pickle."""
NON_COMMERCIAL = {"CodeFormer": "S-Lab License 1.0 (non-commercial)"}
DETECTOR = "face_detection_yunet"


def models_in(folder: Path) -> list[ModelInfo]:
    """Every model: the lab's own, those in a person's folder, and those that could be brought."""
    from enhance.rife import available_rife
    from enhance.upscalers import available_upscalers
    from pipelines.drawing_models import brought, pocket_models

    networks = available_rife(folder)
    drawing = brought(folder)
    others = {info.path for info in networks if info.path is not None} | {folder / info.file for info in drawing}
    upscalers = [_upscaler(info) for info in available_upscalers(folder) if info.path not in others]
    enhancing = [*upscalers, _flow(), *(_network(info, folder) for info in networks), *_detectors(folder)]
    return [*pocket_models(), *drawing, *enhancing]


def find_model(name: str, known: Iterable[ModelInfo]) -> ModelInfo:
    """The model that a person brought, by its file's name or by its own.

    Raises:
        UnknownName: there is none, or it is one that nobody brought.
    """
    found = [info for info in known if name in (info.file, info.name)]
    own = [info for info in found if info.file]
    if len(own) > 1 and not any(info.file == name for info in own):
        raise UnknownName(f"{name} may be {' or '.join(info.file for info in own)}; give the file's whole name.")
    if own:
        return next((info for info in own if info.file == name), own[0])
    if found:
        raise UnknownName(f"{name} is not in the models folder: it came with the lab, or is not here.")
    raise UnknownName(f"There is no model {name!r} in the models folder; `models list` shows those there are.")


def any_model(name: str, known: Iterable[ModelInfo]) -> ModelInfo:
    """The model of that name, whoever brought it.

    Raises:
        UnknownName: there is none, or several.
    """
    known = list(known)
    with suppress(UnknownName):
        return find_model(name, known)
    found = [info for info in known if info.name == name and info.state != "missing"]
    if found:
        return found[0]
    return find_model(name, known)


def add_model(path: Path, folder: Path, name: str = "") -> ModelInfo:
    """Check a file or folder by the loader's own rules and copy it into the models folder; nothing in it is run.

    Args:
        name: what it is to be called; its own name if empty.

    Raises:
        UnsafeFile, UnreadableFile, InputError: it is refused, and not kept.
        Conflict: another model has that name; nothing was overwritten.
    """
    from enhance.brought import look_into

    name = name or path.name
    if name != Path(name).name or name.startswith("."):
        raise InputError(f"{name!r} is not a file name; use one without folders or a leading dot.")
    if path.is_dir():
        return _add_folder(path, folder, name)
    if not _for_drawing(path, name):
        name = look_into(path, name).name
    _check_name(name, models_in(folder))
    kept = put_in(path, folder, name)
    return next(info for info in models_in(folder) if info.file == kept.name)


def _for_drawing(path: Path, name: str) -> bool:
    """Whether a file is put on a base model; a base model in one file is refused here, with what to do."""
    from blocks.models.beside import look_at

    if path.suffix != ".safetensors":
        return False
    try:
        found = look_at(path, name)
    except InputError:  # then it is judged as a file for enhancing, which says what is wrong with it
        return False
    if found.why:
        raise InputError(f"{name} cannot be used. {found.why}")
    if Path(name).suffix != path.suffix:
        raise InputError(f"{name} and {path.name} end differently; keep the ending.")
    return True


def _add_folder(path: Path, folder: Path, name: str) -> ModelInfo:
    from blocks.models.beside import look_at

    look_at(path, name)
    _check_name(name, models_in(folder))
    put_folder_in(path, folder, name, endings=FOLDER_FILES)
    return next(info for info in models_in(folder) if info.file == name)


def _check_name(name: str, known: Iterable[ModelInfo]) -> None:
    from blocks.models.places import RESERVED

    stem = Path(name).stem.casefold()
    if stem in RESERVED:
        raise Conflict(f"The name {stem} is kept for the lab's own model; rename yours. Nothing was overwritten.")
    for info in known:
        if (
            info.file != name
            and info.state != "missing"
            and stem in (info.name.casefold(), Path(info.file).stem.casefold())
        ):
            whose = f"as {info.file}" if info.file else "and came with the lab"
            raise Conflict(
                f"A model called {info.name} is here already, {whose}; rename yours. Nothing was overwritten."
            )


def _upscaler(info: UpscalerInfo) -> ModelInfo:
    brought = info.path is not None
    licence = NON_COMMERCIAL.get(info.family, LOOK_UP) if brought else info.licence
    return ModelInfo(
        info.name,
        info.title,
        info.kind,
        info.family,
        info.native,
        info.scales if info.kind == "upscale" else (),
        {scale: note for scale in info.scales if (note := info.note(scale))},
        licence,
        _commercial(licence),
        info.source if not brought else "brought to this lab",
        info.digest,
        info.size,
        "here" if info.present else ("refused" if brought else "missing"),
        info.how_to_get,
        info.path.name if info.path else "",
    )


def _network(info: RifeInfo, folder: Path) -> ModelInfo:
    path = info.path
    own = path is not None and path.parent == folder
    return ModelInfo(
        info.name,
        info.title,
        "interpolate",
        "RIFE",
        licence=info.licence,
        source=info.source.removeprefix("https://"),
        digest=_digest(path) if path else "",
        size=path.stat().st_size if path else 0,
        state="here" if info.present else ("refused" if path else "missing"),
        why="" if info.present else (info.why_not if path else f"{info.how_to_get}."),
        file=path.name if path and own else "",
    )


def _flow() -> ModelInfo:
    return ModelInfo(
        FLOW, "Optical flow", "interpolate", "DIS", licence="Apache-2.0", source="OpenCV, comes with the lab"
    )


def _detectors(folder: Path) -> list[ModelInfo]:
    about = ModelInfo(
        DETECTOR, "YuNet face detector", "detect", "YuNet", licence="MIT", source="github.com/opencv/opencv_zoo"
    )
    files = sorted(folder.glob(f"{DETECTOR}*.onnx")) if folder.is_dir() else []
    if not files:
        why = "Put face_detection_yunet_2023mar.onnx into the models folder; face restoration finds faces with it."
        return [replace(about, state="missing", why=why)]
    return [
        replace(about, name=path.stem, digest=_digest(path), size=path.stat().st_size, file=path.name) for path in files
    ]


def _commercial(licence: str) -> bool | None:
    return None if licence == LOOK_UP else "non-commercial" not in licence.lower()


def _digest(path: Path) -> str:
    facts = path.stat()
    return _hash(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)


@lru_cache(maxsize=64)
def _hash(path: Path, size: int, mtime_ns: int, inode: int) -> str:
    """Remembered for as long as the file stays what it is."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
