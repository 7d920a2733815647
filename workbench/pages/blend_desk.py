"""What lies on the desk of the Blend page: the parents, the sweep and the picture that are looked at."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from blocks.blending import MOST_PARENTS, ROLES
from workbench.blends import KINDS, Source
from workbench.components.blending import MEASURES, Measure
from workbench.pages.drawing_desk import DrawingDesk, in_common, kept, listed

__all__ = ["Desk"]

_KEY = re.compile(r"[0-9a-f]{1,12}")
_MOST_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class Desk(DrawingDesk):
    """Everything but the form, whose values come along with each act. It comes from a browser: nothing is trusted.

    Attributes:
        parents: in their order; a sweep goes from the first face to the last.
        sweep: the job of the sweep that is shown; "" for the newest.
        measure: by which recogniser likeness is told.
        model: that the form shows.
    """

    parents: tuple[Source, ...] = ()
    sweep: str = ""
    measure: Measure = "second"
    model: str = ""

    @classmethod
    def read(cls, text: str) -> Desk:
        """From the browser; what is not as it should be stands at its default."""
        given = kept(text)
        plain = {name: given[name] for name in ("sweep", "model") if isinstance(given.get(name), str)}
        measure: Measure = "raw" if given.get("measure") == "raw" else MEASURES[0][0]
        entries = listed(given.get("parents"), _MOST_ENTRIES)
        sources = [one for entry in entries if (one := _source(entry)) is not None]
        return cls(**plain | in_common(given), measure=measure, parents=tuple(sources[:MOST_PARENTS]))

    def weighed(self, values: Mapping[str, Any]) -> Desk:
        """With the weights, roles and model that a form holds."""
        model = str(values.get("model", self.model))[:200]
        return replace(self, parents=tuple(_weighed(one, values) for one in self.parents), model=model)

    def parent(self, key: str) -> Source | None:
        """One of the parents by its key."""
        return next((one for one in self.parents if one.key == key), None)


def _weighed(source: Source, values: Mapping[str, Any]) -> Source:
    role = values.get(f"role.{source.key}")
    try:
        weight = float(values.get(f"weight.{source.key}", "")) / 100
    except (TypeError, ValueError):
        weight = source.weight
    weight = weight if math.isfinite(weight) and 0 <= weight <= 1 else source.weight
    return replace(source, weight=weight, role=role if role in ROLES else source.role)


def _source(entry: Any) -> Source | None:
    """A parent as it was written; None where it is none."""
    if not isinstance(entry, dict) or entry.get("kind") not in KINDS or not _KEY.fullmatch(str(entry.get("key"))):
        return None
    texts = {name: str(entry.get(name) or "")[:200] for name in ("id", "name", "job", "key")}
    role, weight, identity = entry.get("role"), entry.get("weight"), entry.get("identity")
    return Source(
        kind=entry["kind"],
        **texts,
        role=role if role in ROLES else "face",
        weight=float(weight) if isinstance(weight, int | float) and 0 <= weight <= 1 else 1.0,
        identity=identity if isinstance(identity, int) and not isinstance(identity, bool) else -1,
    )
