"""The blocks that score: is this face, in this picture, the character's?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.block import block
from blocks.errors import InputError
from blocks.faces import FaceReader, open_faces, packs_used
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, silent
from blocks.scores.measuring import Judge, Matched, not_scored
from blocks.scores.references import References, read_references

__all__ = ["GATE", "score_picture", "score_pictures"]

GATE = 0.85
"""The calibrated score asked for: seventeen to three that it is the person, if it were even before."""

_TOGETHER = 32  # pictures in memory at a time, whose faces the recogniser takes together;
_BYTES = 200 << 20  # or fewer, if they are large
_NO_FACE = "Not applicable: this picture is to show no face."

Pixels = NDArray[np.uint8]


def _one(**_: Any) -> float:
    return 1.0


def _count(pictures: Sequence[Path] = (), **_: Any) -> float:
    """Pictures."""
    return float(len(pictures))


@block(version="1", exact="close", units=_one, models=packs_used)
def score_picture(
    picture: Path,
    references: Sequence[dict[str, Any]] | dict[str, Any],
    pack: str = "",
    models: str = "",
    threshold: float = GATE,
    applicable: bool = True,
    threads: int = 0,
    digest: str = "",
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Score a picture against the references of the character, or characters, that it should show.

    Args:
        picture: any picture file.
        references: a set each (see `blocks.scores.references.make_references`), or the one set; all by the pack's
            recogniser.
        pack: face pack, a folder in `models`; "" for the lab's own.
        threshold: the calibrated score asked for, above 0 and below 1.
        applicable: false for a picture that is to show no face (seen from behind).
        threads: of the networks' arithmetic; 0 leaves it to the runtime.
        digest: of the pack; joins the step's key.

    Returns:
        ``scorable``; ``why`` it is not; ``raw``, the cosine to the normalised mean of the references, -1 to 1;
        ``calibrated``, the chance that it is the person at prior one half, 0 to 1; ``passed`` the ``gate``;
        ``false_accept``, the share of strangers that would reach it; ``ceiling``, how near the person's own pictures
        come; ``second`` with ``raw`` and ``ceiling`` by a recogniser that nothing is gated by; ``box``, ``view`` and
        ``embedding`` of the face; ``extra_faces`` that nobody expected; of several ``characters`` one score each, the
        weakest standing for the picture. What could not be measured is None, never 0.

    Raises:
        InputError: references of another recogniser, none, or a threshold out of range.
        UnreadableFile, UnsafeFile: the picture, or the pack, is damaged.
        NotAvailable: there is no such pack.
    """
    judge, expected = _begin(references, pack, models, threshold, threads)
    if not applicable:
        return not_scored(judge.reader, expected[0], threshold, _NO_FACE, applicable=False)
    pixels = _pixels(picture)
    progress(0.3, "looking for faces")
    [score] = _score(judge, expected, [pixels])
    progress(1.0, "done")
    return score


@block(version="1", exact="close", units=_count, models=packs_used)
def score_pictures(
    pictures: Sequence[Path],
    references: Sequence[dict[str, Any]],
    pack: str = "",
    models: str = "",
    threshold: float = GATE,
    threads: int = 0,
    digest: str = "",
    *,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Score many pictures against the same references: as `score_picture` each, in a fraction of the time.

    A picture that cannot be read is not scorable and says why; the others go on.
    """
    judge, expected = _begin(references, pack, models, threshold, threads)
    scores: list[dict[str, Any]] = []
    for some in _together(pictures):
        found = iter(_score(judge, expected, [pixels for pixels in some if not isinstance(pixels, str)]))
        for pixels in some:
            unread = isinstance(pixels, str)
            scores.append(not_scored(judge.reader, expected[0], threshold, str(pixels)) if unread else next(found))
        progress(len(scores) / len(pictures), f"picture {len(scores)} of {len(pictures)}")
    return scores


def _begin(
    references: Sequence[Mapping[str, Any]] | Mapping[str, Any], pack: str, models: str, threshold: float, threads: int
) -> tuple[Judge, list[References]]:
    if isinstance(references, Mapping):
        references = [references]
    if not references:
        raise InputError("Nobody is expected in this picture: give the references of one character or more.")
    if not 0 < threshold < 1:
        raise InputError(f"A gate lies between 0 and 1, not at {threshold}; {GATE} is usual.")
    reader: FaceReader = open_faces(pack, models, threads)
    return Judge(reader, threshold), [read_references(one, reader.embedder) for one in references]


def _score(judge: Judge, expected: Sequence[References], pictures: Sequence[Pixels]) -> list[dict[str, Any]]:
    """Scores of pictures that are in memory."""
    matched = [Matched(faces, expected) for faces in judge.reader.find_many(pictures, least=len(expected))]
    wanted = [
        (pixels, face) for pixels, one in zip(pictures, matched, strict=True) for face in one.chosen if face is not None
    ]
    seconds = iter(judge.reader.second_embeddings(wanted))
    return [
        judge.score(one, expected, [() if face is None else next(seconds) for face in one.chosen]) for one in matched
    ]


def _together(pictures: Sequence[Path]) -> Iterator[list[Pixels | str]]:
    """Pixels, or why there are none, of as many pictures as the memory is meant to hold."""
    some: list[Pixels | str] = []
    for path in pictures:
        some.append(_opened(path))
        if len(some) == _TOGETHER or sum(len(one) if isinstance(one, str) else one.size for one in some) > _BYTES:
            yield some
            some = []
    if some:
        yield some


def _opened(path: Path) -> Pixels | str:
    try:
        return _pixels(path)
    except InputError as error:
        return str(error)


def _pixels(path: Path) -> Pixels:
    return np.asarray(open_pictures([path])[0])
