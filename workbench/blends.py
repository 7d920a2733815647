"""What the Blend page asks of the lab. Each call takes the person who asks, and asks whether they may."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError, LabError, UnknownName
from data.records import FINAL, CharacterInfo, FileRef, JobInfo, TakeInfo
from pipelines.blends import BLEND, SWEEP, Lineage, Neighbour, Parent, points_of
from workbench import parents
from workbench.access import User, authorize
from workbench.casting import FACES, People
from workbench.confirm import question
from workbench.wish import Wish, as_shown

if TYPE_CHECKING:
    from blocks.blending import Method
    from blocks.models.form import Form
    from data.records import Estimate
    from pipelines.lab import Lab
    from workbench.takes import Takes

__all__ = ["CHAINS", "KINDS", "Blends", "Met", "Point", "Source", "lineage_of"]

CHAINS = frozenset({BLEND, SWEEP})
KINDS = ("file", "character", "take")

LOOKED_AT = 300  # takes among which blends are looked for
HOLDS = 20.0  # seconds

_NOT_OF_A_BLEND = ("image", "mask", "strength", "control", "control_image", "control_scale")
_READ = "read into the prompt: this model has no adapter for it"
_HANDED = "handed to the model as a picture of its own"


@dataclass(frozen=True, slots=True)
class Source:
    """A parent as a page or a program names it.

    Attributes:
        key: what it goes by on a page.
        kind: one of `KINDS`.
        id: digest of a file, or id of a character or take.
        job: the search for faces in a file or take; "" where there was none yet.
        identity: which person of those found; -1 for the one seen most.
    """

    kind: str
    id: str
    name: str = ""
    weight: float = 1.0
    role: str = "face"
    key: str = ""
    job: str = ""
    identity: int = -1


@dataclass(frozen=True, slots=True)
class Met:
    """A parent as a page shows it.

    Attributes:
        picture: digest of what it looks like, or "".
        people: who was found in its files, where a person may choose; None for a character.
        why: what keeps it from being blended; "" while it can be, or while it is looked for.
        how: of an outfit or style, how the model will be told of it.
        busy: faces are being looked for.
    """

    source: Source
    picture: str = ""
    people: People | None = None
    why: str = ""
    how: str = ""
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a sweep: its number from 1, its weights, and the picture once it is there."""

    number: int
    weights: tuple[float, ...]
    take: TakeInfo | None = None


