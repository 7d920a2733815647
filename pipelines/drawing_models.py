"""The models for drawing: the lab's own and a person's, as entries of the registry, and the form of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import NotAvailable, UnknownName
from blocks.models.adapters import ADAPTER_NAMES
from blocks.models.beside import Found, find_all
from blocks.models.digest import known_digest, model_digest
from blocks.models.families import FAMILIES, profile
from blocks.models.fields import Beside
from blocks.models.places import POCKET, POCKET_POSE, RESERVED, place_of
from blocks.models.profiles import Profile, Reference
from blocks.models.recognise import recognise, recognise_adapter
from pipelines.engine.allowed import DIGESTS
from pipelines.model_info import LOOK_UP, ModelInfo, ModelKind

if TYPE_CHECKING:
    from blocks.models.form import Form

__all__ = ["beside", "brought", "form_for", "pocket_models"]

_KINDS: dict[str, ModelKind] = {
    "generate": "generate",
    "lora": "lora",
    "faceid": "adapter",
    "ip-adapter": "adapter",
    "redux": "adapter",
    "control": "control",
    "faces": "faces",
}
_TITLES = {
    "lora": "LoRA",
    "faceid": "FaceID adapter",
    "ip-adapter": "IP-Adapter",
    "redux": "Redux",
    "control": "ControlNet",
    "faces": "Face pack",
}
_CAN: dict[str, tuple[str, ...]] = {
    "lora": ("a character or style",),
    "faceid": ("references by the face",),
    "ip-adapter": ("references by what is seen",),
    "redux": ("references",),
    "control": ("follows a control picture",),
    "faces": ("finds faces", "compares faces"),
}
_WAYS: dict[Reference, str] = {
    "faceid": "references by the face",
    "ip-adapter": "references by what is seen",
    "images": "references",
    "redux": "references through Redux",
    "start": "",
}
_INSIGHTFACE = "InsightFace model licence (non-commercial research)"
_NON_COMMERCIAL_PACKS = ("buffalo_", "antelopev2")
_OWN = "comes with the lab"


def pocket_models() -> list[ModelInfo]:
    """What the lab itself brought for drawing and for faces."""
    about = [
        (POCKET, "Pocket", "generate", "pocket", _abilities(profile("pocket"))),
        (POCKET_POSE, "Pocket pose", "control", "pocket", _CAN["control"]),
        ("pocket-faces", "Pocket faces", "faces", "insightface", _CAN["faces"]),
        ("pocket-second", "Pocket second recogniser", "faces", "insightface", ("compares faces, for reports only",)),
    ]
    infos = [
        ModelInfo(name, title, kind, family, licence="that of the lab", source=_OWN, capabilities=can)  # type: ignore[arg-type]
        for name, title, kind, family, can in about
    ]
    try:
        from blocks.pocket.pack import pocket_pack

        pack = pocket_pack()
    except NotAvailable as error:
        return [replace(info, state="missing", why=str(error)) for info in infos]
    places = (pack.generator, pack.pose, pack.faces, pack.second)
    ways = set(_inside(pack.generator))
    infos[0] = replace(infos[0], capabilities=_abilities(replace(profile("pocket"), references=tuple(ways))))
    return [
        replace(info, digest=model_digest(path), size=_size(path)) for info, path in zip(infos, places, strict=True)
    ]


def brought(folder: Path) -> list[ModelInfo]:
    """What a person brought for drawing."""
    return [_entry(found, folder) for found in find_all(folder)]


def form_for(info: ModelInfo, known: Iterable[ModelInfo], folder: Path, device: str) -> Form:
    """The form of a base model, with what may be put on it and whether it fits this machine.

    Raises:
        UnknownName: it is no model that draws.
        NotAvailable, UnreadableFile, UnsafeFile: it is not here, or cannot be used.
    """
    from blocks.models.form import form_of
    from blocks.models.loading import choose
    from blocks.models.memory import fit, need

    if info.kind != "generate":
        raise UnknownName(f"{info.name} does not draw; choose a model of the section Draw.")
    if info.state != "here":
        raise NotAvailable(f"{info.name} cannot be used: {info.why}")
    place = place_of(info.name, folder)
    found = recognise(place)
    fitting = fit(info.name, need(place, found.profile, choose(found.profile, "auto", device)), device)
    return form_of(
        found.profile, beside(place, found.profile, known), device=device, memory=fitting.words, fits=fitting.fits
    )


def beside(place: Path, about: Profile, known: Iterable[ModelInfo]) -> Beside:
    """What may be put on a model: approved, and made for its family as far as the files tell."""
    fitting = [one for one in known if one.approval == "approved" and one.state == "here" and _fits(one, about)]
    adapters = tuple((one.name, _way(one)) for one in fitting if one.kind == "adapter")
    return Beside(
        tuple(one.name for one in fitting if one.kind == "lora"),
        adapters,
        tuple(one.name for one in fitting if one.kind == "control"),
        tuple(_inside(place)),
    )


def _entry(found: Found, folder: Path) -> ModelInfo:
    drawn = FAMILIES.get(found.family) if found.kind == "generate" else None
    title = drawn.title if drawn else _TITLES.get(found.kind, found.name)
    why = found.why
    if found.name in RESERVED and not why:
        why = f"The name {found.name} is that of the lab's own model; rename the folder."
    licence, commercial = _licence(found, drawn)
    return ModelInfo(
        found.name,
        title,
        _KINDS[found.kind],
        found.family or "not told by the file",
        licence=licence,
        commercial=commercial,
        source="brought to this lab",
        digest=known_digest(found.path, folder / DIGESTS) if not why else "",
        size=_size(found.path),
        state="refused" if why else "here",
        why=why,
        file=found.name,
        capabilities=_abilities(drawn) if drawn else _CAN.get(found.kind, ()),
    )


def _licence(found: Found, drawn: Profile | None) -> tuple[str, bool | None]:
    if drawn and drawn.family != POCKET:  # anybody may have trained a small one
        return drawn.licence, drawn.commercial
    if found.kind == "faces":
        name = found.path.name.lower()
        if name.startswith(_NON_COMMERCIAL_PACKS) or "non-commercial" in found.licence.lower():
            return found.licence or _INSIGHTFACE, False
    return found.licence or LOOK_UP, None


def _abilities(about: Profile) -> tuple[str, ...]:
    """What a base model can do, in words a person chooses by."""
    found = ["edits pictures" if about.needs_reference else "draws from words"]
    found += [words for way in about.references if (words := _WAYS[way])]
    found += ["starts from a picture"] if about.start_pipeline else []
    found += ["inside a mask"] if about.inpaint_pipeline else []
    found += ["LoRA"] if about.lora else []
    found += ["ControlNet"] if about.control_pipeline else []
    return tuple(found)


def _fits(one: ModelInfo, about: Profile) -> bool:
    family = about.family.partition("-")[0] if about.family.startswith("flux1") else about.family
    return one.family in (family, about.family) or one.family not in FAMILIES


def _way(one: ModelInfo) -> Reference:
    return next((way for way, words in _WAYS.items() if words and words in one.capabilities), "redux")


def _inside(place: Path) -> Iterator[Reference]:
    for name in ADAPTER_NAMES:
        if (place / name).exists():
            kind = recognise_adapter(place / name)
            if kind in ("faceid", "ip-adapter", "redux"):
                yield kind


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
