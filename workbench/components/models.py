"""Models and downloads, in the words and shapes of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.components.filling import fill
from workbench.components.views import JobView
from workbench.components.words import bytes_of

if TYPE_CHECKING:
    from pipelines.models import ModelInfo

__all__ = ["downloads", "models", "removed"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the page.

    Attributes:
        kinds: of the models under it.
        none: what to say where there are none of a person's own and none of the lab's; "" leaves the section out.
    """

    key: str
    title: str
    purpose: str
    kinds: tuple[str, ...]
    none: str = ""


SECTIONS = (
    Section(
        "generate",
        "Draw",
        "Pictures from words and references. The pocket model is a small stand-in; a full-size one takes its place.",
        ("generate",),
        "None here. Pull a model from the hub, on the left.",
    ),
    Section("faces", "Faces", "Find faces in frames, and tell how alike two are.", ("faces",)),
    Section(
        "control",
        "Pose and control",
        "ControlNets: the new picture follows a pose, edges or depth.",
        ("control",),
        "None here. Pull a ControlNet's repository, or bring its folder with `models add`.",
    ),
    Section(
        "lora",
        "LoRA and adapters",
        "A character or style, and other ways to take references; put on a model that draws.",
        ("lora", "adapter"),
        "None yet. Drop a LoRA or adapter file on the left; those that the lab trains arrive here too.",
    ),
    Section(
        "upscale",
        "Enlarge",
        "Pictures and clips made larger; a dashed factor is reduced from the network’s own.",
        ("upscale",),
    ),
    Section("restore", "Restore faces", "Faces repaired one by one.", ("restore",)),
    Section("detect", "Find faces to restore", "Tells face restoration where the faces are.", ("detect",)),
    Section("denoise", "Denoise", "Noise removed at the same size.", ("denoise",)),
    Section("interpolate", "Frames in between", "Clips made smoother.", ("interpolate",)),
)
STATES = {"missing": ("Not here", "still"), "refused": ("Refused", "bad")}
APPROVALS = {"approved": ("Approved", "good"), "pending": ("Pending", "busy"), "blocked": ("Blocked", "bad")}
UPSCALERS = frozenset({"upscale", "restore", "denoise"})


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor a model offers, and how it comes about if it is not its own."""

    scale: int
    note: str

    @property
    def native(self) -> bool:
        return not self.note


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model in words.

    Attributes:
        seen: its digest and the name it is decided by, for a button.
        approve, block: the words on the buttons that decide; "" where there is nothing to decide.
    """

    name: str
    title: str
    family: str
    factors: tuple[Factor, ...]
    can: str
    licence: str
    commercial: bool | None
    source: str
    size: str
    digest: str
    state: str
    label: str
    tone: str
    why: str
    file: str
    decided: str
    seen: str
    approve: str
    block: str


def models(known: Iterable[ModelInfo]) -> str:
    """Every model, by what it is for."""
    infos = list(known)
    groups = []
    for section in SECTIONS:
        found = [_model(info) for info in infos if info.kind in section.kinds]
        if found or section.none:
            groups.append({"section": section, "models": found})
    return fill("models.html", groups=groups)


def downloads(jobs: Sequence[JobView]) -> str:
    """Models on their way, and those that did not arrive."""
    return fill("downloads.html", jobs=jobs)


def removed(files: Sequence[str]) -> str:
    """Models in the trash, each with a way back."""
    return fill("removed.html", files=files)


def _model(info: ModelInfo) -> ModelView:
    label, tone = STATES.get(info.state) or APPROVALS[info.approval]
    title, _, purpose = info.title.partition(": ")
    here = info.state == "here" and bool(info.digest or info.file)
    return ModelView(
        info.file or purpose or info.name,
        info.name if info.kind in UPSCALERS and info.file else title,
        info.family,
        tuple(Factor(scale, info.notes.get(scale, "")) for scale in info.scales),
        ", ".join(info.capabilities),
        info.licence[:1].upper() + info.licence[1:],
        info.commercial,
        info.source,
        bytes_of(info.size) if info.size else "",
        info.digest,
        info.state,
        label,
        tone,
        info.why,
        info.file,
        info.decided,
        f"{info.digest}:{info.file or info.name}",
        "Approve" if here and info.approval != "approved" else "",
        "Block" if here and info.approval != "blocked" else "",
    )
