"""Where the parents of a blend come from: a character that is known, or the faces that were found in some files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.errors import Conflict, InputError
from data.records import FINAL
from pipelines.blends import Parent

if TYPE_CHECKING:
    from data.records import CharacterInfo, FileRef, JobInfo
    from pipelines.lab import Lab

__all__ = ["of_character", "of_job", "of_picture"]


def of_character(lab: Lab, known: CharacterInfo, weight: float = 1.0, role: str = "face") -> Parent:
    """A character of the lab, by its reference set.

    Raises:
        InputError: it has none, or no picture of what is to be taken.
    """
    found = known.references
    pictures: list[FileRef] = list(found["pictures"]) if found else []
    picture = known.headshot or (pictures[0] if pictures else None)
    if role == "face" and found is None:
        raise InputError(f"{known.name} has no reference set to take the face from; choose frames on its page first.")
    if role != "face" and picture is None:
        raise InputError(f"{known.name} has no picture to take the {role} from; set a base face on its page first.")
    file = lab.reference_file(found["digest"]) if found and role == "face" else None
    return Parent(known.name, weight, role, file, picture, character=known.id)


def of_picture(picture: FileRef, name: str, role: str) -> Parent:
    """A picture that gives its outfit or style: no face is asked for."""
    return Parent(name, role=role, picture=picture)


def of_job(lab: Lab, job: JobInfo, name: str, weight: float = 1.0, role: str = "face", take: str = "") -> Parent:
    """The person that a job of the chain `reference_set` has found.

    Raises:
        Conflict: it has not ended yet.
        InputError: it has found nobody; the message says in whom, and why.
    """
    if job.state not in FINAL:
        raise Conflict(f"Faces are still looked for in {name}; wait for it, then try again.")
    if job.state != "SUCCEEDED":
        why = job.error or "The search for faces was stopped; look again."
        raise InputError(f"{name} has no face to give. {why}")
    found = lab.result(job.id)
    pictures = list(found["pictures"])
    file = lab.reference_file(found["references"]["digest"])
    return Parent(name, weight, role, file if role == "face" else None, pictures[0] if pictures else None, take=take)
