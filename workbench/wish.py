"""What a form of the Generate page asks for: its values checked against the model's own form, and back again.

A browser sends texts and a program sends numbers; both are read here, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blocks.errors import InputError
from blocks.models.form import Field, Form
from data.records import FileRef

__all__ = ["FILES", "MODES", "MOST_COUNT", "MOST_TRIES", "Wish", "as_shown", "filled", "read_wish"]

MODES = ("consistency_priority", "creative_exploration")
MOST_COUNT = 64
MOST_TRIES = 5
FILES = ("image", "mask", "control_image")
"""Fields that hold a file; a form holds its digest."""

LORA = "lora."
"""Before the name of a LoRA: the field of its weight."""


_SHOWN = ("reference_scale", "adapter")
"""What of somebody who is to be seen a form may show otherwise than a chain would take it, if it were left out."""

_CARRIED = ("prompt", "negative", "adapter", "control", "sampler", "dtype", "offload")


@dataclass(frozen=True, slots=True)
class Wish:
    """Pictures that somebody asks for.

    Attributes:
        model: a name; "" is the lab's own.
        seed: None for a new one each time.
        settings: arguments of `blocks.generate.generate` that are not at their default; files by digest.
        mode: one of `MODES`.
    """

    prompt: str = ""
    model: str = ""
    count: int = 1
    seed: int | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    quality_threshold: float = 0.85
    max_iterations: int = 3
    mode: str = MODES[0]

    @property
    def loop(self) -> dict[str, Any]:
        """The arguments of the quality loop."""
        return {
            "quality_threshold": self.quality_threshold,
            "max_iterations": self.max_iterations,
            "mode": self.mode,
        }


def read_wish(values: Mapping[str, Any], form: Form) -> Wish:
    """A filled form.

    Args:
        values: by field; what is missing or empty stands at its default. ``lora.NAME`` is a LoRA's weight.
        form: of the model that is chosen.

    Raises:
        InputError: a value cannot be used; the message names the field by its label.
    """
    settings: dict[str, Any] = {}
    for one in form.fields:
        if one.name in ("prompt", "seed", "references", "loras"):
            continue
        value = _value(one, values.get(one.name))
        if value is not None and value != one.default:
            settings[one.name] = value
    loras = _loras(values, form)
    if loras:
        settings["loras"] = loras
    if "mask" in settings and "image" not in settings:
        raise InputError("There is a mask and no picture to draw it on. Choose the picture to start from as well.")
    seed = form.field("seed")
    return Wish(
        prompt=str(values.get("prompt") or "").strip(),
        model=str(values.get("model") or ""),
        count=int(_number("Pictures", values.get("count"), 1, MOST_COUNT, 1, whole=True)),
        seed=_value(seed, values.get("seed")) if seed else None,
        settings=settings,
        quality_threshold=float(_number("The score to reach", values.get("quality_threshold"), 0.5, 0.99, 0.85)),
        max_iterations=int(_number("Tries", values.get("max_iterations"), 1, MOST_TRIES, 3, whole=True)),
        mode=_mode(values.get("mode")),
    )


def as_shown(wish: Wish, form: Form) -> dict[str, Any]:
    """The settings of a wish for a chain that draws somebody: what was left alone goes along as the form shows it."""
    return {one.name: one.default for one in form.fields if one.name in _SHOWN} | wish.settings


def filled(settings: Mapping[str, Any], form: Form) -> tuple[dict[str, str], list[str]]:
    """Settings of a take or a picture as a form holds them, and a note on each that this model does not have.

    Args:
        settings: in the names of `blocks.generate.generate`; files as `FileRef` or ``{"digest"}``.
    """
    values: dict[str, str] = {}
    notes = []
    loras = form.field("loras")
    known = {value for _, value in loras.choices} if loras else set()
    for lora in settings.get("loras") or ():
        name = _lora_name(str(lora.get("path") or lora.get("name") or ""), known)
        if name:
            values[LORA + name] = _text(lora.get("weight", 1.0))
        else:
            notes.append(
                f"The LoRA {lora.get('name') or lora.get('path')} is not here for this model; it was left out."
            )
    for one in form.fields:
        given = settings.get(one.name)
        if given is None or one.name in ("loras", "references"):
            continue
        if one.name in FILES:
            values[one.name] = _digest(given)
            continue
        try:
            checked = _value(one, given)
        except InputError:
            notes.append(f"{one.label} {_text(given)[:40]!r} is not one that this model takes; it was left out.")
            continue
        if checked is not None:
            values[one.name] = _text(checked)
    missing = [name for name in _CARRIED if settings.get(name) and form.field(name) is None]
    notes += [f"{form.title} has no field for the {name.replace('_', ' ')}; it was left out." for name in missing]
    for name in ("quality_threshold", "max_iterations", "mode"):
        if settings.get(name) is not None:
            values[name] = _text(settings[name])
    return values, notes


def _value(one: Field, given: Any) -> Any:
    """A field's value, None where it was left open."""
    if given is None or given == "" or given == ():
        return None
    if one.kind in ("number", "slider", "seed"):
        whole = one.kind == "seed" or (one.kind == "number" and (one.step or 1) >= 1)
        low, high = one.low if one.low is not None else -math.inf, one.high if one.high is not None else math.inf
        return _number(one.label, given, low, high, None, whole=whole)
    if one.kind == "choice":
        choices = {str(value): value for _, value in one.choices}
        if str(given) not in choices:
            raise InputError(
                f"{one.label}: {str(given)[:60]!r} is no choice; there are {', '.join(filter(None, choices))}."
            )
        return choices[str(given)]
    if one.kind in ("picture", "mask"):
        return _digest(given)
    return str(given)


