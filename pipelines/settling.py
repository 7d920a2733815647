"""What follows from the machine and the model for steps of many chains: drawing, giving references, reading faces.

Each gives inputs as ``step.port``, as a chain's `settle` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from blocks.errors import NotAvailable
from blocks.faces import pack_digest
from blocks.models.places import place_of
from blocks.models.recognise import recognise
from blocks.models.taking import taking
from pipelines import generate_picture
from pipelines.engine.allowed import DIGESTS
from pipelines.settings import Settings

__all__ = ["drawing_of", "faces_of", "references_of"]

_OF_THE_MODEL = ("model", "steps", "guidance")
_OF_EACH_DRAWING = ("models", "threads", "digest")


def drawing_of(steps: Iterable[str], inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model with its own values for what is left open, and where it lies for each of the steps that draw.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    found = generate_picture.settle(inputs, settings)
    settled = {name: found[name] for name in _OF_THE_MODEL if name in found}
    for step in steps:
        settled |= {f"{step}.{name}": found[name] for name in _OF_EACH_DRAWING if name in found}
    return settled


def references_of(
    step: str, drawing: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings
) -> dict[str, Any]:
    """How a step gives references: in which way, how many at once, and of which kind of faces.

    Args:
        drawing: from `drawing_of`; where it knows no model, nothing follows.
    """
    if "model" not in drawing:
        return {}
    place, adapter = place_of(str(drawing["model"]), settings.models), str(inputs.get("adapter") or "")
    profile = recognise(place).profile
    how = taking(place, profile, Path(place_of(adapter, settings.models)) if adapter else None)
    domain = "pocket" if profile.family == "pocket" else "photo"
    return {
        f"{step}.way": how.way,
        f"{step}.most": how.most,
        f"{step}.domain": domain if how.way == "faceid" else "",
    }


def faces_of(step: str, inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Inputs of a step that reads faces: where packs lie, how many threads, and the pack's digest for its key."""
    pack = str(inputs.get("pack") or "")
    found: dict[str, Any] = {"models": str(settings.models), "threads": settings.threads}
    try:
        found["digest"] = pack_digest(pack, str(settings.models), settings.models / DIGESTS)
    except NotAvailable:  # of the lab's own pack the step itself says what is missing
        if pack:
            raise
    return {f"{step}.{name}": value for name, value in found.items()}
