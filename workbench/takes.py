"""What the Generate page asks of the lab: takes, models to draw with, and pictures to be drawn.

Each call takes the person who asks, and asks whether they may.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError, LabError, UnknownName
from data.records import FINAL, FileRef, JobInfo, TakeInfo
from workbench.access import User, authorize
from workbench.confirm import question
from workbench.wish import FILES, Wish, as_shown, filled, read_wish

if TYPE_CHECKING:
    from blocks.models.form import Form
    from blocks.prompts import Prompt
    from blocks.settings_files import Found
    from data.records import Estimate
    from pipelines.lab import Lab
    from pipelines.models import ModelInfo
    from workbench.services import Entry, Item, Services

__all__ = ["ACTORS", "CHAINS", "PAGE", "Page", "Takes", "Whom"]

CHAINS = frozenset({"actor_to_character", "draw_character", "generate_picture"})
"""Chains whose jobs are the page's."""

PAGE = 60
MOST_LOOKED_AT = 3000  # takes that are looked through for one page of a narrow view
ACTOR_SECONDS, ACTOR_RATE = 3.0, 8  # enough frames to choose among, and quick to draw

ACTORS = (
    *(2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 23, 24, 26, 27, 28, 29, 32, 34, 36, 37, 38, 39, 40),
    *(41, 42, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 59),
)
"""Of sixty rendered actors, those in whose clip the lab's own recogniser sees one person; a quarter it takes for two,
which is no beginning for somebody who only wants to see what the lab does."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is to be seen: frames of a person, a character, or nobody.

    Attributes:
        files: entries of files with the person in them.
        identity: which person of the frames, -1 for the one seen most.
        character: id or slug, or "".
    """

    files: tuple[Entry, ...] = ()
    identity: int = -1
    character: str = ""

    @property
    def anybody(self) -> bool:
        return bool(self.files or self.character)


@dataclass(frozen=True, slots=True)
class Page:
    """Takes of the gallery, and the one after which older ones follow ("" if these are all)."""

    takes: tuple[TakeInfo, ...]
    more: str = ""