def _number(
    label: str, given: Any, low: float, high: float, default: float | None, *, whole: bool = False
) -> int | float:
    if given is None or given == "":
        given = default
    try:
        value = int(given) if whole and not isinstance(given, float) else float(given)  # seeds outgrow a float
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if isinstance(given, bool) or not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise InputError(f"{label}: {str(given)[:40]!r} cannot be used; give {kind} from {low:g} to {high:g}.")
    return int(value) if whole else float(value)


def _mode(given: Any) -> str:
    if given in (None, ""):
        return MODES[0]
    if given not in MODES:
        raise InputError(f"There is no mode {str(given)[:40]!r}; there are {' and '.join(MODES)}.")
    return str(given)


def _loras(values: Mapping[str, Any], form: Form) -> list[dict[str, Any]]:
    """From fields ``lora.NAME``, or from a program's list of ``{"name", "weight"}``."""
    one = form.field("loras")
    given = {name.removeprefix(LORA): value for name, value in values.items() if name.startswith(LORA)}
    listed = values.get("loras")
    for lora in listed if isinstance(listed, list | tuple) else ():
        if isinstance(lora, Mapping):
            given[str(lora.get("name") or "")] = lora.get("weight", 1.0)
    if not given:
        return []
    known: Sequence[Any] = [value for _, value in one.choices] if one else []
    found = []
    for name, weight in given.items():
        if name not in known:
            raise InputError(f"There is no LoRA {name[:80]!r} for {form.title}; choose one from the list.")
        low, high = (one.low or -2.0, one.high or 2.0) if one else (-2.0, 2.0)
        value = _number(f"Weight of {name}", weight, low, high, 1.0)
        if value:
            found.append({"path": name, "weight": value})
    return found


def _lora_name(name: str, known: set[Any]) -> str:
    """The name it has here; other programs leave the folder and the suffix out."""
    plain = name.rpartition("/")[2].removesuffix(".safetensors")
    return next((one for one in known if one.rpartition("/")[2].removesuffix(".safetensors") == plain), "")


def _digest(given: Any) -> str:
    if isinstance(given, FileRef):
        return given.digest
    if isinstance(given, Mapping):
        given = given.get("digest")
    if not isinstance(given, str) or len(given) != 64 or not set(given) <= set("0123456789abcdef"):
        raise InputError(f"{str(given)[:60]!r} is not a file of this lab. Add the picture first.")
    return given


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
