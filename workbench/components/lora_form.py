"""The form of the LoRA page: what to train on, with which settings; filled from values, and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from blocks.errors import InputError
from lora.train import settings_for
from lora.training.config import ABOUT, CHOICES, PRESETS, TrainConfig
from workbench.components.filling import fill

__all__ = ["Setting", "captions_of", "form", "importing", "plain", "settings_of", "unwanted"]

MAIN = ("steps", "rank", "alpha", "rate", "method", "optimiser")
GROUPS: Sequence[tuple[str, Sequence[str]]] = (
    ("Learning", ("batch", "accumulate", "schedule", "warmup", "targets", "weighting", "snr_gamma", "ema", "clip")),
    ("Pictures and captions", ("size", "empty_captions", "prior_weight", "flip")),
    ("Machine and versions", ("save_every", "seed", "cache", "checkpointing", "quantise")),
)
_LABELS = {
    "rate": "Learning rate",
    "method": "Kind of LoRA",
    "accumulate": "Accumulation",
    "schedule": "Schedule of the rate",
    "warmup": "Warm-up",
    "targets": "Layers",
    "snr_gamma": "SNR gamma",
    "ema": "Running mean",
    "clip": "Gradient clip",
    "empty_captions": "Empty captions",
    "prior_weight": "Weight of others",
    "flip": "Mirror pictures",
    "save_every": "A version every",
    "cache": "Keep what is encoded",
    "checkpointing": "Gradient checkpointing",
    "quantise": "Base in eight bits",
}
_WORDS = {
    "lora": "LoRA",
    "dora": "DoRA",
    "lokr": "LoKr",
    "adamw": "AdamW",
    "adamw8bit": "AdamW, 8 bits",
    "prodigy": "Prodigy",
}
_KINDS = {field.name: str(field.type) for field in fields(TrainConfig)}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a field.

    Attributes:
        kind: "choice" or "number".
        value: what a person chose, or "" for what the preset has.
        preset: that, in words.
        own: what a person chose is not what the preset has.
    """

    name: str
    label: str
    kind: str
    value: str
    preset: str
    about: str
    choices: tuple[str, ...] = ()
    own: bool = False


def form(
    values: Mapping[str, Any],
    *,
    family: str,
    models: Sequence[tuple[str, str]],
    characters: Sequence[tuple[str, str]],
    found: str | None = None,
    first: str = "",
    notes: Sequence[str] = (),
) -> str:
    """The form.

    Args:
        values: what a person chose, by the fields' names.
        family: of the base model, whose presets are shown.
        found: what there is of the chosen character, in words.
        first: the trigger word that is taken if none is given.
    """
    preset = str(values.get("preset") or "")
    preset = preset if preset in PRESETS else "balanced"
    base = settings_for(family, preset)
    one = {name: _setting(name, base, values) for name in _KINDS}
    return fill(
        "lora_form.html",
        values=values,
        preset=preset,
        presets=[(name, about) for name, (about, _) in PRESETS.items()],
        main=[one[name] for name in MAIN],
        say=_said,
        own=[f"{field.label} {_said(field.value)}" for field in one.values() if field.own],
        groups=[(title, [one[name] for name in names]) for title, names in GROUPS],
        models=models,
        characters=characters,
        found=found,
        first=first,
        notes=notes,
    )


def importing(models: Sequence[tuple[str, str]], characters: Sequence[tuple[str, str]]) -> str:
    """The form by which a LoRA that was made elsewhere comes in."""
    return fill("lora_import.html", models=models, characters=characters)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values with every setting as the preset has it."""
    return {name: value for name, value in values.items() if not name.startswith("set.")}


def _setting(name: str, base: TrainConfig, values: Mapping[str, Any]) -> Setting:
    standard, given = getattr(base, name), values.get(f"set.{name}")
    label, about = _LABELS.get(name, name.replace("_", " ").capitalize()), ABOUT[name]
    text = "" if given is None else str(given).strip()
    if choices := _choices(name, standard):
        text, preset = text if text in choices else "", _word(standard)
        return Setting(name, label, "choice", text, preset, about, choices, text not in ("", preset))
    return Setting(name, label, "number", text, f"{standard:g}", about, own=bool(text) and not _same(text, standard))


def _same(text: str, standard: float) -> bool:
    try:
        return float(text) == standard
    except ValueError:
        return False


def _choices(name: str, standard: Any) -> tuple[str, ...]:
    return ("yes", "no") if isinstance(standard, bool) else CHOICES.get(name, ())


def _said(choice: str) -> str:
    """A choice as people write it."""
    return _WORDS.get(choice, choice.replace("_", " "))


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def settings_of(values: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The settings that differ from the preset's.

    Raises:
        InputError: a field holds no number.
    """
    base = settings_for(family, str(values.get("preset") or "balanced"))
    found: dict[str, Any] = {}
    for name, kind in _KINDS.items():
        text, standard = str(values.get(f"set.{name}") or "").strip(), getattr(base, name)
        if not text:
            continue
        value: bool | str | int | float = text
        if isinstance(standard, bool):
            value = text == "yes"
        elif name not in CHOICES:
            value = _number(name, text, kind)
        if value != standard:
            found[name] = value
    return found


def _number(name: str, text: str, kind: str) -> int | float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{_LABELS.get(name, name.capitalize())} is {text[:40]!r}; give a number.") from None
    return int(value) if kind == "int" and value.is_integer() else value


def captions_of(values: Mapping[str, Any]) -> dict[str, str]:
    """What a person made of the captions, by the picture's name."""
    found = {name.removeprefix("caption."): str(text).strip() for name, text in _of(values, "caption.")}
    return {name: text for name, text in found.items() if text}


def unwanted(values: Mapping[str, Any]) -> list[str]:
    """Names of pictures that a person wants left out."""
    return [name.removeprefix("use.") for name, wanted in _of(values, "use.") if wanted is False]


def _of(values: Mapping[str, Any], beginning: str) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in values.items() if name.startswith(beginning)]
