"""The quality loop: what the first try is drawn with, what a failed one changes for the next, and which one is best.

A try says all about itself in ``about``, plain JSON that goes into its take: ``attempt``, ``seed``,
``reference_scale``, ``view``, ``members`` (of the reference set, by number; empty for all), ``way``, ``changed`` and
``why``. What was asked for stands under ``asked``, so that a later try can go back to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError, Skipped

__all__ = ["CONSISTENCY", "CREATIVE", "MODES", "MOST_TRIES", "Try", "first_try", "next_try"]

CONSISTENCY = "consistency_priority"
CREATIVE = "creative_exploration"
MODES = (CONSISTENCY, CREATIVE)

MOST_TRIES = 5
"""Tries of a picture that a chain has room for."""

_SEEDS = 2**63
_STRIDE = 1_000_003
"""Between the seeds of two tries, so that they never are those of the next picture of a batch."""
_HIGHEST = 1.4
"""Beyond it, references drown the prompt and pictures fall apart."""
_RAISE = 0.2
_NEAR = 0.5
"""A calibrated score from which it is as likely as not the same person: then another seed is worth more than weight."""

_VIEWS = {
    "front": ("front view", "facing"),
    "half_left": ("half left", "three-quarter left"),
    "half_right": ("half right", "three-quarter right"),
    "side_left": ("side left", "left profile"),
    "side_right": ("side right", "right profile", "profile"),
    "back": ("back view", "from behind"),
}
_VARIED = (
    ("light", ("evening light", "rembrandt light", "photostudio light", "backlight")),
    ("view", ("half left", "half right", "front view")),
)
"""What creative tries add to a prompt that says nothing of it."""
_SCALES = (0.0, -0.15, 0.15, -0.3, 0.3)


class Try(NamedTuple):
    """What one try is drawn with (arguments of `generate`), whether it is to show a face, and all about it."""

    prompt: str
    seed: int
    reference_scale: float
    identity: list[float] | None
    pictures: list[Path] | None
    applicable: bool
    about: dict[str, Any]


@block(version="1")
def first_try(
    references: dict[str, Any],
    pictures: Sequence[Path],
    prompt: str = "",
    seed: int = 0,
    reference_scale: float = 0.8,
    way: str = "faceid",
    most: int = 8,
    domain: str = "",
    mode: str = CONSISTENCY,
) -> Try:
    """The first try: what was asked for, with references in the way that the model takes them.

    Args:
        references: a reference set (see `blocks.scores.references`).
        pictures: of its members, in their order.
        way: see `blocks.models.profiles.Reference`; "" for a model that takes none.
        most: pictures that the model takes at once.
        domain: of the faces that a FaceID adapter was made for; "" where nothing is known.

    Raises:
        InputError: the mode is none, or the faces were read by a pack that this model does not understand.
    """
    if mode not in MODES:
        raise InputError(f"There is no mode {mode!r} of the quality loop; there are {' and '.join(MODES)}.")
    read = str(references.get("domain", ""))
    if way == "faceid" and domain and read and (domain == "pocket") != (read == "pocket"):
        raise InputError(
            f"The actor's face was read by a pack for {read} faces, and this model's adapter wants {domain} faces. "
            "Choose the face pack that belongs to the model."
        )
    asked = {"prompt": prompt, "seed": int(seed), "reference_scale": float(reference_scale), "most": int(most)}
    about = {
        "attempt": 1,
        "prompt": prompt,
        "seed": int(seed),
        "reference_scale": float(reference_scale),
        "view": view_of(prompt),
        "members": [],
        "way": way,
        "changed": {},
        "why": "",
        "asked": asked,
    }
    return _try(about, references, list(pictures))


@block(version="1")
def next_try(
    about: dict[str, Any],
    score: dict[str, Any],
    references: dict[str, Any],
    pictures: Sequence[Path],
    mode: str = CONSISTENCY,
    max_iterations: int = 3,
) -> Try:
    """The try after one that was scored, if one is needed.

    Args:
        about, score: of the try before.

    Raises:
        Skipped: the gate has passed, or there have been as many tries as were asked for.
    """
    attempt = int(about["attempt"])
    if attempt >= max(1, int(max_iterations)):
        raise Skipped(f"{attempt} of {max(1, int(max_iterations))} tries are made")
    if mode == CONSISTENCY and score.get("passed"):
        raise Skipped(f"try {attempt} passed the gate")
    if mode == CONSISTENCY and about["view"] == "back":
        raise Skipped("seen from behind there is no face, so there is no gate that another try could pass")
    if mode == CONSISTENCY and score.get("scorable") and score.get("calibrated") is None:
        raise Skipped("this face pack has no calibration, so there is no gate that another try could pass")
    changed, why = _explored(about) if mode == CREATIVE else remedy(about, score, references)
    seed = (int(about["asked"]["seed"]) + _STRIDE * attempt) % _SEEDS
    changed = {"seed": seed} | changed
    after = {**about, **changed, "attempt": attempt + 1, "changed": changed, "why": why}
    return _try(after, references, list(pictures))


def remedy(
    about: Mapping[str, Any], score: Mapping[str, Any], references: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """What a failed try suggests to change, beside the seed, and why.

    Returns:
        Of ``prompt``, ``view``, ``reference_scale`` and ``members`` those that change; the reason for a person.
    """
    if not score.get("scorable"):
        reason = str(score.get("why") or "no face was found")
        if about["view"]:
            return {}, f"{reason}: another seed, for the view is as you asked"
        prompt = f"{about['prompt']}, front view" if about["prompt"] else "front view"
        return {"prompt": prompt, "view": "front"}, f"{reason}: seen from the front, a face is found"
    figure = float(score["calibrated"])
    said = f"{figure:.2f} of {float(score.get('gate') or 0):.2f}"
    better = _members_for(about["view"], references)
    if better and not about["members"] and about["view"] not in ("", "front"):
        return {"members": better}, f"{said}: the references that are seen from that side count alone"
    scale = float(about["reference_scale"])
    if figure < _NEAR and about["way"] in ("faceid", "ip-adapter", "redux") and scale < _HIGHEST:
        return {"reference_scale": _rounded(scale + _RAISE)}, f"{said}: references weigh more"
    sharpest = _sharpest(references)
    if sharpest and not about["members"]:
        return {"members": sharpest}, f"{said}: the sharper half of the references counts alone"
    return {"members": []}, f"{said}: another seed"


def view_of(prompt: str) -> str:
    """The view that a prompt asks for, or ""."""
    text = prompt.casefold()
    return next((view for view, words in _VIEWS.items() if any(word in text for word in words)), "")


def _explored(about: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Another weight of the references and, where the prompt leaves it open, another light or view."""
    attempt, asked = int(about["attempt"]), about["asked"]
    scale = _rounded(float(asked["reference_scale"]) + _SCALES[attempt % len(_SCALES)])
    text = asked["prompt"].casefold()
    free = [words for what, words in _VARIED if what not in text and not (what == "view" and view_of(text))]
    choices = free[attempt % len(free)] if free else ()
    word = choices[(attempt - 1) // len(free) % len(choices)] if choices else ""
    prompt = ", ".join(filter(None, (asked["prompt"], word)))
    why = f"to explore: references at {scale:g}" + (f", {word}" if word else "")
    return {"reference_scale": scale, "prompt": prompt, "view": view_of(prompt)}, why


def _try(about: dict[str, Any], references: Mapping[str, Any], pictures: list[Path]) -> Try:
    way, members = about["way"], references["members"]
    chosen = about["members"] or range(len(members))
    identity = _mean([members[i]["embedding"] for i in chosen]) if way == "faceid" else None
    shown = [pictures[i] for i in _in_order(chosen, members, about["view"]) if i < len(pictures)]
    most = 1 if way == "start" else int(about["asked"]["most"])
    given = shown[:most] or None if way not in ("", "faceid") else None
    to_show = about["view"] != "back"
    return Try(about["prompt"], about["seed"], about["reference_scale"], identity, given, to_show, about)


def _in_order(chosen: Sequence[int], members: Sequence[Mapping[str, Any]], view: str) -> list[int]:
    """Members seen from the wanted side first, then from the front, the sharpest first."""

    def rank(i: int) -> tuple[bool, bool, float]:
        seen = members[i].get("view")
        return seen != (view or "front"), seen != "front", -float(members[i].get("sharpness") or 0)

    return sorted(chosen, key=rank)


def _members_for(view: str, references: Mapping[str, Any]) -> list[int]:
    """Members seen from a side, if there are some and not all."""
    members = references["members"]
    found = [i for i, member in enumerate(members) if member.get("view") == view]
    return found if 0 < len(found) < len(members) else []


def _sharpest(references: Mapping[str, Any]) -> list[int]:
    """The sharper half of the members; empty where that is no choice."""
    sharp = [float(member.get("sharpness") or 0) for member in references["members"]]
    if len(sharp) < 4 or len(set(sharp)) < 2:
        return []
    return sorted(sorted(range(len(sharp)), key=lambda i: -sharp[i])[: len(sharp) // 2])


def _mean(vectors: Sequence[Sequence[float]]) -> list[float]:
    """The mean of unit vectors, of length one.

    Raises:
        InputError: they cancel out.
    """
    sums = [math.fsum(column) for column in zip(*vectors, strict=True)]
    length = math.sqrt(math.fsum(x * x for x in sums))
    if not length > 1e-6 * len(vectors):
        raise InputError("These references have no mean: they are no pictures of one person. Choose others.")
    return [x / length for x in sums]


def _rounded(scale: float) -> float:
    return round(min(_HIGHEST, max(0.3, scale)), 3)
