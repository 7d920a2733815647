"""From pictures and clips to people, and from people to the references of one actor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blocks.block import block
from blocks.errors import InputError, NotAvailable
from blocks.faces import open_faces, packs_used
from blocks.frames.album import Album
from blocks.frames.choose import choose
from blocks.frames.group import group
from blocks.frames.looking import Reader, look_at
from blocks.frames.seen import Dropped, Seen, SeenFace
from blocks.progress import Progress, part, silent

__all__ = ["Actor", "People", "find_people", "find_with", "pick_actor"]

_LIKELY = 0.5
"""The chance, at even odds, from which two faces count as one person."""

_UNCALIBRATED = 0.35
"""The cosine instead, for a pack without a calibration."""

_BLURRED = 0.55
"""Share of what the sharper faces have, below which one is blurred."""

_MOST_PEOPLE = 12
_STRAY = 0.04
"""Share of the largest group below which a group is a face seen badly, and nobody."""


class People(NamedTuple):
    """Who is to be seen.

    Attributes:
        frames: the chosen frames, PNG without metadata, each once though several people may be in it.
        people: the most often seen first: ``identity`` (its place), ``count`` (usable faces found), ``share`` of all,
            ``views`` (how many of each), ``frames`` (places in `frames`), and what `pick_actor` needs: ``members``
            in the same order (``frame, file, at, view, yaw, sharpness, size, box, embedding, second``), ``embedder``,
            ``second_embedder``, ``domain``.
        dropped: frames that were left out, ``file, at, why``; with ``count`` where so many more go unnamed.
        faces: one small picture a person.
    """

    frames: list[Path]
    people: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    faces: list[Path]


class Actor(NamedTuple):
    """One person as references: see `blocks.scores.references`; the members' pictures in their order; who it is."""

    references: dict[str, Any]
    pictures: list[Path]
    identity: int


@block(version="1", exact="close", grace=5.0, models=packs_used)
def find_people(
    sources: Sequence[Path],
    pack: str = "",
    models: str = "",
    most: int = 24,
    threads: int = 0,
    digest: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> People:
    """Find the people in pictures and clips, and for each the frames that show them best.

    Of a clip every frame is measured and the sharpest of each stretch is looked at, within the same memory for any
    length. Frames are chosen by sharpness, size of the face, view and scene.

    Args:
        sources: pictures, clips, folders of them.
        pack, models, threads: see `blocks.faces.open_faces`.
        most: frames chosen for one person, 1 to 200.
        digest: of the pack, for the step's key.

    Raises:
        InputError: no face in any of it can be used; the message counts the reasons.
        UnreadableFile, UnsafeFile: no file can be read.
        NotAvailable: the face pack is not here.
    """
    reader = open_faces(pack, models, threads)
    return find_with(reader, sources, _threshold(reader), most, threads, scratch, progress)


def find_with(
    reader: Reader,
    sources: Sequence[Path],
    threshold: float,
    most: int,
    threads: int,
    scratch: Path,
    progress: Progress = silent,
) -> People:
    """`find_people` with an open reader and the cosine from which two faces are one person."""
    if not 1 <= most <= 200:
        raise InputError(f"{most} frames cannot be chosen for a person; choose 1 to 200.")
    seen, dropped = look_at(sources, reader, scratch, threads, part(progress, 0, 0.9))
    seen, usable = _without_blurred(seen, dropped)
    if not usable:
        raise InputError(
            f"Nobody can be told from these frames: {dropped}. Hand in sharper pictures with the face turned to the "
            "camera and larger."
        )
    groups = _groups(usable, threshold)
    progress(0.93, f"{len(groups)} people" if len(groups) > 1 else "one person")
    picked = [choose(faces, most) for faces in groups]
    chosen = [[faces[i] for i in kept] for faces, (kept, _) in zip(groups, picked, strict=True)]
    numbers = {face.frame for faces in chosen for face in faces}
    reasons = {faces[i].frame: why for faces, (_, left) in zip(groups, picked, strict=True) for i, why in left.items()}
    for one in seen:
        if one.number not in numbers:
            dropped.add(one.file, one.at, reasons.get(one.number, "not chosen"))
    album = Album([one for one in seen if one.number in numbers], scratch, reader)
    total = sum(map(len, groups))
    people = [album.person(place, groups[place], chosen[place], total) for place in range(len(groups))]
    _sweep(seen, scratch)
    progress(1, "done")
    return People(album.paths, people, dropped.records(), album.faces)


@block(version="1")
def pick_actor(people: Sequence[dict[str, Any]], frames: Sequence[Path], identity: int = -1) -> Actor:
    """Make the references of one person.

    Args:
        people, frames: as `find_people` gives them.
        identity: whose; -1 for the one seen most.

    Raises:
        InputError: there is no such person.
    """
    from blocks.scores.references import make_references

    place = 0 if identity in (-1, None) else int(identity)
    if not 0 <= place < len(people):
        known = f"People are numbered 0 to {len(people) - 1}" if len(people) > 1 else "There is one person, number 0"
        raise InputError(f"There is no person {place} in these frames. {known}; -1 takes the one seen most.")
    person = people[place]
    references = make_references(
        person["members"],
        embedder=person["embedder"],
        domain=person["domain"],
        second_embedder=person["second_embedder"],
    )
    return Actor(references, [frames[member["frame"]] for member in person["members"]], place)


def _threshold(reader: Any) -> float:
    """From the pack's calibration, if it has one."""
    from blocks.scores.calibration import Calibration

    try:
        known = Calibration.read(reader.pack.calibration, reader.embedder, reader.domain)
    except NotAvailable:
        return _UNCALIBRATED
    return float(np.clip(known.cosine_at(_LIKELY, 1), 0.05, 0.9))


def _without_blurred(seen: Sequence[Seen], dropped: Dropped) -> tuple[list[Seen], list[SeenFace]]:
    """Frames with a face that is sharp enough beside the others, and these faces; the rest is dropped."""
    faces = [face for one in seen for face in one.faces]
    if not faces:
        return [], []
    least = _BLURRED * float(np.percentile([face.sharpness for face in faces], 75))
    kept = []
    for one in seen:
        if any(face.sharpness >= least for face in one.faces):
            kept.append(one)
        else:
            dropped.add(one.file, one.at, "blurred")
    return kept, [face for face in faces if face.sharpness >= least]


def _groups(faces: Sequence[SeenFace], threshold: float) -> list[list[SeenFace]]:
    """Faces by person, the most often seen first; a few beside somebody seen often are faces seen badly."""
    order = sorted(faces, key=lambda face: (-face.worth, face.frame))
    labels = group(np.stack([face.embedding for face in order]), [face.frame for face in order], threshold)
    groups: list[list[SeenFace]] = [[] for _ in range(int(labels.max()) + 1)]
    for face, label in zip(order, labels, strict=True):
        groups[label].append(face)
    least = _STRAY * len(groups[0])
    return [members for members in groups if len(members) >= least][:_MOST_PEOPLE]


def _sweep(seen: Sequence[Seen], scratch: Path) -> None:
    """Frames of clips that were kept to choose from."""
    for one in seen:
        if one.path.parent == scratch:
            one.path.unlink(missing_ok=True)
