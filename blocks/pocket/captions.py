"""Words for a look and a look from words: the vocabulary in which the pocket generator is spoken to."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from blocks.pocket.look import BACKGROUNDS, EXPRESSIONS, HAIR_COLOURS, LIGHTINGS, OUTFIT_COLOURS, OUTFITS, POSES, Look

__all__ = ["VOCABULARY", "Reading", "caption", "read_prompt", "unknown_words", "varied_caption"]

_HAIR = {
    "buzz": "buzz cut {} hair",
    "short": "short {} hair",
    "spiky": "spiky {} hair",
    "curly": "curly {} hair",
    "bob": "{} bob",
    "long": "long {} hair",
    "wavy": "wavy {} hair",
    "ponytail": "{} ponytail",
    "bun": "{} bun",
    "braids": "{} braids",
    "mohawk": "{} mohawk",
}
_VIEW = {
    "front": "front view",
    "half_left": "half left",
    "half_right": "half right",
    "side_left": "side left",
    "side_right": "side right",
    "back": "back view",
}
# Other words a person may use, and the key they stand for.
_ALSO: dict[str, tuple[str, str]] = {
    "base": ("expression", "neutral"),
    "calm": ("expression", "neutral"),
    "smiling": ("expression", "happy"),
    "furious": ("expression", "angry"),
    "crying": ("expression", "sad"),
    "scared": ("expression", "fearful"),
    "afraid": ("expression", "fearful"),
    "shocked": ("expression", "surprised"),
    "tired": ("expression", "sleepy"),
    "scar": ("expression", "scarred"),
    "profile": ("view", "side_right"),
    "jacket": ("outfit", "coat"),
    "tshirt": ("outfit", "t-shirt"),
    "pullover": ("outfit", "sweater"),
    "afro": ("hair", "curly"),
    "braided": ("hair", "braids"),
    "seaside": ("background", "beach"),
    "forest": ("background", "park"),
    "books": ("background", "library"),
    "portrait": ("pose", "bust"),
    "ginger": ("hair_colour", "red"),
    "blond": ("hair_colour", "blonde"),
    "grey": ("hair_colour", "white"),
    "sunny": ("lighting", "sunny_day"),
    "sunset": ("lighting", "evening"),
}
_WORN = ("hair", "hair_colour", "outfit")  # these stand beside a colour, so their other words are replaced first
_FILLER = frozenset(
    {"a", "an", "and", "at", "background", "by", "character", "from", "in", "light", "lighting", "looking", "looks"}
    | {"of", "on", "person", "photo", "picture", "the", "to", "wearing", "wears", "with"}
)


def _spoken(key: str) -> str:
    return key.replace("_", " ")


def _light_words(lighting: str) -> str:
    return lighting if lighting == "backlight" else f"{_spoken(lighting)} light"


def _phrases(look: Look) -> list[str]:
    return [
        _HAIR[look.hair].format(look.hair_colour),
        f"{look.outfit_colour} {look.outfit}",
        look.expression,
        _VIEW[look.view],
        _spoken(look.background),
        "" if look.lighting == "photostudio" else _light_words(look.lighting),
        "" if look.pose == "bust" else _spoken(look.pose),
    ]


def caption(look: Look) -> str:
    """The look in words, in a fixed order: "short blue hair, red coat, happy, side left, night street"."""
    return ", ".join(phrase for phrase in _phrases(look) if phrase)


def varied_caption(look: Look, random: np.random.Generator, drop: float = 0.1) -> str:
    """The same in any order, now and then leaving something out, as people write."""
    phrases = [phrase for phrase in _phrases(look) if phrase and random.random() >= drop]
    if random.random() < 0.5:
        phrases = [phrases[place] for place in random.permutation(len(phrases))]
    return ", ".join(phrases)


def _grammar() -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Phrases, longest first, and the keys they set."""
    rules: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    for hair, words in _HAIR.items():
        plain = words.replace(" hair", "")
        for colour in HAIR_COLOURS:
            both = (("hair", hair), ("hair_colour", colour))
            styled = [plain.format(colour), f"{hair} {colour} hair", f"{colour} {hair}", f"{colour} {hair} hair"]
            rules += [(text, both) for text in {words.format(colour), *styled}]
        rules += [(plain.format("").strip(), (("hair", hair),)), (hair, (("hair", hair),))]
    rules += [(f"{colour} hair", (("hair_colour", colour),)) for colour in HAIR_COLOURS]
    for outfit in OUTFITS:
        rules += [(f"{colour} {outfit}", (("outfit", outfit), ("outfit_colour", colour))) for colour in OUTFIT_COLOURS]
        rules.append((outfit, (("outfit", outfit),)))
    rules += [(name, (("expression", name),)) for name in EXPRESSIONS]
    rules += [(spoken, (("view", view),)) for view, spoken in _VIEW.items()] + [("front", (("view", "front"),))]
    # "office" alone is the place; of the light it is said in full.
    plain_lights = [key for key in LIGHTINGS if key not in BACKGROUNDS]
    for name, keys in (("lighting", plain_lights), ("background", BACKGROUNDS), ("pose", POSES)):
        rules += [(_spoken(key), ((name, key),)) for key in keys]
    rules += [(_light_words(key), (("lighting", key),)) for key in LIGHTINGS]
    rules += [(word, (meaning,)) for word, meaning in _ALSO.items() if meaning[0] not in _WORN]
    return sorted(rules, key=lambda rule: -len(rule[0].split()))


_RULES = _grammar()
VOCABULARY: frozenset[str] = frozenset(word for text, _ in _RULES for word in text.split()) | _FILLER | set(_ALSO)


@dataclass(frozen=True)
class Reading:
    """What was understood of a prompt: keys of a Look that it sets, and the words that mean nothing here."""

    keys: dict[str, str]
    unknown: tuple[str, ...]

    def look(self, base: Look | None = None) -> Look:
        """A look with what the prompt says; everything else as in ``base``."""
        return (base or Look()).but(**self.keys)


def _words(prompt: str) -> list[str]:
    return re.findall(r"[a-z0-9'-]+", prompt.lower().replace("_", " ").replace("t shirt", "t-shirt"))


def unknown_words(prompt: str) -> tuple[str, ...]:
    """Words of the prompt outside the vocabulary, in their order, each once."""
    return tuple(dict.fromkeys(word for word in _words(prompt) if word not in VOCABULARY))


def read_prompt(prompt: str) -> Reading:
    """Find the longest known phrases of a prompt, from left to right; of two that disagree the first counts."""
    words = [_ALSO[word][1] if _ALSO.get(word, ("", ""))[0] in _WORN else word for word in _words(prompt)]
    keys: dict[str, str] = {}
    place = 0
    while place < len(words):
        for text, meaning in _RULES:
            size = len(text.split())
            if " ".join(words[place : place + size]) == text:
                keys = dict(meaning) | keys
                place += size
                break
        else:
            place += 1
    return Reading(keys, unknown_words(prompt))
