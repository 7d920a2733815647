"""A picture that was drawn becomes a take: its making is written into its file, and all that is known put together.

A step whose output is called ``take`` leaves one in the lab's ledger (docs/own_chain.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.provenance import stamp_picture

__all__ = ["Finished", "finish_take"]

_SOURCE = "trainedAlgorithmicMedia"  # IPTC's code for what a trained model made
_NOT_WRITTEN = frozenset({"notes", "sent", "tokens"})
_LONGEST_PROMPT = 4000


class Finished(NamedTuple):
    """A take, and its picture with the recipe in it."""

    take: dict[str, Any]
    picture: Path


@block(version="1")
def finish_take(
    picture: Path,
    facts: dict[str, Any],
    score: dict[str, Any] | None = None,
    about: dict[str, Any] | None = None,
    label: str = "",
    *,
    recipe: dict[str, Any],
    scratch: Path,
) -> Finished:
    """Write the recipe, the model's digest and the settings into a picture, and put a take together.

    Args:
        picture: PNG, JPEG or WebP, as `blocks.generate.generate` draws it, with the facts it gives.
        score: as `blocks.scores` gives it; None where nobody was expected in the picture.
        about: of a try of the quality loop, what `blocks.quality` says of it: attempt, what was changed, and why.
        label: what a person should read beside it.

    Raises:
        InputError, UnreadableFile: the file holds no recipe, or is damaged.
    """
    settings = {name: value for name, value in facts.items() if name not in _NOT_WRITTEN}
    told = {"system": facts.get("model"), "version": facts.get("digest"), "prompt": _prompt(facts)}
    ai = {name: text for name, text in told.items() if text} | {"source_type": _SOURCE}
    whole = dict(recipe) | {"settings": settings | _parameters(about), "ai": ai}
    path = scratch / f"{picture.stem}{picture.suffix}"
    try:
        stamp_picture(picture, path, whole)
    except InputError:  # too long for a file: the steps by their keys, which the lab knows them by
        stamp_picture(picture, path, whole | {"steps": [_in_short(step) for step in whole.get("steps", ())]})
    take = {
        "picture": path,
        "facts": facts,
        "settings": _parameters(about),
        "score": score,
        "attempt": int((about or {}).get("attempt", 1)),
        "label": label,
    }
    return Finished(take, path)


def _parameters(about: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (about or {}).items() if name != "asked"}


def _prompt(facts: Mapping[str, Any]) -> str:
    return str(facts.get("prompt") or "")[:_LONGEST_PROMPT]


def _in_short(step: Mapping[str, Any]) -> dict[str, Any]:
    return {name: step[name] for name in ("step", "block", "version", "key") if name in step}
