"""Whether a model fits, answered before a byte of it is loaded.

What it needs is measured from the headers of its files: every number counts at the width it will be loaded with, and
a step needs room beside the weights. What there is, is asked of the device, and of the control group on Linux.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from blocks.errors import NotAvailable
from blocks.models.headers import read_header
from blocks.models.profiles import Profile

__all__ = ["OFFLOADS", "Need", "Offload", "available", "check_fits", "need"]

Offload = Literal["none", "model", "sequential"]
"""What waits in main memory while a GPU works: nothing, the parts not in use, or all but the layer in use."""

OFFLOADS: tuple[Offload, ...] = ("none", "model", "sequential")

_WIDTH = {"float32": 4, "float16": 2, "bfloat16": 2}
_LAYER = 1 << 30  # more than the largest layer of any family
_GIB = 1 << 30


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
    import torch

    if device != "cpu":
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # a container may be allowed less than its machine has
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        free = min(free, limit - used + int(cached.get("inactive_file", 0)))
    return max(0, free)


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
            f"{name} needs {_shown(asked)} of {where} and {_shown(free)} are free. {_advice(needed, device, offload)}"
        )
    if device != "cpu" and offload != "none" and needed.weights > (main := available("cpu")):
        raise NotAvailable(
            f"{name} keeps {_shown(needed.weights)} in main memory while it is offloaded, and {_shown(main)} are free "
            "there. Close other programs, or choose a smaller model."
        )


def _advice(needed: Need, device: str, offload: Offload) -> str:
    if device == "cpu":
        return "Close other programs, load it in bfloat16 (half the memory), or choose a smaller model."
    free = available(device)
    fitting = [one for one in OFFLOADS[OFFLOADS.index(offload) + 1 :] if needed.on_device(one) <= free]
    if fitting:
        slower = "somewhat" if fitting[0] == "model" else "much"
        enough = _shown(needed.on_device(fitting[0]))
        return f"Choose offload={fitting[0]}: {enough} suffice then; it is {slower} slower."
    return "Not even sequential offload fits: choose a smaller model or size."


def _shown(size: int) -> str:
    return f"{size / _GIB:.1f} GiB" if size >= _GIB // 10 else f"{size / (1 << 20):.0f} MiB"
