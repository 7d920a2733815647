"""What this machine can enhance with: the choices that forms are built from, and what is missing and how to get it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

__all__ = ["FLOW", "Catalogue", "Choice", "installed"]

FLOW = "dis"
NETWORK = "rife"


@dataclass(frozen=True, slots=True)
class Choice:
    """A model or method.

    Attributes:
        name: what a pipeline is given.
        title: what a person reads.
        kind: "upscale", "restore", "denoise" or "interpolate".
        scales: factors that can be asked for; empty for an interpolator.
        notes: by factor, how it comes about where it is not the model's own.
        denoise: its strength can be chosen.
        present: it can be used now.
        how: how to get it, where it cannot.
    """

    name: str
    title: str
    kind: str
    scales: tuple[int, ...] = ()
    notes: Mapping[int, str] = field(default_factory=dict)
    denoise: bool = False
    present: bool = True
    how: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every choice, present or not, in the order to show them."""

    choices: tuple[Choice, ...] = ()

    def present(self, *kinds: str) -> list[Choice]:
        """What can be used now."""
        return [choice for choice in self.choices if choice.kind in kinds and choice.present]

    def missing(self) -> list[Choice]:
        """What cannot, with the way to get it."""
        return [choice for choice in self.choices if not choice.present]

    def find(self, name: str) -> Choice | None:
        """The usable choice of that name."""
        return next((choice for choice in self.choices if choice.name == name and choice.present), None)

    def scale_note(self, name: str, scale: int) -> str:
        """An honest line where a factor is not the model's own, else ""."""
        choice = self.find(name)
        return choice.notes.get(scale, "") if choice and scale > 1 else ""


def installed(models: Path) -> Catalogue:
    """Look at what is installed: packages, and files in the models folder, without loading any of them."""
    return _installed(models, _state(models))


@lru_cache(maxsize=8)
def _installed(models: Path, state: frozenset[tuple[str, int, int]]) -> Catalogue:
    return Catalogue((*_upscalers(models), *_interpolators(models)))


def _state(models: Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of each file that may be a model: in the folder, and one level below."""
    found = []
    for pattern in ("*", "*/*"):
        for path in models.glob(pattern):
            with suppress(OSError):  # gone while we looked
                facts = path.stat()
                found.append((str(path), facts.st_size, facts.st_mtime_ns))
    return frozenset(found)


def _upscalers(models: Path) -> list[Choice]:
    from enhance.upscalers import available_upscalers

    return [
        Choice(
            info.name,
            info.title,
            info.kind,
            tuple(info.scales),
            {scale: note for scale in info.scales if (note := info.note(scale))},
            info.denoise,
            info.present,
            info.how_to_get,
        )
        for info in available_upscalers(models)
    ]


def _interpolators(models: Path) -> list[Choice]:
    """Optical flow is always here; the network counts as here as soon as one of its weight files is."""
    from enhance.rife.presence import available_rife

    found = available_rife(models)
    networks = [Choice(NETWORK, info.title, "interpolate") for info in found if info.present][:1]
    absent = [
        Choice(info.name, info.title, "interpolate", present=False, how=f"{info.how_to_get}.")
        for info in found
        if not info.present and not networks
    ]
    return [Choice(FLOW, "Optical flow (DIS)", "interpolate"), *networks, *absent]
