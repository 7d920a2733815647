"""Which folder a face pack is, what its faces are, and what may be done with it.

A pack is a folder that insightface loads: ONNX files, or these with a ``manifest.json`` of version 2. Beside them the
lab reads ``second/recogniser.onnx`` (a recogniser for reporting only), ``calibration.json`` (or, so that an approved
folder stays as it is, ``NAME.calibration.json`` next to it) and, from the manifest, ``domain``.

A name is always a folder in the models folder: one of that name where the program was started counts for nothing, and
nothing is ever fetched.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable
from blocks.models.digest import combined, model_digest

__all__ = ["FacePack", "find_pack", "pack_digest", "packs_used"]

_NOSE = {"pocket": 0.36, "photo": 0.58}
"""How far a nose stands out: measured on drawn heads; on photographs 1 to 1.7 of the distance between the eyes."""

_RUNGS = {"pocket": (320, 160, 384), "photo": (128, 320, 640)}
"""Sides at which a detector is asked. A drawn portrait of 128 pixels is looked at larger than it is: its eyes are then
found nearly twice as often to a twentieth of the face, and half as many people are mistaken for others."""

_INSIGHTFACE = ("buffalo", "antelope", "raccoon")
_INSIGHTFACE_FILES = ("w600k_r50.onnx", "w600k_mbf.onnx", "glintr100.onnx", "det_10g.onnx", "det_500m.onnx")
_NON_COMMERCIAL = "weights of InsightFace: non-commercial research only"


@dataclass(frozen=True, slots=True)
class FacePack:
    """A face pack in its folder, not opened.

    Attributes:
        name: "pocket" for the lab's own, else the folder's.
        domain: what faces it was made for: "pocket", "photo", or what its manifest says.
        licence: in a few words.
        commercial: whether its licence lets results be used commercially; None if nobody said.
        second: a second recogniser, or None.
        calibration: where its calibration is, if it has one.
    """

    name: str
    folder: Path
    domain: str
    licence: str
    commercial: bool | None
    second: Path | None
    calibration: Path

    @property
    def nose(self) -> float:
        """How far noses stand out, see `blocks.faces.face.yaw_of`."""
        return _NOSE.get(self.domain, _NOSE["photo"])

    @property
    def rungs(self) -> tuple[int, ...]:
        """Sides in pixels at which its detector is asked: the first that holds a picture or the last, then the rest."""
        return _RUNGS.get(self.domain, _RUNGS["photo"])


def find_pack(pack: str = "", models: str = "") -> FacePack:
    """A pack by its name.

    Args:
        pack: "" for the lab's own; else a folder in `models`, or a whole path where `models` is "".

    Raises:
        NotAvailable: there is no such folder.
        InputError: the name leads out of the models folder.
    """
    if pack in ("", "pocket"):
        return _own()
    if models and Path(pack).name != pack:
        raise InputError(f"{pack!r} is no name of a face pack; give the name of a folder in the models folder.")
    folder = Path(models, pack).expanduser()
    if not folder.is_absolute() or not folder.is_dir():
        raise NotAvailable(
            f"There is no face pack {pack!r} in the models folder. Put the folder with its ONNX files there (of "
            "buffalo_l, the unpacked archive), or leave the name empty for the lab's own pack."
        )
    return _pack(folder)


def packs_used(pack: str = "", models: str = "", **_: Any) -> list[Path]:
    """The folders of models that a block which reads faces opens, from its own arguments; see `blocks.block.block`."""
    return [find_pack(pack, models).folder]


def pack_digest(pack: str = "", models: str = "", remembered: Path | None = None) -> str:
    """The digest of all that a pack's scores depend on: networks and calibration; for the key of a step.

    Args:
        remembered: see `blocks.models.digest.model_digest`.
    """
    found = find_pack(pack, models)
    parts = (found.folder, found.second, found.calibration)
    return combined(*(model_digest(part, remembered) for part in parts if part is not None and part.exists()))


def _own() -> FacePack:
    from blocks.pocket.pack import pocket_pack

    own = pocket_pack()
    licence = "MIT, trained on drawn portraits"
    return FacePack("pocket", own.faces, "pocket", licence, True, own.second, own.calibration)


def _pack(folder: Path) -> FacePack:
    manifest = _manifest(folder)
    identity = str(manifest.get("model_id", ""))
    own = identity.startswith("pocket")
    domain = str(manifest.get("domain") or ("pocket" if own else "photo"))
    second, inside = folder / "second" / "recogniser.onnx", folder / "calibration.json"
    licence, commercial = ("MIT, trained on drawn portraits", True) if own else _licence(folder, identity)
    return FacePack(
        name=folder.name,
        folder=folder,
        domain=domain,
        licence=licence,
        commercial=commercial,
        second=second if second.is_file() else None,
        calibration=inside if inside.is_file() else folder.with_name(f"{folder.name}.calibration.json"),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    """What the manifest says, or nothing: whether it is sound is seen when the pack is opened."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads((folder / "manifest.json").read_bytes())
        return found if isinstance(found, dict) else {}
    return {}


def _licence(folder: Path, identity: str) -> tuple[str, bool | None]:
    """InsightFace's own packs are known by name and by their files' names, for a renamed folder stays what it is."""
    named = any(word in name.lower() for name in (folder.name, identity) for word in _INSIGHTFACE)
    if named or any((folder / file).exists() for file in _INSIGHTFACE_FILES):
        return _NON_COMMERCIAL, False
    for name in ("MODEL.LICENSE", "LICENSE", "LICENSE.txt"):
        with suppress(OSError):
            lines = (folder / name).read_bytes()[:4096].decode("utf-8", "replace").splitlines()
            return next((line.strip()[:80] for line in lines if line.strip()), "unknown"), None
    return "unknown; ask its author", None
