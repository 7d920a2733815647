"""People in clips and pictures, and the reference set of the one who is picked, as the pages ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError
from data.records import FINAL, FileRef, JobInfo
from workbench.access import User, authorize

if TYPE_CHECKING:
    from pipelines.lab import Lab

__all__ = ["FACES", "Casting", "People", "Person"]

FACES = "reference_set"
"""The chain that finds people in frames, and makes a reference set of the one who is picked."""

MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Person:
    """One identity among the chosen frames.

    Attributes:
        count: frames it was found in.
        views: in words, the commonest first.
        face: a small picture of it.
    """

    identity: int
    count: int
    views: str
    face: FileRef | None


@dataclass(frozen=True, slots=True)
class People:
    """What a search for people has found so far.

    Attributes:
        frames: how many frames were chosen.
        dropped: reasons for leaving a frame out, and how many each.
    """

    job: JobInfo
    people: tuple[Person, ...] = ()
    frames: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    files: tuple[FileRef, ...] = ()


class Casting:
    """Finds people through one lab."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def find_people(self, user: User, digests: Sequence[str], once: str = "") -> JobInfo:
        """Look for people in clips and pictures that were brought in."""
        authorize(user, "run", "frames")
        if not digests:
            raise InputError("Nothing is chosen yet. Drop a clip or pictures of the person first.")
        if len(digests) > MOST_FILES:
            raise InputError(f"{len(digests)} files at once are too many; choose at most {MOST_FILES}, or a clip.")
        files = [self.lab.file(digest) for digest in digests]
        title = f"People in {files[0].name}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
        more = {"title": title, "once": once or None, "options": {"targets": ["people"]}}
        return self._submit(user, {"sources": files}, **more)

    def people(self, user: User, job: str) -> People:
        """What a search has found; the people once it has ended."""
        authorize(user, "view", f"job {job}")
        info = self.lab.job(job)
        files = tuple(value for value in info.inputs.get("sources") or () if isinstance(value, FileRef))
        step = next((one for one in self.lab.steps(job) if one.name == "people"), None)
        if info.state != "SUCCEEDED" or step is None:
            return People(info, files=files)
        outputs = step.outputs
        faces = list(outputs.get("faces") or ())
        found = tuple(
            Person(
                int(one["identity"]),
                int(one["count"]),
                _views(one.get("views")),
                faces[place] if place < len(faces) else None,
            )
            for place, one in enumerate(outputs.get("people") or ())
        )
        return People(info, found, len(outputs.get("frames") or ()), _reasons(outputs.get("dropped")), files)

    def job(self, user: User, job: str) -> JobInfo:
        """How a search, or the making of a set, stands."""
        authorize(user, "view", f"job {job}")
        return self.lab.job(job)

    def pick(self, user: User, job: str, identity: int) -> JobInfo:
        """Make a reference set of one of the people that a search has found."""
        authorize(user, "run", f"job {job}")
        before = self.lab.job(job)
        followed = set(before.options.get("settled") or ())
        inputs = {name: value for name, value in before.inputs.items() if name not in followed}
        inputs["identity"] = identity
        return self._submit(user, inputs, title=before.title, parent=job, once=f"{job}/{identity}")

    def picked(self, user: User, job: str) -> tuple[dict[str, Any], list[FileRef]]:
        """The reference set that a job made, and its pictures.

        Raises:
            Conflict: the job has not ended yet.
        """
        authorize(user, "view", f"job {job}")
        info = self.lab.job(job)
        if info.state != "SUCCEEDED":
            state = "failed" if info.state in FINAL else "is still being worked on"
            raise Conflict(f"The reference set of {info.title} {state}; {info.error or 'wait for it, then try again.'}")
        result = self.lab.result(job)
        return dict(result["references"]), list(result["pictures"])

    def _submit(self, user: User, inputs: Mapping[str, Any], **more: Any) -> JobInfo:
        """As if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
        job: JobInfo = Context().run(self.lab.submit, FACES, inputs, user=user.name, **more)
        return job


def _views(counts: Any) -> str:
    """ "front, half left" from how often each view was seen."""
    if not isinstance(counts, Mapping):
        return ""
    order = sorted(counts, key=lambda view: -int(counts[view] or 0))
    return ", ".join(view.replace("_", " ") for view in order if counts[view])


def _reasons(dropped: Any) -> tuple[tuple[str, int], ...]:
    """Why frames were left out, the commonest first."""
    counts: dict[str, int] = {}
    for one in dropped or ():
        if isinstance(one, Mapping):
            why = str(one.get("why") or "no reason given")
            counts[why] = counts.get(why, 0) + int(one.get("count") or 1)
    return tuple(sorted(counts.items(), key=lambda pair: -pair[1]))
