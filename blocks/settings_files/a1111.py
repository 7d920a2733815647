"""A1111, Forge and their kin write three parts of plain text: the prompt, the negative, and a line of settings.

a street at night, <lora:rain:0.8>
Negative prompt: blurred
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 512x768, Model: dreamshaper_8
"""

from __future__ import annotations

import json
import re

from blocks.settings_files.found import Collector, Found

__all__ = ["read"]

LONGEST = 100_000
LONGEST_LINE = 16_000
MOST_FIELDS = 200
FIELD = re.compile(r'(\w[\w \-/]{0,60}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)')
LORA = re.compile(r"<(?:lora|lyco|locon):([^:<>]{1,200})(?::([-+.\d]{1,12}))?[^<>]{0,80}>")
WEIGHTED = re.compile(r"\([^()]{1,200}:\s*[\d.]{1,6}\)")
SIZE = re.compile(r"(\d{1,5})\s*x\s*(\d{1,5})")

NUMBERS = {"Steps": "steps", "CFG scale": "guidance", "Seed": "seed", "Denoising strength": "strength"}
READ = frozenset({*NUMBERS, "Sampler", "Schedule type", "Size", "Model"})
OF_NO_CONCERN = frozenset({"Model hash", "Version", "Lora hashes", "TI hashes", "VAE hash", "Hashes", "RNG"})


def read(text: str) -> Found | None:
    """The settings in a text, or None if it is not of this form."""
    if len(text) > LONGEST:
        return None
    lines = text.strip().split("\n")
    fields = _fields(lines[-1])
    if len(fields) < 3:
        return None
    prompt, negative = _words(lines[:-1])
    found = Collector()
    for name, weight in LORA.findall(prompt):
        found.lora(name, weight or 1.0)
    found.text("prompt", _without_loras(prompt))
    found.text("negative", negative)
    _take(fields, found)
    if WEIGHTED.search(prompt) or WEIGHTED.search(negative):
        found.notes.append("Weights in brackets, (word:1.2), are sent as they stand; the lab gives them no meaning.")
    left = [name for name in fields if name not in READ | OF_NO_CONCERN]
    if left:
        found.notes.append(f"Not carried over: {', '.join(left[:12])}{' and more' if len(left) > 12 else ''}.")
    return found.found("a1111")


def _fields(line: str) -> dict[str, str]:
    if len(line) > LONGEST_LINE:
        return {}
    found: dict[str, str] = {}
    for name, value in FIELD.findall(line)[:MOST_FIELDS]:
        found.setdefault(name.strip(), _unquoted(value.strip()))
    return found


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        try:
            return str(json.loads(value))
        except (ValueError, RecursionError):
            return value[1:-1]
    return value


def _without_loras(prompt: str) -> str:
    parts = LORA.sub("", prompt).split(",") if "<" in prompt else [prompt]
    return ",".join(part for part in parts if part.strip())


def _words(lines: list[str]) -> tuple[str, str]:
    """Prompt and negative prompt, each of any number of lines."""
    for place, line in enumerate(lines):
        if line.startswith("Negative prompt:"):
            first = line.removeprefix("Negative prompt:")
            return "\n".join(lines[:place]), "\n".join([first, *lines[place + 1 :]]).strip()
    return "\n".join(lines), ""


def _take(fields: dict[str, str], found: Collector) -> None:
    for theirs, ours in NUMBERS.items():
        found.number(ours, fields.get(theirs))
    found.sampler(fields.get("Sampler"), fields.get("Schedule type", ""))
    found.text("model", fields.get("Model"), 200)
    size = SIZE.fullmatch(fields.get("Size", ""))
    if size:
        found.number("width", size[1])
        found.number("height", size[2])
    if "strength" in found.settings and "Hires upscale" in fields:  # it is the second pass's, not a start picture's
        del found.settings["strength"]
    elif "strength" in found.settings:
        found.notes.append("It was started from another picture, which is not in the file.")
