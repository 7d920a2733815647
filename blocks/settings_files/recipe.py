"""The lab's own pictures carry their whole recipe; of it, the step that drew them is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blocks.provenance import read_recipe
from blocks.settings_files.found import Collector, Found

__all__ = ["read"]

DRAWS = "blocks.generate.generate"
NUMBERS = ("seed", "steps", "guidance", "width", "height", "strength", "reference_scale", "control_scale")
FILES = ("references", "image", "mask", "control_image")
DIGEST = re.compile(r"[0-9a-f]{64}")
LINK = re.compile(r"[\w-]+\.[\w-]+")
MOST_FILES = 64


def read(path: Path) -> Found | None:
    """The settings of a picture that this lab drew; None of any other."""
    known = read_recipe(path)
    steps = known.get("steps") if known else None
    if not isinstance(steps, list):
        return None
    drawn = [step for step in steps if isinstance(step, dict) and step.get("block") == DRAWS]
    inputs = drawn[-1].get("inputs") if drawn else None
    if not isinstance(inputs, Mapping):
        return None
    names = {str(step.get("step")) for step in steps if isinstance(step, dict)}
    given = {name: value for name, value in inputs.items() if not _is_link(value, names)}
    found = Collector()
    for name in ("prompt", "negative", "model", "sampler", "adapter", "control"):
        found.text(name, given.get(name))
    for name in NUMBERS:
        if given.get(name) not in (0, None) or name in ("seed", "guidance"):
            found.number(name, given.get(name))
    for one in _list(given.get("loras")):
        if isinstance(one, Mapping):
            found.lora(one.get("path") or one.get("name"), one.get("weight", 1.0))
    for name in FILES:
        _take_files(name, given.get(name), found)
    links = sorted(name for name in ("seed", "reference_scale", "prompt", "identity") if name in inputs.keys() - given)
    if links:
        found.notes.append(f"Worked out by an earlier step, and not in the file: {', '.join(links)}.")
    return found.found("lab")


def _is_link(value: object, steps: set[str]) -> bool:
    """An input that another step gave stands as "step.port"."""
    return isinstance(value, str) and LINK.fullmatch(value) is not None and value.partition(".")[0] in steps


def _list(value: Any) -> list[Any]:
    return list(value)[:MOST_FILES] if isinstance(value, list | tuple) else []


def _take_files(name: str, value: Any, found: Collector) -> None:
    files = [_file(one) for one in (value if isinstance(value, list) else [value])[:MOST_FILES]]
    known = [one for one in files if one is not None]
    if known:
        found.settings[name] = known if name == "references" else known[0]


def _file(value: Any) -> dict[str, str] | None:
    """A file by name and digest, as a recipe names it."""
    digest = value.get("sha256") or value.get("$blob") if isinstance(value, Mapping) else None
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        return None
    return {"name": str(value.get("name") or "")[:200], "digest": digest}
