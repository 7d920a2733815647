"""Whether a model fits, answered before a byte of it is loaded.

What it needs is measured from the headers of its files: every number counts at the width it will be loaded with, and
a step needs room beside the weights. What there is, is asked of the device, and of the control group on Linux. A form
asks without torch, whose looking at a GPU would take a share of its memory for as long as the process lives.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blocks.errors import NotAvailable
from blocks.models.headers import read_header
from blocks.models.profiles import Profile

__all__ = ["OFFLOADS", "Fit", "Need", "Offload", "available", "check_fits", "fit", "need", "whole"]

Offload = Literal["none", "model", "sequential"]
"""What waits in main memory while a GPU works: nothing, the parts not in use, or all but the layer in use."""

OFFLOADS: tuple[Offload, ...] = ("none", "model", "sequential")

_WIDTH = {"float32": 4, "float16": 2, "bfloat16": 2}
_LAYER = 1 << 30  # more than the largest layer of any family
_GIB = 1 << 30
_GROUP = Path("/sys/fs/cgroup")
_ASK_GPUS = ("nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits")


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes a model takes.

    Attributes:
        weights: of all its parts together.
        largest: of its largest part.
        working: of one step of the default size.
    """

    weights: int
    largest: int
    working: int

    def on_device(self, offload: Offload) -> int:
        """Bytes on the device that does the arithmetic."""
        held = {"none": self.weights, "model": self.largest, "sequential": min(self.largest, _LAYER)}
        return held[offload] + self.working


def need(folder: Path, profile: Profile, dtype: str) -> Need:
    """What the model in a folder takes when it is loaded in a number format.

    Args:
        dtype: "float32", "float16" or "bfloat16".

    Raises:
        UnreadableFile: a file of it is damaged.
    """
    parts: dict[str, int] = {}
    for path in folder.rglob("*.safetensors"):
        part = path.relative_to(folder).parts[0]
        if path.parent != folder:  # what lies beside the parts is put on the model, and is small
            parts[part] = parts.get(part, 0) + read_header(path).numbers * _WIDTH[dtype]
    working = profile.working * _GIB * _WIDTH[dtype] / 2
    # A model far smaller than its family's published one (a test's, a toy's) steps in as little room.
    published = max(profile.memory.values(), default=0.0) * _GIB
    share = min(1.0, sum(parts.values()) / published) if published else 1.0
    return Need(sum(parts.values()), max(parts.values(), default=0), int(working * share))


def available(device: str) -> int:
    """Bytes free on a device ("cpu", "cuda", "cuda:1")."""
    import psutil

    if device != "cpu":
        import torch

        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # a container may be allowed less than its machine has
        limit = int((_GROUP / "memory.max").read_text())
        used = int((_GROUP / "memory.current").read_text())
        cached = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + int(cached.get("inactive_file", 0)))
    return max(0, free)


def whole(device: str) -> int:
    """Bytes a device has, whatever is in use; 0 where that cannot be told without waking it."""
    import psutil

    if device == "cpu":
        size = int(psutil.virtual_memory().total)
        with suppress(OSError, ValueError):
            size = min(size, int((_GROUP / "memory.max").read_text()))
        return size
    index = int(device.partition(":")[2] or 0)
    with suppress(OSError, ValueError, IndexError, subprocess.SubprocessError):
        said = subprocess.run(_ASK_GPUS, capture_output=True, text=True, timeout=10, check=True).stdout
        return int(said.splitlines()[index]) << 20
    return 0


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model fits a machine, whatever else is in use on it.

    Attributes:
        fits: None where the machine does not tell how much it has.
        words: what it takes, and what helps if that is too much.
    """

    fits: bool | None
    words: str


def fit(name: str, needed: Need, device: str, offload: Offload = "none") -> Fit:
    """Whether a model could ever be loaded here: asked by a form, and before a job is queued."""
    room, asked = whole(device), needed.on_device(offload)
    where = "main memory" if device == "cpu" else "the GPU"
    if not room:
        return Fit(None, f"{name} takes {_shown(asked)} of {where}.")
    if asked <= room:
        return Fit(True, f"{name} takes {_shown(asked)} of {where}, which has {_shown(room)}.")
    advice = _advice(needed, room, device, offload)
    return Fit(False, f"{name} needs {_shown(asked)} of {where}, which has {_shown(room)}. {advice}")


def check_fits(name: str, needed: Need, device: str, offload: Offload) -> None:
    """Refuse a model that does not fit.

    Raises:
        NotAvailable: what is needed, what is free, and what would help.
    """
    free = available(device)
    asked = needed.on_device(offload)
    where = "main memory" if device == "cpu" else "the GPU"
    if asked > free:
        raise NotAvailable(
            f"{name} needs {_shown(asked)} of {where} and {_shown(free)} are free. "
            f"{_advice(needed, free, device, offload)}"
        )
    if device != "cpu" and offload != "none" and needed.weights > (main := available("cpu")):
        raise NotAvailable(
            f"{name} keeps {_shown(needed.weights)} in main memory while it is offloaded, and {_shown(main)} are free "
            "there. Close other programs, or choose a smaller model."
        )


def _advice(needed: Need, free: int, device: str, offload: Offload) -> str:
    if device == "cpu":
        return "Close other programs, load it in bfloat16 (half the memory), or choose a smaller model."
    fitting = [one for one in OFFLOADS[OFFLOADS.index(offload) + 1 :] if needed.on_device(one) <= free]
    if fitting:
        slower = "somewhat" if fitting[0] == "model" else "much"
        enough = _shown(needed.on_device(fitting[0]))
        return f"Choose offload={fitting[0]}: {enough} suffice then; it is {slower} slower."
    return "Not even sequential offload fits: choose a smaller model or size."


def _shown(size: int) -> str:
    return f"{size / _GIB:.1f} GiB" if size >= _GIB // 10 else f"{size / (1 << 20):.0f} MiB"
