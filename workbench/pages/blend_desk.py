"""What lies on the desk of the Blend page: the parents, the sweep and the picture that are looked at."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

from blocks.blending import MOST_PARENTS, ROLES
from workbench.blends import KINDS, Source
from workbench.components.blending import MEASURES, Measure

__all__ = ["Desk"]

_KEY = re.compile(r"[0-9a-f]{1,12}")


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything but the form, whose values come along with each act. It comes from a browser: nothing is trusted.

    Attributes:
        parents: in their order; a sweep goes from the first face to the last.
        sweep: the job of the sweep that is shown; "" for the newest.
        take: the picture that is open, or "".
        measure: by which recogniser likeness is told.
        model: that the form shows.
        dismissed: failed jobs that need not be shown any more.
        token: of the next click on Blend.
    """

    parents: tuple[Source, ...] = ()
    sweep: str = ""
    take: str = ""
    measure: Measure = "second"
    model: str = ""
    dismissed: tuple[str, ...] = ()
    token: str = ""

    @classmethod
    def read(cls, text: str) -> Desk:
        """From the browser; what is not as it should be stands at its default."""
        try:
            found = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            found = None
        given: dict[str, Any] = found if isinstance(found, dict) else {}
        plain = {name: given[name] for name in ("sweep", "take", "model", "token") if isinstance(given.get(name), str)}
        measure: Measure = "raw" if given.get("measure") == "raw" else MEASURES[0][0]
        sources = [one for entry in _list(given.get("parents")) if (one := _source(entry)) is not None]
        dismissed = tuple(str(one) for one in _list(given.get("dismissed")))[-50:]
        more = {"token": plain.get("token") or uuid4().hex, "measure": measure, "dismissed": dismissed}
        return cls(**{**plain, **more}, parents=tuple(sources[:MOST_PARENTS]))

    def write(self) -> str:
        """For the browser."""
        return json.dumps(asdict(self))

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


def _list(value: Any) -> list[Any]:
    return value[:100] if isinstance(value, list) else []
