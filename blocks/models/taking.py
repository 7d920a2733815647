"""In which way a model will take the references it is given, told before it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import InputError
from blocks.models.adapters import ADAPTER_NAMES
from blocks.models.profiles import Profile
from blocks.models.recognise import recognise_adapter

__all__ = ["Taking", "taking"]


@dataclass(frozen=True, slots=True)
class Taking:
    """How references are taken.

    Attributes:
        way: see `blocks.models.profiles.Reference`; "" where none are.
        most: pictures in one call; 0 where no pictures are taken.
    """

    way: str
    most: int


def taking(folder: Path, profile: Profile, adapter: Path | None = None) -> Taking:
    """The best way of a model's profile that is possible with the adapter that is given, or those in its folder."""
    kinds = set(_kinds([adapter] if adapter else [folder / name for name in ADAPTER_NAMES]))
    for way in profile.references:
        if way in ("images", "start") or way in kinds:
            return Taking(way, 0 if way == "faceid" else 1 if way == "start" else profile.max_references)
    return Taking("", 0)


def _kinds(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        with suppress(InputError):  # what is damaged is told when it is loaded
            if path.exists():
                yield recognise_adapter(path)
