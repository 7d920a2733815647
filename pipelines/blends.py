"""The part of the facade that blends people: pictures of several parents, sweeps between them, who came of whom."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from data.lineage import Ancestor, Descendant
from data.records import CharacterInfo, FileRef, JobInfo, TakeInfo
from pipelines.recording import OPTION

__all__ = ["BLEND", "MOST_POINTS", "SWEEP", "Blends", "Lineage", "Neighbour", "Parent", "along", "made_of", "points_of"]

BLEND, SWEEP = "blend_faces", "sweep_faces"
"""The chains, by name."""

MOST_POINTS = 21
"""Of a sweep: steps of five per cent between two parents."""

_MOST, _SEEDS = 64, 2**31
_DIGITS = 6  # of a weight: points of two sweeps that are the same shall look the same


@dataclass(frozen=True, slots=True)
class Parent:
    """Somebody, or something, that a blend takes from.

    Attributes:
        weight: share of the face, from 0 on; all shares are brought to one. Of no account for an outfit or style.
        role: "face", "outfit" or "style".
        references: a whole reference set as a kept file (`Lab.reference_file`); who gives the face needs one.
        picture: for an outfit or style, and for models that are handed pictures.
        character: id of the character that it is, or "".
        take: id of the take that it is, or "".
    """

    name: str
    weight: float = 1.0
    role: str = "face"
    references: FileRef | None = None
    picture: FileRef | None = None
    character: str = ""
    take: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Who a character was made of, and who was made of it.

    Attributes:
        method: of the blend that made it, or "".
    """

    parents: tuple[Ancestor, ...] = ()
    method: str = ""
    children: tuple[Descendant, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Who in the lab is like the face in a picture.

    Attributes:
        cosine: of the faces, by the recogniser that draws and gates, -1 to 1.
        character, take: ids; of a take that shows a character both.
    """

    name: str
    cosine: float
    character: str = ""
    take: str = ""


class Blends(ABC):
    """What pages, the command line and notebooks may ask about blends, and do with them."""

    if TYPE_CHECKING:
        submit: Callable[..., JobInfo]

    def blend(
        self,
        parents: Sequence[Parent],
        prompt: str = "",
        *,
        method: str = "",
        sweep: int = 0,
        count: int = 1,
        seed: int | None = None,
        model: str = "",
        batch: str = "",
        once: str | None = None,
        user: str = "admin",
        **settings: Any,
    ) -> list[JobInfo]:
        """Queue pictures of a new person, one job each; or one job with a strip of pictures between the parents.

        Args:
            parents: two to six; of those who give the face, the weights count.
            method: one of `blocks.blending.METHODS`; "" for the first that the model can do.
            sweep: so many pictures, 2 to 21, from the first face to the next and so on to the last, all with one seed;
                the weights are of no account. 0 for none.
            count: without a sweep, pictures, 1 to 64, each with the seed after the one before.
            seed: None draws one.
            model: name of a model; "" is the lab's own.
            once: a token of the click that asked; the second call with one gives the first's jobs.
            settings: whatever else the chain takes (negative, steps, width, reference_scale, loras, ...).

        Raises:
            InputError: a number, weight, role or method is none, or somebody who gives the face has none.
        """
        faces = check_parents(parents)
        asked = {**_told(parents), **settings, "method": method, "prompt": prompt, "model": model}
        first = secrets.randbelow(_SEEDS) if seed is None else seed
        more: dict[str, Any] = {"user": user, "batch": batch or once or secrets.token_hex(6)}
        options: dict[str, Any] = {OPTION: {"parents": [one.take for one in parents if one.take]}}
        if sweep:
            points = _points(len(faces), sweep)
            targets = [f"take_{number}" for number in range(1, sweep + 1)]
            weights = {f"blend_{number}.weights": point for number, point in enumerate(points, 1)}
            title = f"Sweep from {faces[0].name} to {faces[-1].name}, {sweep} pictures"[:120]
            options["targets"] = targets
            inputs = {**asked, **weights, "seed": first}
            return [self.submit(SWEEP, inputs, title=title, once=once, options=options, **more)]
        if not 1 <= count <= _MOST:
            raise InputError(f"{count} pictures cannot be asked for at once; ask for 1 to {_MOST}.")
        shares = _shares([one.weight for one in faces])
        title = _title(faces, shares)
        return [
            self.submit(
                BLEND,
                {**asked, "weights": shares, "seed": first + number},
                title=title,
                once=f"{once}/{number}" if once else None,
                options=options,
                **more,
            )
            for number in range(count)
        ]

    @abstractmethod
    def keep_blend(
        self, take: str, name: str, *, fields: Mapping[str, Any] | None = None, user: str = "admin"
    ) -> CharacterInfo:
        """A new character of the person in a blended picture, who knows parents, weights and method.

        The picture is the base face, its face the reference set.

        Raises:
            InputError: the take is no blend, or shows no face.
        """

    @abstractmethod
    def lineage(self, character: str) -> Lineage:
        """Who a character was made of, and who was made of it; by id or slug."""

    @abstractmethod
    def neighbours(self, take: str, k: int = 3) -> list[Neighbour]:
        """The characters and takes whose faces are nearest to the face in a take, best first.

        Takes of the same blend (the same parents) are left out. Empty where no face was read.
        """


def check_parents(parents: Sequence[Parent]) -> list[Parent]:
    """Those who give the face.

    Raises:
        InputError: too few or too many, an unknown role, or somebody lacks what their role needs.
    """
    from blocks.blending import MOST_PARENTS, ROLES

    if not 2 <= len(parents) <= MOST_PARENTS:
        raise InputError(f"A blend has 2 to {MOST_PARENTS} parents, not {len(parents)}.")
    for one in parents:
        if one.role not in ROLES:
            raise InputError(f"{one.name} is to give {one.role[:40]!r}; a parent gives {', '.join(ROLES)}.")
        if one.role == "face" and one.references is None:
            raise InputError(f"{one.name} has no face to give; choose pictures with a face, or let it give the outfit.")
        if one.role != "face" and one.picture is None:
            raise InputError(f"There is no picture of {one.name} to take the {one.role} from; choose one.")
    faces = [one for one in parents if one.role == "face"]
    if not faces:
        raise InputError("Nobody gives the face; let one parent do so.")
    return faces


def along(job: JobInfo, takes: Sequence[TakeInfo]) -> list[TakeInfo]:
    """The takes of a job from the beginning of a sweep to its end; those of a plain blend as they are."""
    points = {tuple(weights): number for number, weights in points_of(job).items()}
    return sorted(takes, key=lambda take: points.get(tuple((take.settings.get("blend") or {}).get("weights", ())), 0))


def points_of(job: JobInfo) -> dict[int, list[float]]:
    """The weights of every point of a sweep, by its number from 1; empty for another job."""
    found = {}
    for name, weights in job.inputs.items():
        step, _, port = name.partition(".")
        if port == "weights" and step.startswith("blend_"):
            found[int(step.removeprefix("blend_"))] = [float(one) for one in weights]
    return dict(sorted(found.items()))


def made_of(take: TakeInfo) -> tuple[str, list[Ancestor]]:
    """From what a take says of itself: the method of its blend, and its parents.

    Raises:
        InputError: it is no blend.
    """
    blend, told = take.settings.get("blend") or {}, take.settings.get("parents") or ()
    if not isinstance(blend, Mapping) or not blend.get("weights") or not told:
        raise InputError("This take is no blend; keep one that was made on the Blend page.")
    weights, found = list(blend["weights"]), []
    pictures = [one for one in take.settings.get("pictures") or () if isinstance(one, FileRef)]
    alike = list(blend.get("similarity") or ())
    for place, one in enumerate(told):
        role, at = str(one.get("role") or "face"), one.get("picture")
        seen = alike[place] if place < len(alike) else {}
        found.append(
            Ancestor(
                name=str(one.get("name") or f"parent {place + 1}"),
                weight=float(weights.pop(0)) if role == "face" and weights else 0.0,
                role=role,
                character=str(one.get("character") or ""),
                picture=pictures[at].digest if isinstance(at, int) and at < len(pictures) else "",
                similarity=seen.get("raw", seen.get("agreement")),
            )
        )
    return str(blend.get("method") or ""), found


def _told(parents: Sequence[Parent]) -> dict[str, Any]:
    """The parents as a chain takes them; weights go apart, so that a face is read once for all weights."""
    sets: list[FileRef] = []
    pictures: list[FileRef] = []
    told: list[dict[str, Any]] = []
    for one in parents:
        about: dict[str, Any] = {"name": one.name, "role": one.role}
        if one.role == "face" and one.references is not None:
            about["references"] = len(sets)
            sets.append(one.references)
        if one.picture is not None:
            about["picture"] = len(pictures)
            pictures.append(one.picture)
        told.append(about | {name: value for name in ("character", "take") if (value := getattr(one, name))})
    return {"parents": told, "sets": sets, "pictures": pictures}


def _shares(weights: Sequence[float]) -> list[float]:
    from blocks.blending import unit_weights

    return [round(float(share), _DIGITS) for share in unit_weights(weights, len(weights))]


def _points(faces: int, count: int) -> list[list[float]]:
    """The weights along a sweep."""
    from blocks.blending import path_weights

    if not 2 <= count <= MOST_POINTS:
        raise InputError(f"A sweep has 2 to {MOST_POINTS} pictures, not {count}.")
    if faces < 2:
        raise InputError("A sweep leads from one face to another; let two parents give the face.")
    return [[round(share, _DIGITS) for share in point] for point in path_weights(faces, count)]


def _title(faces: Sequence[Parent], shares: Sequence[float]) -> str:
    said = [f"{one.name} {share:.0%}".replace("%", " %") for one, share in zip(faces, shares, strict=True)]
    return f"Blend of {', '.join(said)}"[:120]
