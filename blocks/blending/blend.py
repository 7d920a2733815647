"""A new person from several: what the generator is given of each parent, and how near the picture came to them.

A parent is plain JSON: ``name``, ``weight`` (1), ``role`` ("face", "outfit" or "style"), ``references`` (see
`blocks.scores.references`; of a face) and ``picture`` (place in the list of pictures, or None).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blocks.blending.means import Floats, plain_mean, repeats, slerp, spherical_mean, unit_weights
from blocks.block import block
from blocks.errors import InputError
from blocks.scores.references import read_references

__all__ = [
    "METHODS",
    "MOST_PARENTS",
    "ROLES",
    "Blended",
    "Method",
    "blend_parents",
    "blended_references",
    "methods_for",
]

MOST_PARENTS = 6
ROLES = ("face", "outfit", "style")


@dataclass(frozen=True, slots=True)
class Method:
    """A way to blend faces.

    Attributes:
        line: what it does, for the person who chooses.
        ways: ways of taking references (see `blocks.models.profiles.Reference`) with which it can be done.
        most: parents it takes.
    """

    name: str
    title: str
    line: str
    ways: tuple[str, ...]
    most: int = MOST_PARENTS


METHODS: Mapping[str, Method] = {
    one.name: one
    for one in (
        Method("spherical", "Spherical mean", "The face nearest to all parents by angle; for any number.", ("faceid",)),
        Method("slerp", "Slerp", "Even steps along the arc between two faces.", ("faceid",), 2),
        Method(
            "mean", "Plain mean", "The average of the numbers; near the spherical mean, quick to check.", ("faceid",)
        ),
        Method(
            "tokens", "Tokens side by side", "The model sees every face by itself and mixes as it draws.", ("faceid",)
        ),
        Method(
            "images",
            "Pictures together",
            "The model is handed a picture of each parent.",
            ("images", "ip-adapter", "redux"),
        ),
    )
}


class Blended(NamedTuple):
    """Arguments of `blocks.generate.generate`, how they came about, and the face that is `expected` of the picture."""

    identity: list[float] | list[list[float]] | None
    pictures: list[Path] | None
    prompt: str
    about: dict[str, Any]
    expected: dict[str, Any]


def methods_for(way: str, parents: int = 2) -> list[Method]:
    """What can be done with a model that takes references in this way, the default first."""
    return [method for method in METHODS.values() if way in method.ways and parents <= method.most]


@block(version="2", exact="close")
def blend_parents(
    parents: Sequence[dict[str, Any]],
    pictures: Sequence[Path] = (),
    method: str = "",
    weights: Sequence[float] = (),
    prompt: str = "",
    way: str = "faceid",
    most: int = 8,
) -> Blended:
    """Blend the parents into what one picture is drawn with.

    Args:
        parents: two to six, of which one or more give the face.
        pictures: one a parent that has one; see `parents`.
        method: one of METHODS; "" for the first that the model can do.
        weights: one a parent that gives the face, in place of their own.
        way, most: how the model takes references, and how many pictures at once; see `blocks.models.taking`.

    Raises:
        InputError: a role, weight or method that is none, or that this model cannot do; faces read by two recognisers.
        NotAvailable: an outfit or style is to be read, and the reader is not here.
    """
    _check(parents)
    faces = [one for one in parents if _role(one) == "face"]
    chosen = _method(method, way, len(faces))
    shares = unit_weights(list(weights) or [float(one.get("weight", 1)) for one in faces], len(faces)).tolist()
    others = [one for one in parents if _role(one) != "face"]
    identity: list[float] | list[list[float]] | None = None
    given: list[Path] | None = None
    words: list[str] = []
    if chosen.name == "images":
        shown = [one for one, share in zip(faces, shares, strict=True) if share > 0]
        given, words = _together(shown, others, pictures, most)
    else:
        vectors = _vectors(faces)
        if chosen.name == "tokens":
            identity = _tokens(vectors, shares)
        else:
            identity = _blended(vectors, shares, chosen.name).tolist()
        words = [_read(one, pictures) for one in others]
    asked = ", ".join(part for part in (prompt.strip(), *words) if part)
    about = {
        "method": chosen.name,
        "parents": [str(one.get("name") or f"parent {place + 1}") for place, one in enumerate(parents)],
        "roles": [_role(one) for one in parents],
        "weights": [round(share, 6) for share in shares],
        "read_into_prompt": [] if chosen.name == "images" else words,
        "asked": prompt,
    }
    return Blended(identity, given, asked, {"blend": about}, blended_references(parents, chosen.name, shares))


def blended_references(
    parents: Sequence[Mapping[str, Any]], method: str = "spherical", weights: Sequence[float] = ()
) -> dict[str, Any]:
    """A reference set for the new person before there is a picture: its one member is the blended face itself.

    With "tokens" or "images" the spherical mean stands for it.
    """
    from blocks.scores.references import make_references

    _check(parents)
    faces = [one for one in parents if _role(one) == "face"]
    shares = unit_weights(list(weights) or [float(one.get("weight", 1)) for one in faces], len(faces)).tolist()
    name = method if method in ("spherical", "slerp", "mean") else "spherical"
    blended = _blended(_vectors(faces), shares, name)
    sets = [one["references"] for one in faces]
    member: dict[str, Any] = {
        "file": " + ".join(str(one.get("name") or "parent") for one in faces),
        "at": None,
        "view": "front",
        "embedding": blended.tolist(),
    }
    seconds = {one.get("second_embedder") or "" for one in sets}
    second = seconds.pop() if len(seconds) == 1 else ""
    if second:
        member["second"] = _blended(np.array([one["second_identity"] for one in sets]), shares, name).tolist()
    return make_references([member], embedder=sets[0]["embedder"], domain=sets[0]["domain"], second_embedder=second)


def _check(parents: Sequence[Mapping[str, Any]]) -> None:
    if not 2 <= len(parents) <= MOST_PARENTS:
        raise InputError(f"A blend has 2 to {MOST_PARENTS} parents, not {len(parents)}.")
    wrong = {_role(one) for one in parents} - set(ROLES)
    if wrong:
        raise InputError(f"A parent gives {', '.join(ROLES)}, not {', '.join(sorted(wrong))}.")
    if all(_role(one) != "face" for one in parents):
        raise InputError("Nobody gives the face; let one parent do so.")


def _role(parent: Mapping[str, Any]) -> str:
    return str(parent.get("role") or "face")


def _method(name: str, way: str, faces: int) -> Method:
    possible = {method.name: method for method in methods_for(way, faces)}
    if not possible:
        raise InputError("This model takes no faces and no pictures that could be blended; choose another one.")
    if name and name not in possible:
        known = ", ".join(possible)
        raise InputError(f"{faces} faces cannot be blended by {name!r} with this model; it can do {known}.")
    return possible[name] if name else next(iter(possible.values()))


def _vectors(faces: Sequence[Mapping[str, Any]]) -> Floats:
    """The parents' identities, N x D, all by one recogniser."""
    sets = [one.get("references") or {} for one in faces]
    embedder = str(sets[0].get("embedder", ""))
    return np.stack([read_references(one, embedder).identity for one in sets])


