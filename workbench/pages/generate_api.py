"""Generate for programs: named endpoints that take and give plain JSON. By example: docs/api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError
from workbench.access import who
from workbench.pages.generate_acts import Room
from workbench.pages.wiring import record, told
from workbench.takes import Whom

__all__ = ["endpoints"]

MOST_LISTED = 1000


def endpoints(room: Room) -> None:
    """Register them on the page that is being built."""
    for endpoint in (*_drawing(room), *_takes(room)):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _drawing(room: Room) -> tuple[Callable[..., Any], ...]:
    """What is asked before pictures are drawn, and to draw them."""
    takes = room.takes

    def generate(
        settings: dict[str, Any], whom: dict[str, Any], once: str, request: gr.Request
    ) -> list[dict[str, Any]]:
        """Queue pictures, one job each. `settings` by the names of the form; `whom` may have `files`, `identity` or
        `character`. The same again with the same `once` gives the same jobs."""
        user = who(request)
        jobs = takes.generate(user, takes.wish(user, settings), _whom(whom), once or uuid4().hex)
        return [record(job) for job in jobs]

    def generate_estimate(settings: dict[str, Any], whom: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Time and space, before anything is started; `ask` says why a person would be asked first."""
        user = who(request)
        wish = takes.wish(user, settings)
        jobs = [record(one) for one in takes.estimate(user, wish, _whom(whom))]
        return {"jobs": jobs, "ask": takes.question(user, wish, _whom(whom))}

    def prompt_report(model: str, prompt: str, request: gr.Request) -> dict[str, Any]:
        """What a model is sent of a prompt: tokens, pieces, what is cut, words it does not know."""
        found = takes.report(who(request), model, prompt)
        if found is None:
            raise InputError(f"What {model or 'the lab’s own model'} is sent cannot be told; see whether it is here.")
        return record(found)

    def settings_read(file: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """The settings in a picture of the lab, A1111 or ComfyUI; `file` is what `gradio_client.handle_file` gives."""
        user = who(request)
        item = room.services.take_in(user, str(file.get("path") or ""))
        return record(takes.settings_in(user, item.digest))

    def plot(settings: dict[str, Any], whom: dict[str, Any], once: str, request: gr.Request) -> list[dict[str, Any]]:
        """Queue a picture for every combination of the axes (`axis.x`, `values.x`, ...); one job each."""
        user = who(request)
        plan = room.plots.plan(user, settings)
        return [record(job) for job in room.plots.draw(user, plan, _whom(whom), once or uuid4().hex)]

    def plots(request: gr.Request) -> list[dict[str, Any]]:
        """Plots that were put together, newest first, each with its picture."""
        return [
            {"job": record(job), "picture": record(picture) if picture else None}
            for job, picture in room.plots.look(who(request), 50)
        ]

    return generate, generate_estimate, prompt_report, settings_read, plot, plots


def _takes(room: Room) -> tuple[Callable[..., Any], ...]:
    """What is asked and said of takes."""
    known = room.takes

    def takes(show: str, character: str, limit: int, request: gr.Request) -> list[dict[str, Any]]:
        """Takes, newest first. `show`: all, kept, starred, under or hidden; `character`: id or slug, or ""."""
        page = known.page(who(request), show or "all", character, max(1, min(MOST_LISTED, int(limit))))
        return [record(take) for take in page.takes]

    def take(take: str, request: gr.Request) -> dict[str, Any]:
        """One take with its settings, its score, and every try of its job."""
        user = who(request)
        found = known.take(user, take)
        return {**record(found), "tries": [record(one) for one in known.tries(user, found)]}

    def take_star(take: str, stars: int, request: gr.Request) -> dict[str, Any]:
        """Give a take 0 to 5 stars."""
        return record(known.star(who(request), take, stars))

    def take_keep(take: str, kept: bool, request: gr.Request) -> dict[str, Any]:
        """Choose a take, or take the mark off; nothing is deleted."""
        return record(known.keep(who(request), take, kept))

    def take_hide(take: str, hidden: bool, request: gr.Request) -> dict[str, Any]:
        """Take a take out of the gallery, or put it back."""
        return record(known.hide(who(request), take, hidden))

    return takes, take, take_star, take_keep, take_hide


def _whom(given: dict[str, Any]) -> Whom:
    """Who is to be seen.

    Raises:
        InputError: something is given that is not known, or is of another kind.
    """
    unknown = sorted(given.keys() - {"files", "identity", "character"})
    if unknown:
        raise InputError(f"whom has no {unknown[0][:40]!r}; it may have files, identity and character.")
    files, identity = given.get("files") or [], given.get("identity", -1)
    if not isinstance(files, list) or not all(isinstance(one, dict) and "digest" in one for one in files):
        raise InputError('whom\'s files are a list of {"digest": ...} of files that the lab has.')
    if not isinstance(identity, int):
        raise InputError(f"whom's identity is a whole number, not {str(identity)[:40]!r}.")
    return Whom(tuple(files), identity, str(given.get("character") or ""))
