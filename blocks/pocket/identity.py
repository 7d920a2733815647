"""Who somebody is: the traits of a face that no look changes, drawn from a seed.

An identity is a word of a Reed-Solomon code: eleven traits of eleven levels each, of which six are free and five are
check digits. So any two seeds of the gallery give people who differ in at least six of the eleven traits, which is a
promise that sampling at random cannot make. (Reed and Solomon, "Polynomial codes over certain finite fields", 1960.)
Training, calibration and everybody else take disjoint ranges of the gallery.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from blocks.errors import UnknownName

__all__ = ["GALLERY", "LEVELS", "MINIMUM_DISTANCE", "TRAITS", "Identity", "Split", "distance", "identity"]

Split = Literal["training", "calibration", "open"]
Colour = tuple[int, int, int]

LEVELS = 11
FREE = 6
TRAITS = (
    "skin", "shape", "eye_colour", "eye_shape", "eye_place", "brows", "nose", "mouth", "beard", "marks", "glasses",
)  # fmt: skip
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


_SKIN: tuple[tuple[Colour, Colour], ...] = (
    ((255, 228, 210), (244, 148, 140)),
    ((250, 214, 186), (236, 132, 118)),
    ((244, 200, 160), (226, 118, 96)),
    ((232, 184, 148), (212, 104, 92)),
    ((226, 172, 116), (204, 106, 72)),
    ((206, 150, 104), (184, 88, 66)),
    ((186, 126, 84), (166, 76, 58)),
    ((160, 104, 70), (140, 60, 50)),
    ((134, 84, 58), (116, 46, 42)),
    ((108, 66, 48), (92, 34, 36)),
    ((84, 52, 42), (74, 26, 32)),
)
# Half width of the face, squareness of the jaw, width of the chin, size of the ears.
_SHAPE = (
    (0.72, 2.0, 0.16, 1.00),
    (0.82, 2.5, 0.26, 0.95),
    (0.66, 1.7, 0.10, 1.05),
    (0.78, 3.4, 0.34, 0.90),
    (0.70, 2.8, 0.24, 1.35),
    (0.86, 2.1, 0.20, 1.10),
    (0.76, 1.6, 0.08, 0.85),
    (0.64, 2.5, 0.22, 1.25),
    (0.74, 2.4, 0.36, 0.80),
    (0.81, 1.8, 0.13, 1.30),
    (0.88, 3.0, 0.30, 1.00),
)
_EYE_COLOUR: tuple[tuple[str, Colour], ...] = (
    ("blue", (46, 112, 208)),
    ("grey", (128, 140, 150)),
    ("green", (62, 150, 72)),
    ("hazel", (150, 128, 50)),
    ("brown", (122, 70, 32)),
    ("dark", (46, 30, 26)),
    ("amber", (214, 140, 30)),
    ("ice", (140, 200, 232)),
    ("teal", (22, 150, 150)),
    ("violet", (128, 78, 186)),
    ("rust", (170, 66, 34)),
)
# Half width and half height of the eye, tilt (outer corner up is positive).
_EYE_SHAPE = (
    (0.200, 0.150, 0.00),
    (0.230, 0.112, 0.10),
    (0.170, 0.165, 0.02),
    (0.235, 0.150, 0.05),
    (0.190, 0.100, 0.22),
    (0.215, 0.180, -0.04),
    (0.205, 0.120, -0.20),
    (0.165, 0.120, 0.08),
    (0.250, 0.125, 0.16),
    (0.180, 0.140, -0.14),
    (0.220, 0.165, 0.18),
)
# Distance of each eye from the middle, height of the eyes, brow above the eye.
_EYE_PLACE = (
    (0.340, 0.06, 0.28),
    (0.300, 0.02, 0.25),
    (0.385, 0.08, 0.30),
    (0.330, 0.14, 0.25),
    (0.370, 0.00, 0.24),
    (0.310, 0.10, 0.34),
    (0.395, 0.03, 0.33),
    (0.350, 0.12, 0.30),
    (0.320, -0.02, 0.30),
    (0.375, 0.13, 0.25),
    (0.355, 0.05, 0.36),
)
# Thickness and arch of the brows, and their colour (hair changes with the look, brows do not).
_BROWS: tuple[tuple[float, float, Colour], ...] = (
    (0.050, 0.05, (60, 38, 26)),
    (0.095, 0.03, (30, 24, 24)),
    (0.035, 0.09, (96, 62, 36)),
    (0.070, 0.10, (42, 30, 28)),
    (0.110, 0.07, (70, 46, 30)),
    (0.045, 0.00, (24, 20, 24)),
    (0.080, -0.02, (104, 70, 42)),
    (0.030, 0.04, (40, 28, 24)),
    (0.065, 0.02, (134, 96, 60)),
    (0.120, 0.01, (36, 28, 28)),
    (0.055, 0.12, (20, 16, 20)),
)
# Length, half width, reach out of the face.
_NOSE = (
    (0.30, 0.105, 0.17),
    (0.38, 0.130, 0.24),
    (0.24, 0.085, 0.14),
    (0.34, 0.170, 0.20),
    (0.42, 0.095, 0.28),
    (0.26, 0.140, 0.20),
    (0.32, 0.080, 0.23),
    (0.22, 0.115, 0.11),
    (0.40, 0.155, 0.30),
    (0.28, 0.160, 0.14),
    (0.36, 0.110, 0.17),
)
# Half width, fullness of the lips, height of the mouth, colour of the lips (mixed into the skin's own blush).
_MOUTH: tuple[tuple[float, float, float, Colour], ...] = (
    (0.235, 0.045, 0.60, (190, 84, 84)),
    (0.190, 0.075, 0.62, (206, 70, 90)),
    (0.280, 0.040, 0.60, (170, 84, 76)),
    (0.215, 0.095, 0.61, (176, 60, 66)),
    (0.265, 0.075, 0.63, (214, 92, 96)),
    (0.170, 0.050, 0.58, (186, 96, 92)),
    (0.300, 0.060, 0.61, (160, 64, 66)),
    (0.205, 0.030, 0.63, (150, 84, 74)),
    (0.250, 0.100, 0.60, (198, 58, 84)),
    (0.180, 0.085, 0.59, (160, 72, 84)),
    (0.240, 0.060, 0.65, (220, 110, 104)),
)
_BEARD: tuple[tuple[str, Colour], ...] = (
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("stubble", (44, 36, 36)),
    ("moustache", (52, 34, 26)),
    ("goatee", (40, 28, 24)),
    ("full", (62, 40, 30)),
    ("full", (158, 108, 66)),
)
# Side of the mole and its height, freckles, dimples, lines of age.
_MARKS: tuple[tuple[str, float, bool, bool, bool], ...] = (
    ("none", 0.0, False, False, False),
    ("left", 0.36, False, False, False),
    ("right", 0.36, False, False, False),
    ("left", 0.72, False, False, False),
    ("right", 0.72, False, False, False),
    ("none", 0.0, True, False, False),
    ("none", 0.0, False, True, False),
    ("none", 0.0, False, False, True),
    ("left", 0.50, True, False, False),
    ("right", 0.50, True, False, False),
    ("none", 0.0, True, True, False),
)
_GLASSES: tuple[tuple[str, Colour], ...] = (
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("none", (0, 0, 0)),
    ("round", (38, 34, 40)),
    ("square", (30, 28, 34)),
    ("round", (178, 60, 52)),
    ("square", (196, 150, 62)),
)


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
    level = dict(zip(TRAITS, levels, strict=True))
    skin, blush = _SKIN[level["skin"]]
    width, jaw, chin, ears = _SHAPE[level["shape"]]
    eye_name, eye_colour = _EYE_COLOUR[level["eye_colour"]]
    eye_width, eye_height, eye_tilt = _EYE_SHAPE[level["eye_shape"]]
    apart, eye_y, brow_height = _EYE_PLACE[level["eye_place"]]
    brow_thickness, brow_arch, brow_colour = _BROWS[level["brows"]]
    nose_length, nose_width, nose_reach = _NOSE[level["nose"]]
    mouth_width, lip, mouth_y, lip_colour = _MOUTH[level["mouth"]]
    beard, beard_colour = _BEARD[level["beard"]]
    mole, mole_y, freckles, dimples, lines = _MARKS[level["marks"]]
    glasses, glasses_colour = _GLASSES[level["glasses"]]
    return Identity(
        seed=seed,
        split=split,
        levels=levels,
        skin=skin,
        blush=blush,
        face_width=width,
        jaw=jaw,
        chin=chin,
        ears=ears,
        eye_name=eye_name,
        eye_colour=eye_colour,
        eye_width=eye_width,
        eye_height=eye_height,
        eye_tilt=eye_tilt,
        eye_apart=apart * (0.55 + 0.45 * width / 0.76),
        eye_y=eye_y,
        brow_height=brow_height,
        brow_thickness=brow_thickness,
        brow_arch=brow_arch,
        brow_colour=brow_colour,
        nose_length=nose_length,
        nose_width=nose_width,
        nose_reach=nose_reach,
        mouth_width=mouth_width,
        lip=lip,
        lip_colour=_mix(lip_colour, blush, 0.45),
        mouth_y=mouth_y,
        beard=beard,
        beard_colour=beard_colour,
        mole=mole,
        mole_y=mole_y,
        freckles=freckles,
        dimples=dimples,
        lines=lines,
        glasses=glasses,
        glasses_colour=glasses_colour,
    )
