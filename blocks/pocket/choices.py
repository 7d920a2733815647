"""What can be read from a picture of a pocket person: the looks, and what is visible of the identity."""

from __future__ import annotations

from blocks.pocket.look import (
    BACKGROUNDS,
    EXPRESSIONS,
    HAIR_COLOURS,
    HAIR_STYLES,
    LIGHTINGS,
    OUTFIT_COLOURS,
    OUTFITS,
    VIEWS,
)

__all__ = ["CHOICES", "OF_LOOK", "OF_PERSON"]

OF_LOOK: dict[str, tuple[str, ...]] = {
    "hair": HAIR_STYLES,
    "hair_colour": tuple(HAIR_COLOURS),
    "outfit": OUTFITS,
    "outfit_colour": tuple(OUTFIT_COLOURS),
    "expression": EXPRESSIONS,
    "view": VIEWS[:5],
    "lighting": LIGHTINGS,
    "background": BACKGROUNDS,
}
_EYES = ("blue", "grey", "green", "hazel", "brown", "dark", "amber", "ice", "teal", "violet", "rust")
OF_PERSON: dict[str, tuple[str, ...]] = {
    "mole": ("none", "left", "right"),
    "glasses": ("none", "round", "square"),
    "beard": ("none", "stubble", "moustache", "goatee", "full"),
    "eye_name": _EYES,
}
CHOICES = OF_LOOK | OF_PERSON
