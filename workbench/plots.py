"""X/Y/Z plots: one picture for every combination of some settings' values, and all of them put into one.

Each picture is a job and a take like any other; its place is its label. What the whole is to look like is kept as a
small file of the lab and named in the jobs' batch, so a plot is put together whenever its last picture is there,
whoever looks then.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError, LabError
from data.records import FINAL, FileRef, JobInfo
from workbench.access import User, authorize
from workbench.confirm import question
from workbench.takes import CHAINS, Takes, Whom
from workbench.wish import Wish, read_wish

if TYPE_CHECKING:
    from blocks.models.form import Field, Form

__all__ = ["COMPOSE", "MOST_CELLS", "Axis", "Plan", "Plots", "read_axis"]

COMPOSE = "compose_plot"
MOST_CELLS = 144
MOST_VALUES = 24

_BATCH = re.compile(r"plot-([0-9a-f]{64})-.*")
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_STEPPED = re.compile(rf"({_NUMBER})\s*-\s*({_NUMBER})\s*\(\s*\+?\s*({_NUMBER})\s*\)")
_COUNTED = re.compile(rf"({_NUMBER})\s*-\s*({_NUMBER})\s*\[\s*(\d+)\s*\]")


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting and its values, with a heading each."""

    name: str
    label: str
    values: tuple[Any, ...]
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plot: one wish a place, along the first axis, then the second, then the third."""

    axes: tuple[Axis, ...]
    wishes: tuple[Wish, ...]
    labels: tuple[str, ...]
    title: str

    @property
    def count(self) -> int:
        return len(self.wishes)


class Plots:
    """The plots of one lab, for the page."""

    def __init__(self, takes: Takes) -> None:
        self.takes = takes
        self.lab = takes.lab

    def plan(self, user: User, values: Mapping[str, Any]) -> Plan:
        """What a form asks for: ``axis.x`` is a setting, ``values.x`` its values; so with y and z.

        Raises:
            InputError: there is no axis, a value cannot be used, or there are too many.
        """
        form = self.takes.form(user, str(values.get("model") or ""))
        plain = {name: value for name, value in values.items() if not name.startswith(("axis.", "values."))}
        axes = []
        for letter in "xyz":
            name = str(values.get(f"axis.{letter}") or "")
            if name:
                given = str(values.get(f"values.{letter}") or "")
                axes.append(read_axis(name, given, form, str(values.get("prompt") or "")))
        if not axes:
            raise InputError("Choose a setting for the plot, and its values.")
        count = prod(len(axis.values) for axis in axes)
        if count > MOST_CELLS:
            raise InputError(
                f"That plot has {count} pictures; at most {MOST_CELLS} are drawn for one. Take fewer values."
            )
        if len({axis.name for axis in axes}) < len(axes):
            raise InputError("Two axes have the same setting; choose another for one of them.")
        if not plain.get("seed") and "seed" not in {axis.name for axis in axes}:
            plain["seed"] = "0"  # pictures that are compared differ by the axes alone
        wishes, labels = [], []
        for places in product(*(range(len(axis.values)) for axis in reversed(axes))):
            chosen = list(zip(axes, reversed(places), strict=True))
            asked = {**plain, "count": 1, **{axis.name: axis.values[place] for axis, place in chosen}}
            wishes.append(replace(read_wish(asked, form), max_iterations=1))
            labels.append(" · ".join(_heading(axis, place) for axis, place in chosen))
        return Plan(tuple(axes), tuple(wishes), tuple(labels), str(values.get("prompt") or "")[:200])

    def question(self, user: User, plan: Plan, whom: Whom) -> str:
        """What to ask before it is drawn, "" if the work stays below the limits."""
        one = self.takes.estimate(user, replace(plan.wishes[0], count=plan.count), whom)
        return question(one, self.lab.settings)

    def draw(self, user: User, plan: Plan, whom: Whom, once: str) -> list[JobInfo]:
        """Queue every picture; the same with the same `once` again gives the same jobs."""
        authorize(user, "run", "a plot")
        batch = f"plot-{self._keep(user, plan)}-{once[:32]}"
        found = []
        for place, (wish, label) in enumerate(zip(plan.wishes, plan.labels, strict=True)):
            found += self.takes.generate(user, wish, whom, f"{once}/{place}", batch=batch, label=label)
        return found

    def look(self, user: User, limit: int = 6) -> list[tuple[JobInfo, FileRef | None]]:
        """Plots put together lately, newest first, each with its picture once it is there.

        Those whose last picture has come meanwhile are put together now.
        """
        authorize(user, "view", "plots")
        jobs = self.lab.jobs(limit=400)
        composed = {job.batch for job in jobs if job.pipeline == COMPOSE}
        batches = {job.batch for job in jobs if job.pipeline in CHAINS and job.batch and _BATCH.fullmatch(job.batch)}
        for batch in batches - composed:
            with suppress(LabError):  # the page goes on, and the next look tries again
                self._compose(user, str(batch))
        shown = [job for job in self.lab.jobs(limit=400) if job.pipeline == COMPOSE][:limit]
        return [(job, self._picture(job)) for job in shown]

    def _compose(self, user: User, batch: str) -> None:
        jobs = sorted(self.lab.jobs(batch=batch, limit=2 * MOST_CELLS), key=lambda job: job.created_at)
        plan = self._plan_of(batch)
        if plan is None or any(job.state not in FINAL for job in jobs) or len(jobs) < plan["count"]:
            return
        drawn = {place: picture for place, job in enumerate(jobs) if (picture := self._picture(job)) is not None}
        if not drawn:
            return
        inputs = {name: plan[name] for name in ("columns", "rows", "sheets", "title")}
        inputs |= {"pictures": list(drawn.values()), "places": list(drawn)}
        title = f"Plot of {plan['title'] or 'settings'}"[:120]
        submit = self.lab.submit
        # As if from no page: Gradio's parts, which chains are written with, have no values in a handler.
        Context().run(submit, COMPOSE, inputs, user=user.name, title=title, batch=batch, once=batch)

    def _picture(self, job: JobInfo) -> FileRef | None:
        if job.state != "SUCCEEDED":
            return None
        try:
            found = self.lab.result(job.id).get("picture")
        except LabError:
            return None
        return found if isinstance(found, FileRef) else None

    def _keep(self, user: User, plan: Plan) -> str:
        """The plan as a file of the lab; its digest."""
        axes = [[_heading(axis, place) for place in range(len(axis.values))] for axis in plan.axes]
        names = dict(zip(("columns", "rows", "sheets"), [*axes, [], []], strict=False))
        with tempfile.TemporaryDirectory(dir=self.takes.services.uploads) as folder:
            path = Path(folder) / "plot.json"
            path.write_text(json.dumps({**names, "title": plan.title, "count": plan.count}), encoding="utf-8")
            return self.lab.import_file(path, path.name, user=user.name).digest

    def _plan_of(self, batch: str) -> dict[str, Any] | None:
        named = _BATCH.fullmatch(batch)
        try:
            text = Path(self.lab.media(named[1]).path).read_text(encoding="utf-8") if named else ""
            return dict(json.loads(text))
        except (LabError, OSError, ValueError, TypeError):
            return None


def read_axis(name: str, given: str, form: Form, prompt: str) -> Axis:
    """An axis from its text: values with commas, ``4-20 (+4)`` (with steps), ``1-9 [5]`` (so many).

    Raises:
        InputError: the model has no such setting, or the text holds no values for it.
    """
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if name == "prompt":
        return _of_words(parts, prompt)
    field = form.field(name)
    if field is None:
        raise InputError(f"{form.title} has no setting {name[:60]!r} that a plot could vary.")
    values = _choices(field, parts) if field.kind == "choice" else [value for part in parts for value in _numbers(part)]
    if not values:
        raise InputError(f"{field.label}: give values with commas, as 4, 8, 12; or a range, as 4-20 (+4).")
    if len(values) > MOST_VALUES:
        raise InputError(f"{field.label}: {len(values)} values are too many for one axis; give at most {MOST_VALUES}.")
    words = {str(value): label for label, value in field.choices}
    return Axis(name, field.label, tuple(values), tuple(words.get(value, value) for value in values))


def _of_words(parts: Sequence[str], prompt: str) -> Axis:
    if len(parts) < 2 or parts[0] not in prompt:
        first = f"{parts[0]!r} is not in the prompt" if parts else "there are none"
        raise InputError(
            f"Words of the prompt: {first}. Give words that stand in it first, then what takes their place."
        )
    prompts = tuple(prompt.replace(parts[0], part, 1) for part in parts[:MOST_VALUES])
    return Axis("prompt", "Prompt", prompts, tuple(parts[:MOST_VALUES]))


def _choices(field: Field, parts: Sequence[str]) -> list[str]:
    known = {label.casefold(): str(value) for label, value in field.choices}
    known |= {str(value).casefold(): str(value) for _, value in field.choices}
    missing = [part for part in parts if part.casefold() not in known]
    if missing:
        there = ", ".join(label for label, _ in field.choices)
        raise InputError(f"{field.label}: {missing[0][:60]!r} is no choice; there are {there}.")
    return [known[part.casefold()] for part in parts]


def _numbers(part: str) -> Iterator[str]:
    """The numbers that one part of the text stands for, as texts."""
    stepped, counted = _STEPPED.fullmatch(part), _COUNTED.fullmatch(part)
    if stepped:
        low, high, step = (float(one) for one in stepped.groups())
        count = int((high - low) / step + 1e-9) + 1 if step and (high - low) / step >= 0 else 0
        if not 0 < count <= 10 * MOST_VALUES:
            raise InputError(f"The range {part[:60]!r} cannot be counted; write it as 4-20 (+4).")
        yield from (f"{low + step * place:.10g}" for place in range(count))
    elif counted:
        low, high, count = float(counted[1]), float(counted[2]), int(counted[3][:4])
        if not 1 < count <= 10 * MOST_VALUES:
            raise InputError(f"The range {part[:60]!r} needs 2 values or more; write it as 1-9 [5].")
        yield from (f"{low + (high - low) * place / (count - 1):.10g}" for place in range(count))
    else:
        yield part  # whether it is a number, and in range, is asked with the rest of the form


def _heading(axis: Axis, place: int) -> str:
    return axis.headings[place] if axis.name == "prompt" else f"{axis.label} {axis.headings[place]}"
