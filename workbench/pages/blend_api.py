"""Blend for programs: named endpoints that take and give plain JSON. By example: docs/api.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError
from workbench.access import who
from workbench.blends import KINDS, Source
from workbench.pages.blend_acts import Room
from workbench.pages.wiring import record, told

__all__ = ["endpoints"]

_FIELDS = frozenset({"name", "weight", "role", "job", "identity"})


def endpoints(room: Room) -> None:
    """Register them on the page that is being built."""
    for endpoint in (*_drawing(room), *_kept(room)):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _drawing(room: Room) -> tuple[Callable[..., Any], ...]:
    """Parents are met, blended, and drawn along the way between them."""
    blends, takes = room.blends, room.takes

    def blend_parent(parent: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Meet a parent, `{"file": digest}`, `{"take": id}` or `{"character": id}`, with `weight`, `role`, `identity`.

        Faces in a file or take are looked for by the job it answers with."""
        source = _source(parent)
        more = {name: getattr(source, name) for name in ("weight", "role", "identity")}
        met = blends.add(who(request), source.kind, source.id, source.name, **more)
        return {met.kind: met.id, **{name: value for name, value in record(met).items() if name in _FIELDS}}

    def blend_methods(model: str, faces: int, request: gr.Request) -> list[dict[str, Any]]:
        """What a model ("" is the lab's own) can do with so many faces, the default first."""
        form = takes.form(who(request), model)
        return [record(one) for one in blends.methods(form, int(faces))]

    def blend(
        settings: dict[str, Any], parents: list[dict[str, Any]], method: str, once: str, request: gr.Request
    ) -> list[dict[str, Any]]:
        """Queue pictures of parents as `/blend_parent` gives them, a job each; `settings` as in `/generate`."""
        user = who(request)
        wish = takes.wish(user, settings)
        jobs = blends.blend(user, wish, _sources(parents), method, 0, once or uuid4().hex)
        return [record(job) for job in jobs]

    def blend_sweep(
        settings: dict[str, Any],
        parents: list[dict[str, Any]],
        method: str,
        points: int,
        once: str,
        request: gr.Request,
    ) -> dict[str, Any]:
        """Queue one job with so many pictures from the first parent's face to the last one's, all with one seed."""
        user = who(request)
        wish = takes.wish(user, settings)
        if int(points) < 2:
            raise InputError(f"A sweep has 2 pictures or more, not {points}.")
        [job] = blends.blend(user, wish, _sources(parents), method, int(points), once or uuid4().hex)
        return record(job)

    def blend_points(job: str, request: gr.Request) -> list[dict[str, Any]]:
        """The points of a sweep: number, weights, and once it is there the take with its likeness to each parent."""
        return [record(point) for point in blends.points(who(request), job)]

    return blend_parent, blend_methods, blend, blend_sweep, blend_points


def _kept(room: Room) -> tuple[Callable[..., Any], ...]:
    """Who a picture is like, a character made of it, and who came of whom."""
    blends = room.blends

    def blend_near(take: str, request: gr.Request) -> list[dict[str, Any]]:
        """The characters and takes whose faces are nearest to a take's, best first."""
        return [record(one) for one in blends.near(who(request), take)]

    def blend_keep(take: str, name: str, request: gr.Request) -> dict[str, Any]:
        """Make a character of the person in a blended picture."""
        return record(blends.keep(who(request), take, name))

    def character_lineage(character: str, request: gr.Request) -> dict[str, Any]:
        """Who a character was made of, in which way, and who was made of it."""
        return record(blends.lineage(who(request), character))

    return blend_near, blend_keep, character_lineage


def _sources(given: Sequence[dict[str, Any]]) -> list[Source]:
    if not isinstance(given, list):
        raise InputError("parents are a list, each as /blend_parent gives it.")
    return [_source(one) for one in given]


def _source(given: dict[str, Any]) -> Source:
    """A parent that a program names.

    Raises:
        InputError: it names none or several, or something in it is not known or of another kind.
    """
    kinds = [kind for kind in KINDS if isinstance(given, dict) and given.get(kind)]
    if len(kinds) != 1:
        raise InputError(f"A parent is named by one of {', '.join(KINDS)}.")
    unknown = sorted(given.keys() - {*_FIELDS, *KINDS})
    if unknown:
        raise InputError(f"A parent has no {unknown[0][:40]!r}; it may have {', '.join(sorted(_FIELDS))}.")
    try:
        return Source(
            kinds[0],
            str(given[kinds[0]]),
            str(given.get("name") or ""),
            float(given.get("weight", 1.0)),
            str(given.get("role") or "face"),
            job=str(given.get("job") or ""),
            identity=int(given.get("identity", -1)),
        )
    except (TypeError, ValueError) as error:
        raise InputError(f"A parent's weight and identity are numbers ({error}).") from None
