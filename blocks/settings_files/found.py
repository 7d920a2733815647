"""What was found in a picture, and how values are let in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from blocks.models.request import HIGHEST_GUIDANCE, LARGEST_SIDE, LAST_SEED, MOST_STEPS
from blocks.prompts import LONGEST

__all__ = ["Collector", "Found", "Program", "sampler_of"]

Program = Literal["lab", "a1111", "comfyui"]

MOST_LORAS = 16

_RANGES: Mapping[str, tuple[float, float, bool]] = {
    "seed": (0, LAST_SEED, True),
    "steps": (1, MOST_STEPS, True),
    "guidance": (0, HIGHEST_GUIDANCE, False),
    "width": (1, LARGEST_SIDE, True),
    "height": (1, LARGEST_SIDE, True),
    "strength": (0.01, 1, False),
    "reference_scale": (0, 2, False),
    "control_scale": (0, 2, False),
}
"""Least, most, and whether it is a whole number."""

_SAMPLERS: Mapping[str, str] = {
    "euler a": "euler a",
    "euler_ancestral": "euler a",
    "euler": "euler",
    "heun": "heun",
    "ddim": "ddim",
    "uni_pc": "unipc",
    "unipc": "unipc",
    "dpm++ 2m": "dpm++",
    "dpmpp_2m": "dpm++",
}
"""Names in A1111 and in ComfyUI, and ours."""


@dataclass(frozen=True, slots=True)
class Found:
    """Settings in the names of `blocks.generate.generate`.

    Attributes:
        settings: only what was there and can be used. ``model`` is a name and may not be here; ``loras`` are
            ``{"name", "weight"}``; of a lab picture ``references``, ``image`` and ``mask`` are ``{"name", "digest"}``.
        notes: what could not be carried over, and why; for a person.
    """

    program: Program
    settings: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Collector:
    """Lets values in one by one, and keeps a note of each that it refuses."""

    settings: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def text(self, name: str, value: object, longest: int = LONGEST) -> None:
        """A text without control characters, cut where it is too long."""
        if not isinstance(value, str):
            return
        clean = _clean(value)
        if len(clean) > longest:
            self.notes.append(f"The {name} was cut after {longest:,} characters.")
        if clean:
            self.settings[name] = clean[:longest]

    def number(self, name: str, value: object) -> None:
        """A number of the range that the lab takes."""
        if value is None or value == "":
            return
        low, high, whole = _RANGES[name]
        try:
            found = int(value) if whole and isinstance(value, int | str) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if isinstance(value, bool) or not low <= found <= high:
            self.notes.append(f"The {name.replace('_', ' ')} {str(value)[:40]!r} is not one that the lab takes.")
            return
        self.settings[name] = int(found) if whole else found

    def sampler(self, name: object, schedule: object = "") -> None:
        """A sampler by another program's name."""
        if not isinstance(name, str) or not name:
            return
        ours = sampler_of(name, schedule if isinstance(schedule, str) else "")
        if ours:
            self.settings["sampler"] = ours
        else:
            asked = f"{name[:40]} {schedule[:40] if isinstance(schedule, str) else ''}".strip()
            self.notes.append(f"There is no sampler {asked!r} here; the model's own is used.")

    def lora(self, name: object, weight: object) -> None:
        """A LoRA by its name, without folders."""
        loras: list[dict[str, Any]] = self.settings.setdefault("loras", [])
        if not isinstance(name, str) or not name or len(loras) >= MOST_LORAS:
            return
        try:
            value = float(weight)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            value = 1.0
        if not math.isfinite(value):
            value = 1.0
        plain = _clean(name).replace("\\", "/").rpartition("/")[2][:200]
        loras.append({"name": plain, "weight": max(-2.0, min(2.0, value))})

    def found(self, program: Program) -> Found:
        """All that was let in."""
        if not self.settings.get("loras", True):
            del self.settings["loras"]
        return Found(program, dict(self.settings), tuple(dict.fromkeys(self.notes)))


def _clean(text: str) -> str:
    """Without control characters and halves of characters, which no file or page could hold."""
    whole = text.encode("utf-8", "ignore").decode("utf-8")
    return "".join(letter for letter in whole if letter >= " " or letter in "\n\t").strip()


def sampler_of(name: str, schedule: str = "") -> str:
    """Our name of another program's sampler; "" if there is none. A schedule other than Karras is the plain one."""
    plain = name.strip().lower()
    karras = plain.endswith(" karras") or schedule.strip().lower() == "karras"
    ours = _SAMPLERS.get(plain.removesuffix(" karras"), "")
    return f"{ours} karras" if karras and ours == "dpm++" else ours
