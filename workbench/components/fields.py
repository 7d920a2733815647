"""Fields of a form, from what a chain says of its inputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.records import FileRef

if TYPE_CHECKING:
    from pipelines.engine.plan import InputInfo

__all__ = ["Field", "field"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        kind: "number", "range", "check", "choices", "select", "file", "long" or "text".
        value: as the field holds it: a text, a number, the place of a choice, a digest.
        file: the file that stands in it.
    """

    name: str
    label: str
    kind: str
    value: Any
    info: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    low: Any = None
    high: Any = None
    by: Any = None
    accept: str = ""
    file: FileRef | None = None


def field(info: InputInfo, value: Any) -> Field:
    """A field for an input, holding a value."""
    options = info.options
    label = str(options.get("label") or info.name.replace("_", " ").replace(".", ": ").capitalize())
    more: dict[str, Any] = {"info": str(options.get("info") or ""), "required": info.required}
    choices = [c if isinstance(c, list | tuple) else (str(c), c) for c in options.get("choices") or ()]
    if info.file:
        ref = value if isinstance(value, FileRef) else None
        accept = {"Image": "image/*", "Video": "video/*", "Audio": "audio/*"}.get(info.component, "")
        return Field(info.name, label, "file", ref.digest if ref else "", file=ref, accept=accept, **more)
    if choices and info.component in ("Radio", "Dropdown") and not options.get("multiselect"):
        place = next((i for i, (_, one) in enumerate(choices) if one == value), "")
        kind = "choices" if info.component == "Radio" and len(choices) <= 5 else "select"
        return Field(info.name, label, kind, place, choices=tuple(str(word) or "(none)" for word, _ in choices), **more)
    if info.component in ("Number", "Slider"):
        low, high, by = options.get("minimum"), options.get("maximum"), options.get("step")
        kind = "range" if info.component == "Slider" and None not in (low, high) else "number"
        whole = isinstance(value, int) and isinstance(low, int) and isinstance(high, int) and (high - low) > 1
        return Field(info.name, label, kind, value, low=low, high=high, by=by or (1 if whole else "any"), **more)
    if info.component == "Checkbox":
        return Field(info.name, label, "check", bool(value), **more)
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)
    kind = "long" if (options.get("lines") or 1) > 1 or len(text) > 80 or "\n" in text else "text"
    return Field(info.name, label, kind, text, **more)
