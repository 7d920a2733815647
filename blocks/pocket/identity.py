"""Who somebody is: the traits of a face that no look changes, drawn from a seed.

An identity is a word of a Reed-Solomon code: eleven traits of eleven levels each, of which six are free and five are
check digits. So any two seeds of the gallery give people who differ in at least six of the eleven traits, which is a
promise that sampling at random cannot make. (Reed and Solomon, "Polynomial codes over certain finite fields", 1960.)
Most people have no beard and no glasses: those two traits have several levels that look the same, so of the six at
least four can be seen.
Training, calibration and everybody else take disjoint ranges of the gallery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from blocks.errors import UnknownName
from blocks.pocket.traits import LEVELS, TRAITS, Colour

__all__ = ["GALLERY", "LEVELS", "MINIMUM_DISTANCE", "TRAITS", "Identity", "Split", "distance", "identity"]

Split = Literal["training", "calibration", "open"]
FREE = 6
MINIMUM_DISTANCE = len(TRAITS) - FREE + 1
GALLERY = LEVELS**FREE
_RANGES: dict[str, tuple[int, int]] = {
    "training": (0, 600_000),
    "calibration": (600_000, 700_000),
    "open": (700_000, GALLERY),
}
_SCATTER = 982_451_653  # coprime to eleven: neighbouring seeds do not look alike


@dataclass(frozen=True)
class Identity:
    """The eleven traits in the measures the renderer uses.

    Lengths are in half heads (skull to chin is 2), angles in radians, colours 8-bit RGB. Left and right are the
    picture's, seen from the front.

    Attributes:
        seed: the number this person was drawn from, within ``split``.
        levels: level 0 to 10 of each of TRAITS.
        mole: side of the mole, ``left``, ``right`` or ``none``.
        beard: ``none``, ``stubble``, ``moustache``, ``goatee`` or ``full``.
        glasses: ``none``, ``round`` or ``square``.
    """

    seed: int
    split: str
    levels: tuple[int, ...]
    skin: Colour
    blush: Colour
    face_width: float
    jaw: float
    chin: float
    ears: float
    eye_name: str
    eye_colour: Colour
    eye_width: float
    eye_height: float
    eye_tilt: float
    eye_apart: float
    eye_y: float
    brow_height: float
    brow_thickness: float
    brow_arch: float
    brow_colour: Colour
    nose_length: float
    nose_width: float
    nose_reach: float
    mouth_width: float
    lip: float
    lip_colour: Colour
    mouth_y: float
    beard: str
    beard_colour: Colour
    mole: str
    mole_y: float
    freckles: bool
    dimples: bool
    lines: bool
    glasses: str
    glasses_colour: Colour


def identity(seed: int, split: Split = "open") -> Identity:
    """The person of a seed; the same seed is always the same person.

    Args:
        seed: any whole number; within a split it counts modulo the split's size, which is above 99,999 everywhere.
        split: ``open`` for people nobody was trained on (the default), ``training`` or ``calibration`` for scripts.

    Raises:
        UnknownName: there is no such split.
    """
    if split not in _RANGES:
        raise UnknownName(f"There is no gallery called {split!r}. Choose one of {', '.join(_RANGES)}.")
    first, last = _RANGES[split]
    place = first + seed % (last - first)
    return _from_levels(seed, split, _codeword(place * _SCATTER % GALLERY))


def distance(one: Identity, other: Identity) -> int:
    """Number of traits, 0 to 11, in which two people differ; MINIMUM_DISTANCE or more for two of the gallery."""
    return sum(a != b for a, b in zip(one.levels, other.levels, strict=True))


def _codeword(message: int) -> tuple[int, ...]:
    """The message's six base-11 digits as a polynomial, evaluated at every point of the field of eleven."""
    digits = [message // LEVELS**power % LEVELS for power in range(FREE)]
    return tuple(
        sum(digit * point**power for power, digit in enumerate(digits)) % LEVELS for point in range(len(TRAITS))
    )


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _from_levels(seed: int, split: str, levels: tuple[int, ...]) -> Identity:
    traits: dict[str, Any] = {}
    for table, level in zip(TRAITS.values(), levels, strict=True):
        traits |= table[level]._asdict()
    # Eyes stand wider in a wider face, and lips take on some of the skin's own colour.
    traits["eye_apart"] *= 0.55 + 0.45 * traits["face_width"] / 0.76
    traits["lip_colour"] = _mix(traits["lip_colour"], traits["blush"], 0.45)
    return Identity(seed=seed, split=split, levels=levels, **traits)
