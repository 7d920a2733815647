"""What changes from picture to picture: hair, outfit, expression, view, lighting, background, pose.

Keys are stable: they name cells of the standard set and are stored with results.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from blocks.errors import UnknownName

__all__ = [
    "BACKGROUNDS",
    "EXPRESSIONS",
    "HAIR_COLOURS",
    "HAIR_STYLES",
    "LIGHTINGS",
    "OUTFITS",
    "OUTFIT_COLOURS",
    "POSES",
    "VIEWS",
    "YAW",
    "Colour",
    "Look",
    "random_look",
]

Colour = tuple[int, int, int]

HAIR_STYLES = ("buzz", "short", "spiky", "curly", "bob", "long", "wavy", "ponytail", "bun", "braids", "mohawk")
HAIR_COLOURS: dict[str, Colour] = {
    "black": (44, 40, 48),
    "brown": (112, 70, 42),
    "blonde": (238, 200, 104),
    "red": (190, 66, 32),
    "white": (232, 232, 236),
    "blue": (48, 96, 214),
    "pink": (244, 122, 176),
    "green": (52, 156, 84),
    "purple": (126, 66, 178),
    "teal": (38, 170, 176),
}
OUTFITS = ("t-shirt", "shirt", "hoodie", "coat", "suit", "sweater", "dress", "overalls")
OUTFIT_COLOURS: dict[str, Colour] = {
    "red": (208, 50, 48),
    "blue": (48, 92, 190),
    "green": (56, 140, 80),
    "yellow": (242, 196, 60),
    "black": (50, 50, 58),
    "white": (238, 238, 234),
    "purple": (120, 72, 166),
    "orange": (236, 128, 44),
    "pink": (240, 140, 178),
    "brown": (128, 86, 56),
}
EXPRESSIONS = (
    "neutral",
    "angry",
    "happy",
    "surprised",
    "sleepy",
    "suspicious",
    "excited",
    "scarred",
    "sad",
    "fearful",
    "disgusted",
)
YAW: dict[str, float] = {
    "front": 0.0,
    "half_left": -38.0,
    "half_right": 38.0,
    "side_left": -76.0,
    "side_right": 76.0,
    "back": 180.0,
}
VIEWS = tuple(YAW)
LIGHTINGS = (
    "photostudio",
    "sunny_day",
    "evening",
    "night",
    "office",
    "dimmed_warm",
    "rembrandt",
    "noir",
    "backlight",
)
BACKGROUNDS = ("studio", "street", "night_street", "park", "beach", "office", "mountains", "library")
POSES = ("bust", "upper_body", "standing", "walking", "sitting")

_CHOICES: dict[str, tuple[str, ...]] = {
    "hair": HAIR_STYLES,
    "hair_colour": tuple(HAIR_COLOURS),
    "outfit": OUTFITS,
    "outfit_colour": tuple(OUTFIT_COLOURS),
    "expression": EXPRESSIONS,
    "view": VIEWS,
    "lighting": LIGHTINGS,
    "background": BACKGROUNDS,
    "pose": POSES,
}


@dataclass(frozen=True)
class Look:
    """One look. ``base`` is another word for the expression ``neutral``. ``back`` is the one view without a face.

    Raises:
        UnknownName: a key is not one of those the renderer draws; the message lists them.
    """

    hair: str = "short"
    hair_colour: str = "brown"
    outfit: str = "t-shirt"
    outfit_colour: str = "blue"
    expression: str = "neutral"
    view: str = "front"
    lighting: str = "photostudio"
    background: str = "studio"
    pose: str = "bust"

    def __post_init__(self) -> None:
        if self.expression == "base":
            object.__setattr__(self, "expression", "neutral")
        for field in fields(self):
            value = getattr(self, field.name)
            if value not in _CHOICES[field.name]:
                known = ", ".join(_CHOICES[field.name])
                raise UnknownName(f"There is no {field.name.replace('_', ' ')} {value!r}. Choose one of {known}.")

    def but(self, **changes: str) -> Look:
        """The same look with some keys changed."""
        return replace(self, **changes)


def random_look(random: np.random.Generator, **fixed: str) -> Look:
    """A look at random, each key equally likely; the view shows a face. Keys in ``fixed`` are kept as given."""
    drawn = {
        name: fixed.get(name, choices[int(random.integers(len(choices)))])
        for name, choices in (_CHOICES | {"view": VIEWS[:5], "pose": ("bust",)}).items()
    }
    return Look(**drawn)
