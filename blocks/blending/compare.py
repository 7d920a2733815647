"""How near a blended picture came to each parent, so that a copy of one of them is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blocks.block import block
from blocks.errors import NotAvailable
from blocks.faces import open_faces, packs_used
from blocks.scores.references import make_references, read_references

__all__ = ["Compared", "compare_parents"]

_OUTFIT = ("outfit", "outfit_colour")
_STYLE = ("background", "lighting")


class Compared(NamedTuple):
    """What the take says of itself (see `blocks.takes.finish_take`): the blend and its likeness.

    Attributes:
        references, pictures: of the person in the picture, as one would be made of a photograph; empty where no face is
            seen. Whoever keeps the picture keeps this person.
    """

    about: dict[str, Any]
    references: dict[str, Any]
    pictures: list[Path]


@block(version="2", exact="close", models=packs_used)
def compare_parents(
    picture: Path,
    parents: Sequence[dict[str, Any]],
    about: dict[str, Any],
    pictures: Sequence[Path] = (),
    pack: str = "",
    models: str = "",
    threads: int = 0,
    digest: str = "",
) -> Compared:
    """Measure a blended picture against its parents.

    Args:
        parents, pictures: see `blocks.blending.blend`.
        about: of the blend.
        pack, models, threads, digest: see `blocks.faces.open_faces`.

    Returns:
        ``about`` with ``blend.similarity``: for each parent that gives the face ``raw`` (cosine to their mean),
        ``second`` (by the second recogniser) and ``share`` (of the second's ceiling, or the first's); for an outfit or
        style ``agreement`` (0 to 1). Everything is None where no face is seen; then ``blend.why`` says so, and else
        ``blend.person`` is the digest of the person's references.
    """
    from blocks.models.pictures import open_pictures

    reader = open_faces(pack, models, threads)
    pixels = np.asarray(open_pictures([picture])[0])
    face = next(iter(reader.find(pixels)), None)
    second = reader.second_embedding(pixels, face) if face is not None else ()
    similarity = []
    for parent in parents:
        if str(parent.get("role") or "face") == "face":
            embedding = face.embedding if face is not None else ()
            similarity.append(_to_face(parent, reader.embedder, embedding, second))
        else:
            similarity.append({"agreement": _agreement(parent, pixels, pictures)})
    blend = {**about.get("blend", {}), "similarity": similarity}
    if face is None or not face.embedding:
        return Compared({**about, "blend": blend | {"why": "no face is seen"}}, {}, [])
    member = {"file": picture.name, "at": None, "view": face.view, "embedding": face.embedding, "second": second}
    person = make_references([member], embedder=reader.embedder, domain=reader.domain, second_embedder=reader.second)
    return Compared({**about, "blend": blend | {"person": person["digest"]}}, person, [picture])


def _to_face(
    parent: Mapping[str, Any], embedder: str, embedding: Sequence[float], second: Sequence[float]
) -> dict[str, float | None]:
    known = read_references(parent["references"], embedder)
    raw = _cosine(known.identity, embedding)
    other = _cosine(known.second, second)
    measured, ceiling = (other, known.second_ceiling) if other is not None else (raw, known.ceiling)
    share = measured / ceiling if measured is not None and ceiling else None
    return {"raw": raw, "second": other, "share": None if share is None else round(share, 4)}


def _cosine(identity: Any, embedding: Sequence[float]) -> float | None:
    if identity is None or not len(embedding):
        return None
    return round(float(np.clip(identity @ np.asarray(embedding), -1, 1)), 4)


def _agreement(parent: Mapping[str, Any], pixels: Any, pictures: Sequence[Path]) -> float | None:
    """Share of what was to be taken from a parent that the drawn picture shows as well; None where nobody can tell."""
    from blocks.models.pictures import open_pictures
    from blocks.pocket.reader import read_look

    place = parent.get("picture")
    if not isinstance(place, int) or not 0 <= place < len(pictures):
        return None
    names = _OUTFIT if parent.get("role") == "outfit" else _STYLE
    try:
        asked, drawn = read_look([np.asarray(open_pictures([pictures[place]])[0]), pixels])
    except NotAvailable:
        return None
    return sum(asked[name][0] == drawn[name][0] for name in names) / len(names)
