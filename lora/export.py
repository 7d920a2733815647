"""The block that makes files for others of a LoRA and its dataset."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.generate import models_used
from blocks.models.places import place_of
from blocks.progress import Progress, silent
from lora.dataset import rows

__all__ = ["Exported", "export_lora"]

_NETWORK = " \\\n        --network_args {}"
_SCRIPTS = {
    "sdxl": ("sdxl_train_network.py", "networks.lora"),
    "flux1": ("flux_train_network.py", "networks.lora_flux"),
    "flux1-schnell": ("flux_train_network.py", "networks.lora_flux"),
}


class Exported(NamedTuple):
    """Files of a LoRA.

    Attributes:
        lora: in diffusers' keys, alpha multiplied in, with metadata: what this lab uses.
        kohya: in kohya's keys; None where its scripts have no such model.
        packages: ZIP files, in the order of `lora.packages.PACKAGES`.
        facts: what metadata.json says.
    """

    lora: Path
    kohya: Path | None
    packages: list[Path]
    facts: dict[str, Any]


@block(version="1", grace=5.0, models=models_used)
def export_lora(
    lora: Path,
    pictures: Sequence[Path],
    table: Sequence[dict[str, Any]],
    trigger: str,
    model: str = "",
    title: str = "",
    kind: str = "",
    author: str = "",
    licence: str = "",
    date: str = "",
    training: Mapping[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
    packages: Sequence[str] = ("standard", "replicate", "civitai"),
    models: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Exported:
    """Write a LoRA in both keys, and packages with its dataset.

    Args:
        lora: a version, of `lora.train` or chosen by `lora.pick`; any layout that `lora.files` reads.
        pictures, table, trigger: of the dataset; all sets go into the packages.
        model: the base model that it was trained on.
        title: of the files and their metadata; "" for the trigger word.
        kind: what the character is, as in "woman".
        date: ISO 8601, for the metadata; nothing here reads a clock.
        training, report: facts of the training and of the choice.
        packages: names of `lora.packages.PACKAGES`.

    Raises:
        InputError: a package is not known, or the LoRA was made for another model.
        UnreadableFile, UnsafeFile: the file is damaged, or may run code.
    """
    from lora.files import diffusers_keys, kohya_keys, read_adapter, write_diffusers, write_kohya
    from lora.metadata import About, metadata_for
    from lora.models import open_model
    from lora.names import KOHYA_FAMILIES
    from lora.packages import PACKAGES, write_package

    if unknown := [name for name in packages if name not in PACKAGES]:
        raise InputError(f"There is no package {unknown[0]!r}; choose {', '.join(PACKAGES)}.")
    base, stem = open_model(place_of(model, models)), _stem(title or trigger)
    progress(0.1, "reading the LoRA")
    adapter = read_adapter(lora, base)
    settings = dict((training or {}).get("settings", {}))
    train = rows(pictures, table, "train")
    about = About(
        title=title or trigger,
        trigger=trigger,
        author=author,
        licence=licence,
        description=_description(report or {}),
        date=date,
        settings=settings,
        captions=dict(Counter(part for _, row in train for part in str(row["caption"]).split(", ")).most_common(50)),
        images=len(train),
    )
    told = metadata_for(adapter, base, about, diffusers_keys(adapter))
    plain = write_diffusers(scratch / f"{stem}.diffusers.safetensors", adapter, told)
    kohya = None
    if base.profile.family in KOHYA_FAMILIES:
        told = metadata_for(adapter, base, about, kohya_keys(adapter, base))
        kohya = write_kohya(scratch / f"{stem}.safetensors", adapter, base, told)
    facts = _facts(about, base.profile.title, base.folder.name, table, training or {}, report or {})
    made = []
    for number, name in enumerate(packages):
        progress(0.3 + 0.6 * number / len(packages), f"package {name}")
        contents = _contents(name, stem, kind, plain, kohya, pictures, table, about, facts, base.profile, report or {})
        made.append(write_package(name, contents, scratch / f"{stem}-{name}.zip"))
    return Exported(plain, kohya, made, facts)


def _contents(
    package: str,
    stem: str,
    kind: str,
    plain: Path,
    kohya: Path | None,
    pictures: Sequence[Path],
    table: Sequence[Mapping[str, Any]],
    about: Any,
    facts: Mapping[str, Any],
    profile: Any,
    report: Mapping[str, Any],
) -> Any:
    from lora.guide import guide
    from lora.packages import Contents

    script, module = _SCRIPTS.get(profile.family, ("train_network.py", "networks.lora"))
    settings = {"rank": 16, "alpha": 16.0, "rate": 1e-4, "steps": 400, "batch": 1, **about.settings}
    captions = [str(row["caption"]) for row in table]
    said = {
        "title": about.title,
        "kind": "LoRA" if settings.get("method", "lora") == "lora" else str(settings["method"]),
        "base": profile.title,
        "trigger": about.trigger,
        "name": (kohya or plain).name,
        "stem": stem,
        "example": captions[0] if captions else about.trigger,
        "script": script,
        **_network(module, str(settings.get("method", "lora"))),
        **{name: settings[name] for name in ("rank", "alpha", "rate", "steps")},
    }
    shown = [(path, caption) for path, caption in zip(pictures, captions, strict=True)]
    wanted = {name: settings[name] for name in sorted(settings)} | {"base": profile.title, "trigger": about.trigger}
    return Contents(
        stem, about.trigger, kind, plain, kohya, shown, facts, wanted, guide(package, said, report), profile.size
    )


def _network(module: str, method: str) -> dict[str, str]:
    """What kohya's scripts are told of the kind of layers; those that they have not are LyCORIS's."""
    arguments = {"dora": "algo=lora dora_wd=True", "lokr": "algo=lokr"}.get(method, "")
    return {
        "module": "lycoris.kohya" if arguments else module,
        "arguments": _NETWORK.format(arguments) if arguments else "",
    }


def _facts(
    about: Any,
    title: str,
    model: str,
    table: Sequence[Mapping[str, Any]],
    training: Mapping[str, Any],
    report: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "title": about.title,
        "trigger": about.trigger,
        "base": title,
        "model": model,
        "date": about.date,
        "author": about.author,
        "licence": about.licence,
        "pictures": [{key: row.get(key) for key in ("file", "caption", "set", "source")} for row in table],
        "training": dict(training),
        "report": dict(report),
    }


def _description(report: Mapping[str, Any]) -> str:
    before, after = (report.get(when, {}).get("second") for when in ("before", "after"))
    if before is None or after is None:
        return ""
    return f"Likeness on pictures held out: {before:.2f} without it, {after:.2f} with it (second recogniser)."


def _stem(title: str) -> str:
    """A name for files: letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "lora"