def _blended(vectors: Floats, shares: Sequence[float], method: str) -> Floats:
    if method == "slerp" and len(vectors) == 2:
        return slerp(vectors[0], vectors[1], shares[1])
    return plain_mean(vectors, shares) if method == "mean" else spherical_mean(vectors, shares)


def _tokens(vectors: Floats, shares: Sequence[float]) -> list[list[float]]:
    counts = repeats(shares)
    return [vector.tolist() for vector, count in zip(vectors, counts, strict=True) for _ in range(count)]


def _together(
    faces: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]], pictures: Sequence[Path], most: int
) -> tuple[list[Path], list[str]]:
    """A picture of each parent, faces first, and words that say what the others are for."""
    found = [_picture(one, pictures) for one in (*faces, *others)]
    if len(found) > most:
        raise InputError(
            f"This model takes {most} pictures at once and there are {len(found)} parents; leave some out."
        )
    told = {"outfit": "wearing the outfit of picture {}", "style": "in the light and colours of picture {}"}
    words = [told[_role(one)].format(len(faces) + place + 1) for place, one in enumerate(others)]
    return found, words


def _picture(parent: Mapping[str, Any], pictures: Sequence[Path]) -> Path:
    place = parent.get("picture")
    if not isinstance(place, int) or not 0 <= place < len(pictures):
        raise InputError(f"There is no picture of {parent.get('name') or 'a parent'}; choose one.")
    return pictures[place]


def _read(parent: Mapping[str, Any], pictures: Sequence[Path]) -> str:
    """The outfit or style of a parent in the words that the pocket generator knows."""
    from blocks.models.pictures import open_pictures
    from blocks.pocket.reader import read_look

    [look] = read_look([np.asarray(open_pictures([_picture(parent, pictures)])[0])])
    if _role(parent) == "outfit":
        return f"{look['outfit_colour'][0]} {look['outfit'][0]}"
    light, place = look["lighting"][0].replace("_", " "), look["background"][0].replace("_", " ")
    return f"{place}, {light if light == 'backlight' else f'{light} light'}"