class Blends:
    """The blends of one lab, for the page."""

    def __init__(self, takes: Takes) -> None:
        self.takes = takes
        self.lab: Lab = takes.lab
        self._near: dict[tuple[str, int], tuple[float, list[Neighbour]]] = {}

    # Parents

    def add(self, user: User, kind: str, id: str, name: str = "", **more: Any) -> Source:
        """Somebody to take from; faces in a file or take are looked for at once.

        Raises:
            InputError, UnknownName: there is no such file, character or take.
        """
        if kind not in KINDS:
            raise InputError(f"A parent is a {', a '.join(KINDS)}; not {kind[:40]!r}.")
        authorize(user, "run" if kind != "character" else "view", f"{kind} {id[:40]}")
        source = Source(kind, id, name, key=secrets.token_hex(3), **more)
        if kind == "character":
            known = self.lab.character(id)
            return replace(source, id=known.id, name=known.name)
        source = replace(source, name=name or Path(self._file(source).name).stem)
        return self.look(user, source, source.identity)

    def look(self, user: User, source: Source, identity: int = -1) -> Source:
        """Look for faces in a parent's file, and take one of the people found."""
        authorize(user, "run", f"frames of {source.name}")
        if source.kind == "character":
            return source
        inputs: dict[str, Any] = {"sources": [self._file(source)], "identity": identity}
        title = f"Faces in {source.name}"[:120]
        job = _outside(self.lab.submit, FACES, inputs, user=user.name, title=title, parent=source.job or None)
        return replace(source, job=job.id, identity=identity)

    def meet(self, user: User, source: Source, form: Form) -> Met:
        """How a parent stands."""
        authorize(user, "view", f"parent {source.name}")
        how = "" if source.role == "face" else _HANDED if _way(form) not in ("", "faceid") else _READ
        try:
            if source.kind == "character":
                return self._known(source, how)
            return self._found(user, source, how)
        except LabError as error:
            return Met(source, why=str(error), how=how)

    def parents(self, user: User, sources: Sequence[Source]) -> list[Parent]:
        """The parents as the lab blends them.

        Raises:
            Conflict: faces are still looked for in one.
            InputError: one cannot give what its role needs; the message names it.
        """
        authorize(user, "view", "parents")
        return [self._parent(source) for source in sources]

    def _parent(self, source: Source) -> Parent:
        weight, role = source.weight, source.role
        if source.kind == "character":
            return parents.of_character(self.lab, self.lab.character(source.id), weight, role)
        file, take = self._file(source), source.id if source.kind == "take" else ""
        name = source.name or Path(file.name).stem
        if role != "face" and file.media_type.startswith("image/"):
            return replace(parents.of_picture(file, name, role), take=take)
        if not source.job:
            raise InputError(f"Nobody has looked for faces in {name} yet; do that first.")
        return parents.of_job(self.lab, self.lab.job(source.job), name, weight, role, take)

    def _known(self, source: Source, how: str) -> Met:
        known = self.lab.character(source.id)
        found = parents.of_character(self.lab, known, role=source.role)
        return Met(replace(source, name=known.name), found.picture.digest if found.picture else "", how=how)

    def _found(self, user: User, source: Source, how: str) -> Met:
        file = self._file(source)
        still = file.media_type.startswith("image/")
        people = self._people(user, source.job) if source.job else None
        if people is None or (people.job.state in FINAL and people.job.state != "SUCCEEDED"):
            told = people.job.error or "The search was stopped." if people else "Faces were not looked for yet."
            return Met(source, file.digest, people, "" if source.role != "face" and still else told, how)
        busy = people.job.state not in FINAL
        chosen = next((one for one in people.people if one.identity == source.identity), None)
        chosen = chosen or next(iter(people.people), None)
        face = chosen.face.digest if chosen and chosen.face and source.role == "face" else ""
        return Met(source, face or file.digest, people, how=how, busy=busy)

    def _people(self, user: User, job: str) -> People:
        from workbench.casting import Casting

        return Casting(self.lab).people(user, job)

    def _file(self, source: Source) -> FileRef:
        return self.lab.take(source.id).picture if source.kind == "take" else self.lab.file(source.id)

    # What can be done

    def methods(self, form: Form, faces: int) -> list[Method]:
        """What a model can do with so many faces, the default first; each with its line."""
        from blocks.blending import methods_for

        return methods_for(_way(form), max(1, faces))

    def cast(self, user: User) -> list[CharacterInfo]:
        """Characters that can be parents."""
        authorize(user, "view", "characters")
        return self.lab.characters(limit=60)

    # Drawing

    def blend(
        self, user: User, wish: Wish, sources: Sequence[Source], method: str, sweep: int, once: str
    ) -> list[JobInfo]:
        """Queue pictures of the parents, or with `sweep` one job with a strip of so many between them.

        Raises:
            Conflict, InputError: see `parents` and `pipelines.blends.Blends.blend`.
        """
        authorize(user, "run", "a blend")
        form = self.takes.form(user, wish.model)
        settings = _settings(wish, form)
        found = self.parents(user, sources)
        jobs: list[JobInfo] = _outside(
            self.lab.blend,
            found,
            wish.prompt,
            method=method,
            sweep=sweep,
            count=wish.count,
            seed=wish.seed,
            model=wish.model,
            once=once or None,
            user=user.name,
            **settings,
        )
        return jobs

    def estimate(self, user: User, wish: Wish, sweep: int = 0) -> list[Estimate]:
        """Time and space of the pictures, before anything is started; empty where it cannot be told."""
        authorize(user, "view", "pictures")
        inputs = {**wish.settings, "model": wish.model, "prompt": wish.prompt}
        try:
            one: Estimate = _outside(self.lab.estimate, BLEND, inputs)
        except LabError:
            return []
        count = sweep or wish.count
        size = None if one.bytes is None else one.bytes * count
        return [replace(one, seconds=None if one.seconds is None else one.seconds * count, bytes=size)]

    def question(self, user: User, wish: Wish, sweep: int = 0) -> str:
        """What to ask before they are drawn, "" if the work stays below the limits."""
        return question(self.estimate(user, wish, sweep), self.lab.settings)

    # What came of it

    def jobs(self, user: User, limit: int = 200) -> list[JobInfo]:
        """Blends and sweeps, newest first."""
        authorize(user, "view", "jobs")
        return [job for job in self.lab.jobs(limit=limit) if job.pipeline in CHAINS]

    def points(self, user: User, job: str) -> list[Point]:
        """The points of a sweep in their order, those that are drawn with their pictures."""
        authorize(user, "view", f"job {job}")
        info = self.lab.job(job)
        if info.pipeline != SWEEP:
            raise UnknownName(f"{info.title} is no sweep; choose one that is.")
        takes = self.lab.takes(job=job, hidden=True, limit=64)
        made = {tuple(take.settings["blend"]["weights"]): take for take in takes}
        return [Point(number, tuple(one), made.get(tuple(one))) for number, one in points_of(info).items()]

    def drawn(self, user: User, jobs: Sequence[JobInfo], most: int) -> list[TakeInfo]:
        """The newest pictures of some jobs, so many at most; asked for in one go, for a page asks often."""
        authorize(user, "view", "takes")
        wanted = {job.id for job in jobs}
        return [take for take in self.lab.takes(limit=LOOKED_AT) if take.job in wanted][:most] if wanted else []

    def near(self, user: User, take: str, k: int = 3) -> list[Neighbour]:
        """Who in the lab is most like the face in a picture; an answer holds for a while, for a page asks often."""
        authorize(user, "view", f"take {take}")
        known = self._near.get((take, k))
        if known is None or time.monotonic() - known[0] > HOLDS:
            if len(self._near) > 100:
                self._near.clear()
            known = self._near[take, k] = time.monotonic(), self.lab.neighbours(take, k)
        return known[1]

    def keep(self, user: User, take: str, name: str, fields: Mapping[str, Any] | None = None) -> CharacterInfo:
        """Make a character of the person in a picture."""
        authorize(user, "run", f"take {take}")
        return self.lab.keep_blend(take, name, fields=fields, user=user.name)

    def lineage(self, user: User, character: str) -> Lineage:
        """Who a character was made of, and who was made of it."""
        return lineage_of(self.lab, user, character)


def lineage_of(lab: Lab, user: User, character: str) -> Lineage:
    """Who a character was made of, and who was made of it."""
    authorize(user, "view", f"character {character}")
    return lab.lineage(character)


def _way(form: Form) -> str:
    return form.best.name if form.best else ""


def _settings(wish: Wish, form: Form) -> dict[str, Any]:
    """What the chain takes of a form, the weight of the face as the form shows it."""
    wrong = [name for name in _NOT_OF_A_BLEND if name in wish.settings]
    if wrong:
        raise InputError(f"A blend starts from faces, so it takes no {wrong[0].replace('_', ' ')}; leave it out.")
    return as_shown(wish, form)


def _outside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Call the lab as if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
    return Context().run(call, *args, **named)
