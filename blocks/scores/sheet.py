"""How like somebody every face of a sheet is: one person, drawn several times in one picture."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from blocks.block import block
from blocks.errors import InputError
from blocks.faces import FaceReader, open_faces, packs_used
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, silent
from blocks.scores.measuring import Judge, Matched
from blocks.scores.references import References, read_references
from blocks.scores.score import GATE

__all__ = ["score_sheet"]

_TOLD = ("scorable", "why", "raw", "calibrated", "passed", "box", "view")


def _one(**_: Any) -> float:
    return 1.0


@block(version="1", exact="close", units=_one, models=packs_used)
def score_sheet(
    picture: Path,
    references: dict[str, Any],
    expected: int = 0,
    pack: str = "",
    models: str = "",
    threshold: float = GATE,
    threads: int = 0,
    digest: str = "",
    *,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Find the faces of a sheet and score each against the references of the one whom all of them should show.

    Args:
        expected: faces that should be seen.
        pack, models, threshold, threads, digest: see `blocks.scores.score.score_picture`.

    Returns:
        ``found`` and ``expected`` faces; ``faces``, row by row, each with ``scorable``, ``why`` it is not, ``raw``,
        ``calibrated``, ``passed``, ``second`` (raw cosine of the second recogniser), ``box`` and ``view``; ``mean`` and
        ``least`` raw cosine and the ``weakest`` calibrated score of those that could be scored; whether all that are
        expected were found and ``passed`` the ``gate``. What could not be measured is None.

    Raises:
        InputError: references of another recogniser, or a threshold out of range.
        UnreadableFile, UnsafeFile: the picture, or the pack, is damaged.
        NotAvailable: there is no such pack.
    """
    if not 0 < threshold < 1:
        raise InputError(f"A gate lies between 0 and 1, not at {threshold}; {GATE} is usual.")
    reader = open_faces(pack, models, threads)
    wanted = read_references(references, reader.embedder)
    [pixels] = (np.asarray(one) for one in open_pictures([picture]))
    progress(0.3, "looking for faces")
    faces = _scores(reader, wanted, pixels, threshold, expected)
    measured = [face for face in faces if face["scorable"]]
    raw = [float(face["raw"]) for face in measured]
    calibrated = [float(face["calibrated"]) for face in measured if face["calibrated"] is not None]
    progress(1.0, "done")
    return {
        "found": len(faces),
        "expected": expected,
        "faces": faces,
        "mean": round(statistics.fmean(raw), 6) if raw else None,
        "least": min(raw, default=None),
        "weakest": min(calibrated, default=None),
        "passed": None if measured and not calibrated else _passed(faces, expected),
        "gate": threshold,
        "embedder": reader.embedder,
        "references": wanted.digest,
    }


def _scores(
    reader: FaceReader, wanted: References, pixels: Any, threshold: float, expected: int
) -> list[dict[str, Any]]:
    """One score a face, from the upper row to the lower and from left to right."""
    judge, found = Judge(reader, threshold), reader.find(pixels, least=max(1, expected))
    seconds = reader.second_embeddings([(pixels, face) for face in found])
    told = []
    for face, second in zip(found, seconds, strict=True):
        score = judge.score(Matched([face], [wanted]), [wanted], [second])
        box = [round(edge, 1) for edge in face.box]
        told.append({name: score[name] for name in _TOLD} | {"second": score["second"]["raw"], "box": box})
    return sorted(told, key=lambda face: _place(face["box"], pixels.shape[0]))


def _place(box: Sequence[float], height: int) -> tuple[int, float]:
    """Faces whose middles lie in one quarter of the picture's height stand in one row."""
    return int(4 * (box[1] + box[3]) / 2 / height), box[0]


def _passed(faces: Sequence[Mapping[str, Any]], expected: int) -> bool:
    return len(faces) >= max(1, expected) and all(face["passed"] for face in faces)