class Takes:
    """The takes of one lab, for the page."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.lab: Lab = services.lab
        self._carries = lru_cache(maxsize=512)(self._looked)

    # Takes

    def page(self, user: User, show: str = "all", character: str = "", wanted: int = PAGE) -> Page:
        """The newest takes of a view of the gallery.

        Args:
            show: "all", "kept", "starred", "under" (below the gate) or "hidden".
            wanted: how many to show.
        """
        authorize(user, "view", "takes")
        found: list[TakeInfo] = []
        before, looked = None, 0
        while len(found) <= wanted and looked < MOST_LOOKED_AT:
            some = self.lab.takes(
                character=character or None,
                stars=1 if show == "starred" else 0,
                hidden=show == "hidden",
                before=before,
                limit=min(500, wanted + 1),
            )
            found += [take for take in some if _belongs(take, show)]
            looked += len(some)
            if len(some) < min(500, wanted + 1):
                break
            before = some[-1].id
        more = found[wanted - 1].id if len(found) > wanted else ""
        return Page(tuple(found[:wanted]), more)

    def take(self, user: User, take: str) -> TakeInfo:
        """One take; `UnknownName` if there is none."""
        authorize(user, "view", f"take {take}")
        return self.lab.take(take)

    def tries(self, user: User, take: TakeInfo) -> list[TakeInfo]:
        """Every take of the same job, the first try first."""
        authorize(user, "view", f"take {take.id}")
        if not take.job:
            return [take]
        return sorted(self.lab.takes(job=take.job, hidden=True, limit=64), key=lambda one: one.attempt)

    def star(self, user: User, take: str, stars: int) -> TakeInfo:
        """Give a take 0 to 5 stars."""
        authorize(user, "run", f"take {take}")
        return self.lab.star(take, stars, user=user.name)

    def keep(self, user: User, take: str, kept: bool = True) -> TakeInfo:
        """Choose a take, or take the mark off; the others stay."""
        authorize(user, "run", f"take {take}")
        return self.lab.keep_take(take, kept, user=user.name)

    def hide(self, user: User, take: str, hidden: bool = True) -> TakeInfo:
        """Take a take out of the gallery, or put it back."""
        authorize(user, "run", f"take {take}")
        return self.lab.hide_take(take, hidden, user=user.name)

    def set_base_face(self, user: User, take: str, character: str) -> str:
        """Make a take a character's base face; the character's name."""
        authorize(user, "run", f"character {character}")
        return self.lab.set_base_face(character, take, user=user.name).name

    # Models and prompts

    def models(self, user: User) -> list[ModelInfo]:
        """Models that draw and may run, the lab's own first."""
        authorize(user, "view", "models")
        return [one for one in self.lab.models() if one.kind == "generate" and one.approval == "approved"]

    def form(self, user: User, model: str = "") -> Form:
        """The form of a model; that of the lab's own small one where it cannot be had, so that a page can be shown."""
        authorize(user, "view", "models")
        try:
            return self.lab.model_form(model)
        except LabError:
            from blocks.models.families import profile
            from blocks.models.form import form_of

            return form_of(profile("pocket"))

    def report(self, user: User, model: str, prompt: str) -> Prompt | None:
        """What a model is sent of a prompt; None where that cannot be told."""
        authorize(user, "view", "models")
        try:
            return self.lab.prompt_report(model, prompt)
        except LabError:
            return None

    # Drawing

    def wish(self, user: User, values: Mapping[str, Any]) -> Wish:
        """A filled form, checked."""
        return read_wish(values, self.form(user, str(values.get("model") or "")))

    def generate(
        self, user: User, wish: Wish, whom: Whom, once: str, *, batch: str = "", label: str = ""
    ) -> list[JobInfo]:
        """Queue the pictures; the same with the same `once` again gives the same jobs.

        Args:
            batch, label: what the jobs belong to, and what their takes are called; "" for neither.

        Raises:
            InputError: nothing is said of what to draw, or a value cannot be used.
        """
        authorize(user, "run", "pictures")
        if not wish.prompt and not whom.anybody and "image" not in wish.settings:
            raise InputError("Say what the picture should show, or bring somebody to draw.")
        given = self._asked(user, wish, whom) | {"batch": batch, "label": label}
        jobs: list[JobInfo] = _outside(
            self.lab.generate, wish.prompt, count=wish.count, seed=wish.seed, once=once or None, user=user.name, **given
        )
        return jobs

    def estimate(self, user: User, wish: Wish, whom: Whom) -> list[Estimate]:
        """Time and space of the pictures, before anything is started; empty where it cannot be told."""
        authorize(user, "view", "pictures")
        given = self._asked(user, wish, whom)
        chain, inputs = _chain_for(given, wish)
        try:
            one: Estimate = _outside(self.lab.estimate, chain, inputs)
        except LabError:
            return []
        size = None if one.bytes is None else one.bytes * wish.count
        return [replace(one, seconds=None if one.seconds is None else one.seconds * wish.count, bytes=size)]

    def question(self, user: User, wish: Wish, whom: Whom) -> str:
        """What to ask before they are drawn, "" if the work stays below the limits."""
        return question(self.estimate(user, wish, whom), self.lab.settings)

    def jobs(self, user: User, limit: int = 60) -> list[JobInfo]:
        """The page's jobs, newest first."""
        authorize(user, "view", "jobs")
        return [job for job in self.lab.jobs(limit=limit) if job.pipeline in CHAINS]

    def cancel(self, user: User, jobs: Sequence[str]) -> None:
        """Stop jobs."""
        for job in jobs:
            authorize(user, "manage", f"job {job}")
            self.lab.cancel(job, user=user.name)

    def cancel_all(self, user: User) -> int:
        """Stop all that this person's pictures still do; how many there were."""
        mine = [job.id for job in self.jobs(user, 200) if job.user == user.name and job.state not in FINAL]
        self.cancel(user, mine)
        return len(mine)

    def retry(self, user: User, job: str) -> JobInfo:
        """Queue a failed one again."""
        authorize(user, "manage", f"job {job}")
        return self.lab.retry(job, user=user.name)

    def _asked(self, user: User, wish: Wish, whom: Whom) -> dict[str, Any]:
        """The arguments of `Lab.generate`; pictures to start from are drawn without the quality loop."""
        loops = whom.anybody and "image" not in wish.settings
        settings = as_shown(wish, self.form(user, wish.model)) if loops else dict(wish.settings)
        for name in FILES:
            if name in settings:
                settings[name] = self.file(user, settings[name])
        given: dict[str, Any] = {"model": wish.model, **settings}
        if not loops:
            return given
        frames = [self.file(user, entry["digest"]) for entry in whom.files]
        if frames:
            given |= {"actor": frames, "identity": whom.identity}
        if whom.character:
            given["character"] = whom.character
        return given | wish.loop

    # Files

    def file(self, user: User, digest: str) -> FileRef:
        """A file of the lab."""
        authorize(user, "view", f"file {digest[:12]}")
        return self.lab.file(digest)

    def sample_actor(self, user: User, seed: int) -> Item:
        """A clip of an actor whom nobody has seen, rendered and brought into the lab."""
        from blocks.pocket.clip import render_clip

        authorize(user, "run", "a rendered actor")
        with tempfile.TemporaryDirectory(dir=self.services.uploads) as folder:
            clip = render_clip(seed, ACTOR_SECONDS, Path(folder) / f"actor-{seed}.mp4", ACTOR_RATE)
            digest = self.lab.import_file(clip, clip.name, user=user.name).digest
        return self.services.items(user, [{"digest": digest, "name": clip.name}])[0]

    def fetch(self, user: User, address: str) -> Item:
        """A picture or clip from an address of the web.

        Raises:
            InputError: it is no such address, leads into this machine's own network, or is no picture or clip.
        """
        from blocks.fetch import fetch

        authorize(user, "run", "an address")
        with tempfile.TemporaryDirectory(dir=self.services.uploads) as folder:
            path = fetch(address.strip(), Path(folder))
            return self.services.take_in(user, str(path))

    def settings_in(self, user: User, digest: str) -> Found:
        """The settings that a picture of the lab, of A1111 or of ComfyUI carries.

        Raises:
            InputError: it carries none.
        """
        from blocks.settings_files import read_settings

        authorize(user, "view", f"file {digest[:12]}")
        found = read_settings(Path(self.lab.media(digest).path))
        kept, notes = {}, list(found.notes)
        for name, value in found.settings.items():
            if name in FILES and not self._has(value):
                notes.append(f"The {name.replace('_', ' ')} {value.get('name') or ''} is not in this lab.")
                continue
            kept[name] = value
        return replace(found, settings=kept, notes=tuple(notes))

    def carries(self, digest: str) -> bool:
        """Whether a picture carries settings; bytes do not change, so it is looked at once."""
        return self._carries(digest)

    def _looked(self, digest: str) -> bool:
        from blocks.settings_files import read_settings

        try:
            return bool(read_settings(Path(self.lab.media(digest).path)).settings)
        except (LabError, OSError):
            return False

    def fill(self, user: User, settings: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
        """Settings as the form holds them, and what it cannot hold; a model that is not here gives way to the lab's."""
        here = {one.name for one in self.models(user) if one.state == "here"}
        model = str(settings.get("model") or "")
        notes = []
        if model and model not in here:
            notes.append(f"The model {model} is not here; the one that is chosen stays.")
            model = ""
        values, more = filled(settings, self.form(user, model))
        return {"model": model, **values} if model else values, [*notes, *more]

    def _has(self, value: Any) -> bool:
        try:
            self.lab.media(str(value.get("digest")))
        except (UnknownName, AttributeError):
            return False
        return True


def _outside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Call the lab as if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
    return Context().run(call, *args, **named)


def _belongs(take: TakeInfo, show: str) -> bool:
    if show == "kept":
        return take.kept
    if show == "under":
        return bool(take.score and take.score.get("scorable") and not take.score.get("passed"))
    return take.hidden if show == "hidden" else True


def _chain_for(given: Mapping[str, Any], wish: Wish) -> tuple[str, dict[str, Any]]:
    """The chain that a call of `Lab.generate` leads to, for an estimate."""
    inputs = {name: value for name, value in given.items() if name not in ("actor", "character", "identity")}
    inputs |= {"prompt": wish.prompt, "seed": wish.seed or 0}
    if "actor" in given:
        return "actor_to_character", {**inputs, "sources": given["actor"], "identity": given["identity"]}
    not_of_words = ("quality_threshold", "max_iterations", "mode", "adapter")
    return "generate_picture", {name: value for name, value in inputs.items() if name not in not_of_words}
