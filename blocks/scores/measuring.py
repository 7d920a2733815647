"""From faces and references to a score: the JSON that is stored, shown and gated by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from blocks.errors import NotAvailable
from blocks.faces import Face, FaceReader
from blocks.scores.calibration import Calibration
from blocks.scores.matching import match
from blocks.scores.references import References

__all__ = ["SMALLEST", "Judge", "Matched", "not_scored"]

SMALLEST = 20.0
"""Pixels of a face's shorter side below which what a recogniser says of it is chance."""

_DIGITS = 6
NOT_CALIBRATED = "No calibration is known for this recogniser, so nothing is passed or failed; the raw cosine stands."


class Matched:
    """The faces of one picture, and which of them is whose.

    Attributes:
        faces: all that were found, largest first.
        chosen: for each character its face, or None.
        cosines: to that character's references; None where there is no face.
    """

    def __init__(self, faces: Sequence[Face], expected: Sequence[References]) -> None:
        self.faces = faces
        usable = [face for face in faces if face.embedding and face.size >= SMALLEST]
        embeddings = np.array([face.embedding for face in usable])
        rows, cosines = match(np.stack([one.identity for one in expected]), embeddings)
        self.chosen = [None if row is None else usable[row] for row in rows]
        self.cosines = [None if row is None else float(cosines[who, row]) for who, row in enumerate(rows)]

    @property
    def extra(self) -> int:
        """How many faces are nobody's who is expected."""
        return len(self.faces) - sum(face is not None for face in self.chosen)

    def why_not(self) -> str:
        """Why a character has no face that can be scored."""
        found = len(self.faces)
        if not found:
            return "No face was found."
        small = [face for face in self.faces if face.size < SMALLEST]
        if len(small) == found:
            return f"The face is too small: {max(f.size for f in small):.0f} pixels, {SMALLEST:.0f} are needed."
        if any(not face.embedding for face in self.faces):
            return "The recogniser could make nothing of the face."
        return f"{len(self.chosen)} people are expected, and only {found} can be seen."


class Judge:
    """Scores faces against references, with one reader and its calibration.

    Args:
        threshold: of the calibrated score, 0 to 1.
    """

    def __init__(self, reader: FaceReader, threshold: float) -> None:
        self.reader = reader
        self.threshold = threshold
        try:
            self.calibration: Calibration | None = Calibration.read(
                reader.pack.calibration, reader.embedder, reader.domain
            )
        except NotAvailable:
            self.calibration = None

    def score(
        self, matched: Matched, expected: Sequence[References], seconds: Sequence[Sequence[float]]
    ) -> dict[str, Any]:
        """The score of a picture: of its one character, or of the weakest of several with each beside it.

        Args:
            seconds: the second recogniser's embedding of each character's face, or ().
        """
        rows = zip(expected, matched.chosen, matched.cosines, seconds, strict=True)
        scores = [self._one(matched, *row) | {"extra_faces": matched.extra} for row in rows]
        return scores[0] if len(scores) == 1 else _together(scores)

    def _one(
        self, matched: Matched, wanted: References, face: Face | None, cosine: float | None, second: Sequence[float]
    ) -> dict[str, Any]:
        score = not_scored(self.reader, wanted, self.threshold, "")
        if face is None or cosine is None:
            return score | {"why": matched.why_not()}
        score |= {
            "scorable": True,
            "raw": round(cosine, _DIGITS),
            "box": [round(edge, 1) for edge in face.box],
            "view": face.view,
            "embedding": np.round(face.embedding, _DIGITS).tolist(),
            "second": score["second"] | {"raw": self._second(wanted, second)},
        }
        if self.calibration is None:
            return score | {"why": NOT_CALIBRATED}
        calibrated = self.calibration.posterior(cosine, wanted.count)
        return score | {
            "calibrated": round(calibrated, _DIGITS),
            "passed": calibrated >= self.threshold,
            "false_accept": round(self.calibration.false_accept(cosine, wanted.count), _DIGITS),
        }

    def _second(self, wanted: References, embedding: Sequence[float]) -> float | None:
        """The second recogniser's cosine; None unless the references were made with the very same one."""
        if wanted.second is None or not embedding or wanted.second_embedder != self.reader.second:
            return None
        return round(float(np.clip(wanted.second @ np.asarray(embedding), -1, 1)), _DIGITS)


def not_scored(
    reader: FaceReader, wanted: References, threshold: float, why: str, applicable: bool = True
) -> dict[str, Any]:
    """The score of a picture in which nothing was measured; see `blocks.scores.score.score_picture` for its fields."""
    return {
        "scorable": False,
        "applicable": applicable,
        "why": why,
        "raw": None,
        "calibrated": None,
        "passed": None,
        "gate": threshold,
        "false_accept": None,
        "ceiling": wanted.ceiling,
        "second": {"raw": None, "ceiling": wanted.second_ceiling},
        "embedder": reader.embedder,
        "second_embedder": reader.second,
        "domain": reader.domain,
        "references": wanted.digest,
        "count": wanted.count,
        "box": None,
        "view": "",
        "embedding": [],
        "extra_faces": 0,
        "characters": [],
    }


def _together(scores: list[dict[str, Any]]) -> dict[str, Any]:
    """Several characters: the weakest stands for the picture, which passes when all of them do."""
    missing = [score for score in scores if not score["scorable"]]
    weakest = missing[0] if missing else min(scores, key=lambda score: score["raw"])
    passes = [score["passed"] for score in scores]
    passed = False if False in passes else None if None in passes else True
    return weakest | {"passed": passed, "characters": scores}
