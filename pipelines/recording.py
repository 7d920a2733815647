"""What a finished step leaves in the ledger. A step asks for it by the names of its outputs, and by nothing else:

    take            one generated picture: {"picture": file, "facts": {...}, "settings": {...}, "score": {...} or None,
                    "attempt": number, "label": text}; all but the picture may be left out
    references      a reference set (see `blocks.scores.references`); ``pictures`` beside it are its members'
    model           of a download: what has arrived, for the registry (see `pipelines.registrar`)

It is written in the store's order before the job is told finished, and is named by where it came from, so that a
retry, a reused result and a lab that was killed write it once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from blocks.errors import InputError
from data import references, scores, takes
from data.connection import Connection
from data.embeddings import check_unit
from data.records import FileRef, JobInfo, TakeInfo
from data.results import blob_refs
from pipelines.registrar import arrived

__all__ = ["OPTION", "leaves"]

OPTION = "take"
"""Of a job's options: ``character`` (id), ``character_version``, ``parents`` (ids of takes) and ``label`` of all takes
that it makes. They are no inputs, because the pictures are the same whomever they are said to show."""

_LAST_SEED = 2**63 - 1


def leaves(job: JobInfo, step: str, item: int, outputs: dict[str, Any]) -> Callable[[Connection], Any] | None:
    """The change that writes down what a run of a step gave, or None if it asked for nothing.

    Args:
        job: its inputs in wire form.
        outputs: wire values by port.

    Raises:
        InputError: it asked, with something that is no take or reference set.
    """
    if isinstance(outputs.get("take"), dict):
        return _take(job, step, item, outputs["take"])
    found = outputs.get("references")
    if isinstance(found, dict) and "embedder" in found:
        references.check_references(found)
        pictures = list(blob_refs(outputs.get("pictures") or []))
        return lambda connection: references.record(connection, found, pictures)
    return arrived(job, outputs)


def _take(job: JobInfo, step: str, item: int, given: Mapping[str, Any]) -> Callable[[Connection], Any]:
    picture = next(blob_refs(given.get("picture") or {}), None)
    if picture is None:
        raise InputError("a take is a dict with a file as its picture.")
    score = given.get("score")
    if score is not None:
        scores.read_score(score)
        if score.get("embedding"):
            check_unit(score["embedding"])
    take = _about(job, step, item, given, picture)

    def write(connection: Connection) -> None:
        if takes.record(connection, take, step, item) and score is not None:
            scores.record(connection, take.id, score, take.at)

    return write


def _about(job: JobInfo, step: str, item: int, given: Mapping[str, Any], picture: FileRef) -> TakeInfo:
    settings = _asked(job) | dict(given.get("facts") or {}) | dict(given.get("settings") or {})
    known = job.options.get(OPTION) or {}
    if known.get("character_version"):
        settings["character_version"] = known["character_version"]
    return TakeInfo(
        id=takes.take_id(job.id, step, item, picture.digest),
        picture=picture,
        character=known.get("character"),
        job=job.id,
        batch=job.batch,
        at=time.time(),
        who=job.user,
        settings=settings,
        seed=_whole(settings.get("seed"), _LAST_SEED),
        prompt=str(settings.get("prompt") or ""),
        model=str(settings.get("model") or ""),
        parents=tuple(map(str, known.get("parents") or ())),
        attempt=_whole(given.get("attempt"), 1000) or 1,
        label=str(given.get("label") or known.get("label") or ""),
    )


def _asked(job: JobInfo) -> dict[str, Any]:
    """The inputs that a person set: not what followed from the machine, nor ports of single steps."""
    settled = set(job.options.get("settled") or ())
    return {name: value for name, value in job.inputs.items() if name not in settled and "." not in name}


def _whole(value: Any, most: int) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value <= most else 0
