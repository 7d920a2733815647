"""The form of a model: which fields it has, with what defaults and limits, and what a person should know of it.

A page lays it out and a command line lists it; neither knows any family. Every field is an argument of
`blocks.generate.generate`, so what is filled in is handed on as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks.models.fields import Beside, Field, Kind, Section, Way, fields_of, ways_of
from blocks.models.profiles import Profile, Size

__all__ = ["Beside", "Field", "Form", "Kind", "Preset", "Section", "Way", "form_of"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A size by name, in pixels."""

    label: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Form:
    """What a page needs to know of a model.

    Attributes:
        fields: in the order of their sections.
        ways: in which references are taken, the best first; empty: words only.
        needs_reference: it edits pictures and does nothing without one.
        licence, commercial: of the weights; commercial is None where it must be looked up.
        licence_note: a sentence to show where the model is chosen; "" if there is nothing to heed.
        memory: what it needs and whether that is here; "" if it is of no concern.
        fits: whether it fits this machine's memory; None where nobody asked.
        notes: what a person who fills the form in should know.
    """

    family: str
    title: str
    fields: tuple[Field, ...]
    sizes: tuple[Preset, ...]
    ways: tuple[Way, ...]
    needs_reference: bool
    licence: str
    commercial: bool | None
    licence_note: str
    memory: str = ""
    fits: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Way | None:
        """The way in which references will be taken."""
        return next((way for way in self.ways if way.ready), None)

    @property
    def defaults(self) -> dict[str, Any]:
        """Every field with what stands in it at first."""
        return {field.name: field.default for field in self.fields}

    def field(self, name: str) -> Field | None:
        """A field by its name; None if this model has none of it."""
        return next((field for field in self.fields if field.name == name), None)

    def section(self, section: Section) -> tuple[Field, ...]:
        """The fields of a section; empty if this model has none of it."""
        return tuple(field for field in self.fields if field.section == section)


def form_of(
    profile: Profile,
    beside: Beside | None = None,
    *,
    device: str = "cpu",
    memory: str = "",
    fits: bool | None = None,
) -> Form:
    """The form of a model of this profile.

    Args:
        beside: what may be put on it; nothing if None.
        device: where it would run; offloading is for a GPU only.
        memory, fits: what `blocks.models.memory.fit` found, in words.
    """
    beside = beside or Beside()
    ways = ways_of(profile, beside)
    return Form(
        profile.family,
        profile.title,
        fields_of(profile, ways, beside, device),
        tuple(_preset(size) for size in profile.sizes),
        ways,
        profile.needs_reference,
        profile.licence,
        profile.commercial,
        _licence_note(profile),
        memory,
        fits,
        tuple(_notes(profile, ways)),
    )


def _preset(size: Size) -> Preset:
    width, height = size
    shape = "square" if width == height else "portrait" if width < height else "landscape"
    return Preset(f"{width} × {height}, {shape}", width, height)


def _licence_note(profile: Profile) -> str:
    if profile.commercial is False:
        return f"Not for commercial work: {profile.licence}."
    if profile.commercial is None:
        return f"Read the licence of your variant before commercial work: {profile.licence}."
    return ""


def _notes(profile: Profile, ways: tuple[Way, ...]) -> list[str]:
    found = []
    if profile.needs_reference:
        found.append(f"{profile.title} edits pictures: it needs a reference.")
    if not ways:
        found.append(f"{profile.title} takes no references; it draws from words alone.")
    if profile.negative == "no":
        found.append(f"{profile.title} takes no negative prompt.")
    if not profile.start_pipeline:
        found.append(f"{profile.title} does not start from a picture; give it as a reference.")
    if not profile.lora:
        found.append(f"{profile.title} takes no LoRA.")
    if profile.family == "pocket":
        found.append("The lab's own stand-in draws small stylised portraits; a full-size model takes its place.")
    return found
