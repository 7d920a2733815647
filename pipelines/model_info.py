"""What the lab knows of one model: what it does, where it comes from, under which licence, and whether it may run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from data.approvals import Approval

__all__ = ["LOOK_UP", "ModelInfo", "ModelKind", "ModelState"]

LOOK_UP = "see where it came from"
"""For a licence that nobody has told the lab."""

ModelKind = Literal[
    "generate", "faces", "control", "lora", "adapter", "upscale", "restore", "denoise", "interpolate", "detect"
]
ModelState = Literal["here", "missing", "refused"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model, whether it is here or not.

    Attributes:
        name: how it is chosen.
        kind: what it does: draw, find and compare faces, follow a control picture, stand for a character or style,
            take references, enlarge, restore faces, denoise, make frames in between, find faces for that.
        native: factor of the network itself; 0 if it has none or does not tell.
        scales: factors that can be asked for; empty where there is nothing to choose.
        notes: by factor, how it comes about where it is not the network's own.
        licence: of the weights.
        commercial: whether the licence allows commercial work; None where it must be looked up.
        source: where it comes from.
        digest: SHA-256 of its file, or of its folder's manifest; "" if it has none, or if it is not known yet because
            taking it means reading gigabytes.
        size: bytes; 0 if it has no file.
        state: it can be used, or its file is not here, or its file is refused.
        why: how to get it, or why it is refused; "" if it is here.
        file: name of a file or folder that a person brought; "" for what the lab came with.
        capabilities: what it can do, in words.
        approval: whether it may run.
        decided: who decided that, and why; "" for what the lab came with.
    """

    name: str
    title: str
    kind: ModelKind
    family: str
    native: int = 0
    scales: tuple[int, ...] = ()
    notes: dict[int, str] = field(default_factory=dict)
    licence: str = ""
    commercial: bool | None = True
    source: str = ""
    digest: str = ""
    size: int = 0
    state: ModelState = "here"
    why: str = ""
    file: str = ""
    capabilities: tuple[str, ...] = ()
    approval: Approval = "approved"
    decided: str = ""

    @property
    def runs(self) -> bool:
        """Whether it can be chosen for a job."""
        return self.state == "here" and self.approval == "approved"
