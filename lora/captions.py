"""A caption for every picture of a dataset: the trigger word first, then what changes from picture to picture.

What a caption names stays free to change when the LoRA is used; what it leaves out goes into the trigger word. So the
words for who somebody is (beard, glasses, skin, eyes) are dropped, and those for hair, clothes, expression, view, light
and place stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "IDENTITY",
    "LONGEST",
    "caption_of",
    "check_trigger",
    "first_trigger",
    "look_of",
    "without_identity",
    "without_trigger",
]

LONGEST = 1000
"""Characters of a caption."""

IDENTITY = frozenset(
    {
        "age",
        "aged",
        "beard",
        "bearded",
        "birthmark",
        "brow",
        "brows",
        "cheekbones",
        "chin",
        "dimples",
        "ears",
        "ethnicity",
    }
    | {
        "eye",
        "eyebrows",
        "eyed",
        "eyes",
        "face",
        "faced",
        "freckled",
        "freckles",
        "glasses",
        "goatee",
        "jaw",
        "jawline",
    }
    | {
        "lips",
        "mole",
        "moustache",
        "mustache",
        "nose",
        "skin",
        "skinned",
        "spectacles",
        "stubble",
        "wrinkles",
        "young",
        "old",
    }
)
"""Words for what no picture of the same person changes; a phrase between commas with one of them is dropped."""

_KEPT_KEYS = ("hair", "hair_colour", "outfit", "outfit_colour", "expression", "view", "lighting", "background", "pose")
_TRIGGER = re.compile(r"[a-z][a-z0-9]{1,15}")


def check_trigger(word: str) -> str:
    """A trigger word as it is written into captions: one word, small letters and digits.

    Raises:
        InputError: it is not.
    """
    word = word.strip().lower()
    if not _TRIGGER.fullmatch(word):
        raise InputError(
            f"{word!r} is no trigger word; give one of 2 to 16 letters and digits that means nothing else, as 'mira7'."
        )
    return word


def first_trigger(name: str) -> str:
    """A trigger word for a character's name: its letters without vowels, and a number, which no other word is."""
    letters = re.sub(r"[^a-z]", "", name.lower())
    short = (re.sub(r"[aeiou]", "", letters) or letters or "ch")[:6]
    return f"{short if len(short) > 1 else short + 'x'}7"


def caption_of(about: Mapping[str, Any], trigger: str, kind: str = "") -> str:
    """The caption of one picture.

    Args:
        about: what is known of it: ``caption`` (words of its own) or ``prompt``, and keys of a look
            (hair, hair_colour, outfit, outfit_colour, expression, view, lighting, background, pose).
        kind: what the character is, as in "woman"; "" to leave it to the trigger word.
    """
    said = str(about.get("caption") or about.get("prompt") or "")
    words = without_identity(said, trigger) if said else _look_words(about)
    return ", ".join(part for part in (trigger, kind.strip(), words) if part)[:LONGEST]


def look_of(picture: Image.Image) -> dict[str, str]:
    """What a picture of the lab's own renderer or generator shows, by keys of a look; {} where nobody can tell."""
    from blocks.errors import NotAvailable
    from blocks.pocket.reader import read_look

    try:
        [found] = read_look([np.asarray(picture.convert("RGB"))])
    except NotAvailable:
        return {}
    return {key: found[key][0] for key in _KEPT_KEYS if key in found} | {"pose": "bust"}


def without_identity(text: str, trigger: str = "") -> str:
    """A caption without the phrases that say who it is, and without the trigger word itself."""
    phrases = [phrase.strip() for phrase in re.split(r"[,;\n]", text)]
    return ", ".join(
        phrase for phrase in phrases if phrase and phrase.lower() != trigger and not IDENTITY & _words(phrase)
    )


def without_trigger(caption: str, trigger: str) -> str:
    """A caption as it would be said of anybody."""
    return ", ".join(phrase for phrase in caption.split(", ") if phrase != trigger)


def _words(phrase: str) -> set[str]:
    return set(re.findall(r"[a-z]+", phrase.lower()))


def _look_words(about: Mapping[str, Any]) -> str:
    """In the order in which the lab speaks of looks: its own words for keys that it knows, else the values."""
    from blocks.errors import UnknownName
    from blocks.pocket.captions import caption
    from blocks.pocket.look import Look

    known = {key: str(about[key]) for key in _KEPT_KEYS if about.get(key)}
    try:
        return caption(Look(**known)) if len(known) == len(_KEPT_KEYS) else _spoken(known.values())
    except UnknownName:
        return _spoken(known.values())


def _spoken(values: Iterable[str]) -> str:
    return ", ".join(value.replace("_", " ") for value in values)
