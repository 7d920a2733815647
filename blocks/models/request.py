"""What is asked of a model, checked against its profile before anything is loaded or drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.errors import InputError
from blocks.models.profiles import Profile, Size

__all__ = ["HIGHEST_GUIDANCE", "LARGEST_SIDE", "LAST_SEED", "MOST_STEPS", "Request", "ask", "picture_size"]

_MOST_FACES = 16

MOST_STEPS = 500
LARGEST_SIDE = 4096
HIGHEST_GUIDANCE = 50.0
LAST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Request:
    """One picture, with nothing left open; fields are those of `blocks.generate.generate`.

    Attributes:
        image: the picture to start from, also where a reference is taken that way.
        references: pictures that are not started from.
    """

    prompt: str
    negative: str
    seed: int
    steps: int
    guidance: float
    sampler: str
    size: Size
    references: tuple[Path, ...]
    reference_scale: float
    identity: tuple[tuple[float, ...], ...]
    image: Path | None
    mask: Path | None
    strength: float
    control_image: Path | None
    control_scale: float


def ask(
    profile: Profile,
    *,
    prompt: str,
    negative: str,
    seed: int,
    steps: int,
    guidance: float | None,
    sampler: str,
    size: Size,
    references: Sequence[Path],
    reference_scale: float,
    identity: Sequence[float] | Sequence[Sequence[float]] | None,
    image: Path | None,
    mask: Path | None,
    strength: float,
    control_image: Path | None,
    control_scale: float,
) -> Request:
    """A request whose numbers are in range and whose parts go together; 0 and None become the profile's defaults.

    Raises:
        InputError: a value is out of range, or the model cannot do what is asked.
    """
    numbers = {
        "The seed": (seed, 0, LAST_SEED),
        "The number of steps": (steps, 0, MOST_STEPS),
        "Guidance": (profile.guidance_scale if guidance is None else guidance, 0, HIGHEST_GUIDANCE),
        "The references' weight": (reference_scale, 0, 2),
        "Strength": (strength, 0.01, 1),
        "The control picture's weight": (control_scale, 0, 2),
    }
    for name, (value, low, high) in numbers.items():
        if not math.isfinite(value) or not low <= value <= high:
            raise InputError(f"{name} is {value}; it goes from {low} to {high}.")
    request = Request(
        prompt,
        negative,
        int(seed),
        int(steps) or profile.steps,
        float(numbers["Guidance"][0]),
        sampler,
        size,
        tuple(references),
        float(reference_scale),
        _faces(identity),
        image,
        mask,
        float(strength),
        control_image,
        float(control_scale),
    )
    _check_together(profile, request)
    return request


def picture_size(asked: Size, profile: Profile, like: Size | None, factor: int) -> Size:
    """Width and height to draw.

    Args:
        asked: 0 for a side that is left open.
        like: of the picture that is started from, if there is one: its shape is taken where nothing is asked.
        factor: sides are multiples of it, for the model's autoencoder; the profile's multiple holds too.

    Raises:
        InputError: a side is too long, or no multiple.
    """
    multiple = math.lcm(profile.multiple, factor)
    width, height = asked
    if like is not None and not width and not height:
        shrink = min(1.0, math.sqrt(profile.size[0] * profile.size[1] / (like[0] * like[1])))
        width, height = (max(multiple, int(side * shrink) // multiple * multiple) for side in like)
    width, height = width or profile.size[0], height or profile.size[1]
    for name, side in (("width", width), ("height", height)):
        if not multiple <= side <= LARGEST_SIDE or side % multiple:
            raise InputError(
                f"The {name} is {side}; {profile.title} takes multiples of {multiple} up to {LARGEST_SIDE}, "
                f"such as {max(multiple, min(side, LARGEST_SIDE) // multiple * multiple)}."
            )
    return width, height


def _check_together(profile: Profile, request: Request) -> None:
    title = profile.title
    if request.mask and not request.image:
        raise InputError("A mask says which part of a picture is drawn anew; give the picture too.")
    if request.image and request.control_image:
        raise InputError("A picture to start from and a control picture do not go together; give one of them.")
    if request.image and not profile.start_pipeline:
        raise InputError(f"{title} does not start from a picture; give it as a reference instead.")
    if len(request.references) > max(profile.max_references, 0):
        takes = f"at most {profile.max_references}" if profile.max_references else "none"
        raise InputError(f"{title} takes {takes} of reference pictures, and {len(request.references)} are given.")
    if profile.needs_reference and not request.references:
        raise InputError(f"{title} edits pictures: give at least one reference.")
    if request.identity and "faceid" not in profile.references:
        raise InputError(f"{title} takes no face embedding; give the face as a reference picture.")
    if request.references == () or profile.references != ("start",):
        return
    if request.image:
        raise InputError(f"{title} starts from its reference; give a reference or a picture to start from, not both.")


def _faces(identity: Sequence[float] | Sequence[Sequence[float]] | None) -> tuple[tuple[float, ...], ...]:
    """One face embedding or several."""
    given: list[Any] = list(identity or ())
    several = given and all(isinstance(one, Sequence) and not isinstance(one, str) for one in given)
    if len(given) > _MOST_FACES and several:
        raise InputError(f"{len(given)} face embeddings are too many; give at most {_MOST_FACES}.")
    return tuple(_unit(one) for one in (given if several else [given] if given else []))


def _unit(numbers: Sequence[Any]) -> tuple[float, ...]:
    """A face embedding of length one, as recognisers give it normed."""
    if not numbers or not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
        raise InputError("The face embedding holds something that is no number; take it from a face that was found.")
    length = math.sqrt(math.fsum(n * n for n in numbers))
    if abs(length - 1) > 0.01:
        raise InputError(f"The face embedding has length {length:.3f} and must have 1; give the normed one.")
    return tuple(n / length for n in numbers)
