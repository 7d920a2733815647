"""The eleven levels of each of the eleven traits that make an identity.

Lengths are in half heads (skull to chin is 2), angles in radians, colours 8-bit RGB.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEVELS", "TRAITS", "Colour"]

Colour = tuple[int, int, int]
LEVELS = 11


class Skin(NamedTuple):
    """Colour of the skin, and of what is warmer in it."""

    skin: Colour
    blush: Colour


_SKIN = (
    Skin((255, 228, 210), (244, 148, 140)),
    Skin((250, 214, 186), (236, 132, 118)),
    Skin((244, 200, 160), (226, 118, 96)),
    Skin((232, 184, 148), (212, 104, 92)),
    Skin((226, 172, 116), (204, 106, 72)),
    Skin((206, 150, 104), (184, 88, 66)),
    Skin((186, 126, 84), (166, 76, 58)),
    Skin((160, 104, 70), (140, 60, 50)),
    Skin((134, 84, 58), (116, 46, 42)),
    Skin((108, 66, 48), (92, 34, 36)),
    Skin((84, 52, 42), (74, 26, 32)),
)


class Shape(NamedTuple):
    """The outline of the face."""

    face_width: float  # half
    jaw: float  # squareness
    chin: float  # half width
    ears: float  # size


_SHAPE = (
    Shape(0.72, 2.0, 0.16, 1.00),
    Shape(0.82, 2.5, 0.26, 0.95),
    Shape(0.66, 1.7, 0.10, 1.05),
    Shape(0.78, 3.4, 0.34, 0.90),
    Shape(0.70, 2.8, 0.24, 1.35),
    Shape(0.86, 2.1, 0.20, 1.10),
    Shape(0.76, 1.6, 0.08, 0.85),
    Shape(0.64, 2.5, 0.22, 1.25),
    Shape(0.74, 2.4, 0.36, 0.80),
    Shape(0.81, 1.8, 0.13, 1.30),
    Shape(0.88, 3.0, 0.30, 1.00),
)


class EyeColour(NamedTuple):
    """The colour of the eyes and its name."""

    eye_name: str
    eye_colour: Colour


_EYE_COLOUR = (
    EyeColour("blue", (46, 112, 208)),
    EyeColour("grey", (128, 140, 150)),
    EyeColour("green", (62, 150, 72)),
    EyeColour("hazel", (150, 128, 50)),
    EyeColour("brown", (122, 70, 32)),
    EyeColour("dark", (46, 30, 26)),
    EyeColour("amber", (214, 140, 30)),
    EyeColour("ice", (140, 200, 232)),
    EyeColour("teal", (22, 150, 150)),
    EyeColour("violet", (128, 78, 186)),
    EyeColour("rust", (170, 66, 34)),
)


class EyeShape(NamedTuple):
    """The cut of the eyes."""

    eye_width: float  # half
    eye_height: float  # half
    eye_tilt: float  # outer corner up is positive


_EYE_SHAPE = (
    EyeShape(0.200, 0.150, 0.00),
    EyeShape(0.230, 0.112, 0.10),
    EyeShape(0.170, 0.165, 0.02),
    EyeShape(0.235, 0.150, 0.05),
    EyeShape(0.190, 0.100, 0.22),
    EyeShape(0.215, 0.180, -0.04),
    EyeShape(0.205, 0.120, -0.20),
    EyeShape(0.165, 0.120, 0.08),
    EyeShape(0.250, 0.125, 0.16),
    EyeShape(0.180, 0.140, -0.14),
    EyeShape(0.220, 0.165, 0.18),
)


class EyePlace(NamedTuple):
    """Where the eyes are."""

    eye_apart: float  # each from the middle, in a face of common width
    eye_y: float
    brow_height: float  # above the eye


_EYE_PLACE = (
    EyePlace(0.340, 0.06, 0.28),
    EyePlace(0.300, 0.02, 0.25),
    EyePlace(0.385, 0.08, 0.30),
    EyePlace(0.330, 0.14, 0.25),
    EyePlace(0.370, 0.00, 0.24),
    EyePlace(0.310, 0.10, 0.34),
    EyePlace(0.395, 0.03, 0.33),
    EyePlace(0.350, 0.12, 0.30),
    EyePlace(0.320, -0.02, 0.30),
    EyePlace(0.375, 0.13, 0.25),
    EyePlace(0.355, 0.05, 0.36),
)


class Brows(NamedTuple):
    """The brows; hair changes with the look, they do not."""

    brow_thickness: float
    brow_arch: float
    brow_colour: Colour


_BROWS = (
    Brows(0.050, 0.05, (60, 38, 26)),
    Brows(0.095, 0.03, (30, 24, 24)),
    Brows(0.035, 0.09, (96, 62, 36)),
    Brows(0.070, 0.10, (42, 30, 28)),
    Brows(0.110, 0.07, (70, 46, 30)),
    Brows(0.045, 0.00, (24, 20, 24)),
    Brows(0.080, -0.02, (104, 70, 42)),
    Brows(0.030, 0.04, (40, 28, 24)),
    Brows(0.065, 0.02, (134, 96, 60)),
    Brows(0.120, 0.01, (36, 28, 28)),
    Brows(0.055, 0.12, (20, 16, 20)),
)


class Nose(NamedTuple):
    """The nose."""

    nose_length: float
    nose_width: float  # half
    nose_reach: float  # out of the face


_NOSE = (
    Nose(0.30, 0.105, 0.17),
    Nose(0.38, 0.130, 0.24),
    Nose(0.24, 0.085, 0.14),
    Nose(0.34, 0.170, 0.20),
    Nose(0.42, 0.095, 0.28),
    Nose(0.26, 0.140, 0.20),
    Nose(0.32, 0.080, 0.23),
    Nose(0.22, 0.115, 0.11),
    Nose(0.40, 0.155, 0.30),
    Nose(0.28, 0.160, 0.14),
    Nose(0.36, 0.110, 0.17),
)


class Mouth(NamedTuple):
    """The mouth."""

    mouth_width: float  # half
    lip: float  # fullness
    mouth_y: float
    lip_colour: Colour  # before it is mixed into the blush of the skin


_MOUTH = (
    Mouth(0.235, 0.045, 0.60, (190, 84, 84)),
    Mouth(0.190, 0.075, 0.62, (206, 70, 90)),
    Mouth(0.280, 0.040, 0.60, (170, 84, 76)),
    Mouth(0.215, 0.095, 0.61, (176, 60, 66)),
    Mouth(0.265, 0.075, 0.63, (214, 92, 96)),
    Mouth(0.170, 0.050, 0.58, (186, 96, 92)),
    Mouth(0.300, 0.060, 0.61, (160, 64, 66)),
    Mouth(0.205, 0.030, 0.63, (150, 84, 74)),
    Mouth(0.250, 0.100, 0.60, (198, 58, 84)),
    Mouth(0.180, 0.085, 0.59, (160, 72, 84)),
    Mouth(0.240, 0.060, 0.65, (220, 110, 104)),
)


class Beard(NamedTuple):
    """The beard, or none."""

    beard: str
    beard_colour: Colour


_BEARD = (
    Beard("none", (0, 0, 0)),
    Beard("none", (0, 0, 0)),
    Beard("none", (0, 0, 0)),
    Beard("none", (0, 0, 0)),
    Beard("none", (0, 0, 0)),
    Beard("none", (0, 0, 0)),
    Beard("stubble", (44, 36, 36)),
    Beard("moustache", (52, 34, 26)),
    Beard("goatee", (40, 28, 24)),
    Beard("full", (62, 40, 30)),
    Beard("full", (158, 108, 66)),
)


class Marks(NamedTuple):
    """What the skin carries."""

    mole: str  # its side
    mole_y: float
    freckles: bool
    dimples: bool
    lines: bool  # of age


_MARKS = (
    Marks("none", 0.0, False, False, False),
    Marks("left", 0.36, False, False, False),
    Marks("right", 0.36, False, False, False),
    Marks("left", 0.72, False, False, False),
    Marks("right", 0.72, False, False, False),
    Marks("none", 0.0, True, False, False),
    Marks("none", 0.0, False, True, False),
    Marks("none", 0.0, False, False, True),
    Marks("left", 0.50, True, False, False),
    Marks("right", 0.50, True, False, False),
    Marks("none", 0.0, True, True, False),
)


class Glasses(NamedTuple):
    """The glasses, or none."""

    glasses: str
    glasses_colour: Colour


_GLASSES = (
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("none", (0, 0, 0)),
    Glasses("round", (38, 34, 40)),
    Glasses("square", (30, 28, 34)),
    Glasses("round", (178, 60, 52)),
    Glasses("square", (196, 150, 62)),
)


TRAITS: dict[str, tuple[NamedTuple, ...]] = {
    "skin": _SKIN,
    "shape": _SHAPE,
    "eye_colour": _EYE_COLOUR,
    "eye_shape": _EYE_SHAPE,
    "eye_place": _EYE_PLACE,
    "brows": _BROWS,
    "nose": _NOSE,
    "mouth": _MOUTH,
    "beard": _BEARD,
    "marks": _MARKS,
    "glasses": _GLASSES,
}
