"""Enhance: files in, options, one button, and the result beside what went in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError, LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.components.views import ACTIVE, chosen_view, job_view, result_view
from workbench.pages.enhance_api import endpoints
from workbench.pages.enhance_form import (
    Form,
    clip_note,
    estimate_words,
    form,
    has_denoise,
    model_choices,
    options_of,
    picture_note,
    scale_choices,
)
from workbench.pages.wiring import ON_ACT, POLL_BUSY, POLL_IDLE, QUIET, acted, remember, told, when_opened
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Enhance"
SLUG = "enhance"

Chosen = list[dict[str, str]]
"""The files on the form as the browser holds them: `digest` and `name` of each."""

PIPELINES = frozenset({"enhance_picture", "enhance_clip"})
RECENT = 8


@dataclass(frozen=True)
class View:
    """The right-hand side: one job large, the others small, and the clock that keeps them fresh."""

    stage: Any
    recent: Any
    clock: Any
    current: Any

    @property
    def outputs(self) -> list[Any]:
        return [self.stage, self.recent, self.clock, self.current]


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    with gr.Row(elem_classes="workplace", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            page = form(services.catalogue)
        with gr.Column(elem_classes="main", min_width=320):
            stage = gr.HTML(parts.stage(None), js_on_load=ON_ACT, elem_id="stage", apply_default_css=False)
            recent = gr.HTML("", js_on_load=ON_ACT, elem_id="recent", apply_default_css=False)
    view = View(stage, recent, gr.Timer(POLL_IDLE), gr.Textbox(visible=False))
    _files(services, page, view)
    _options(services, page)
    _start(services, page, view)
    _watch(services, view)
    endpoints(services)


def _files(services: Services, page: Form, view: View) -> None:
    """Files come in by upload or as a sample, and leave by their cross."""
    shown = [page.chosen, page.listing, page.problems, page.pictures, page.clips, page.start]

    @told
    def add(files: list[dict[str, Any]] | None, chosen: Chosen | None, request: gr.Request) -> Any:
        user, known, wrong = who(request), list(chosen or []), []
        for file in files or []:
            try:
                known.append(services.take_in(user, file["path"]).entry)
            except LabError as error:
                wrong.append(str(error))
        return None, *_chosen(services, user, known, wrong)

    @told
    def act(chosen: Chosen | None, request: gr.Request, event: gr.EventData) -> Any:
        user, known = who(request), list(chosen or [])
        if event.act == "drop":
            known = [item.entry for item in services.items(user, known) if item.digest != event.id]
        elif event.act == "sample":
            known.append(services.sample(user, event.id).entry)
        else:
            return (gr.skip(),) * len(shown)
        return _chosen(services, user, known)

    def opened(sample: str, request: gr.Request) -> Any:
        if sample not in ("picture", "clip"):
            return (gr.skip(),) * len(shown)
        return _chosen(services, who(request), [services.sample(who(request), sample).entry])

    # Not preprocessed: that would leave an empty file beside each upload.
    uploaded = {"api_visibility": "private", "preprocess": False, **QUIET}
    page.files.upload(add, [page.files, page.chosen], [page.files, *shown], **uploaded)
    page.listing.click(act, page.chosen, shown, api_visibility="private", **QUIET)
    view.stage.click(act, page.chosen, shown, api_visibility="private", **QUIET)
    when_opened(opened, page.chosen, shown, "sample")
    _sent_here(services, page, shown)


def _sent_here(services: Services, page: Form, shown: list[Any]) -> None:
    """A file of the lab that another page sends along in the address."""

    @told
    def sent(digest: str, request: gr.Request) -> Any:
        if not digest:
            return (gr.skip(),) * len(shown)
        return _chosen(services, who(request), [{"digest": digest, "name": ""}])

    when_opened(sent, page.chosen, shown, "file")


def _chosen(services: Services, user: User, chosen: Chosen, wrong: Sequence[str] = ()) -> tuple[Any, ...]:
    """Everything on the form that follows from which files are chosen."""
    items = list({item.digest: item for item in services.items(user, chosen)}.values())
    kinds = {item.facts.kind for item in items} or {"picture", "clip"}
    return (
        [item.entry for item in items],
        parts.chosen(chosen_view(items)),
        parts.problems(wrong),
        gr.Column(visible="picture" in kinds),
        gr.Column(visible="clip" in kinds),
        gr.Button(f"Enhance {len(items)} files" if len(items) > 1 else "Enhance", interactive=bool(items)),
    )


def _options(services: Services, page: Form) -> None:
    """Estimate and comments follow the form."""

    def estimate(request: gr.Request, chosen: Chosen | None, *fields: Any) -> tuple[str, str, str, Any]:
        user, options = who(request), options_of(fields)
        custom = gr.Textbox(visible=options.rate == "custom")
        try:
            items = services.items(user, chosen or [])
            words = parts.estimate(*estimate_words(services.estimate(user, chosen or [], options)))
            pictures, clips = (note(services.catalogue, options, items) for note in (picture_note, clip_note))
        except InputError as error:
            return parts.estimate(str(error)), "", "", custom
        return words, parts.note(pictures), parts.note(clips), custom

    def offers(model: str, scale: int) -> Any:
        choices, value = scale_choices(services.catalogue, model, scale)
        moved = {} if value == scale else {"value": value}  # a size chosen meanwhile is not taken back
        return gr.Radio(choices=choices, **moved), gr.Slider(visible=has_denoise(services.catalogue, model))

    def choices(_: str) -> Any:
        pictures, faces, clips, methods = model_choices(services.catalogue)
        return (
            gr.Dropdown(choices=pictures),
            gr.Dropdown(choices=faces, visible=len(faces) > 1),
            gr.Dropdown(choices=clips),
            gr.Dropdown(choices=methods),
            parts.missing(services.catalogue.missing()),
        )

    model, scale, denoise, restore, _, clip_model, _, _, interpolator, _ = page.fields
    when_opened(choices, page.chosen, [model, restore, clip_model, interpolator, page.missing], "from")
    model.change(offers, [model, scale], [scale, denoise], api_visibility="private", **QUIET)
    reads = [page.chosen, *page.fields]
    writes = [page.estimate, page.picture_note, page.clip_note, page.fps]
    changes = [part.change for part in reads]
    gr.on(changes, estimate, reads, writes, api_visibility="private", trigger_mode="always_last", **QUIET)


def _start(services: Services, page: Form, view: View) -> None:
    """The button; long or large work is asked about first. The page's token makes two clicks one job."""
    token = gr.Textbox(visible=False)
    asked = gr.HTML("", js_on_load=ON_ACT, elem_id="asked", apply_default_css=False)

    def submit(request: gr.Request, event: gr.EventData, chosen: Chosen | None, once: str, *fields: Any) -> Any:
        answer = acted(event)
        if answer == "dismiss":
            return "", *(gr.skip(),) * 5
        user, options = who(request), options_of(fields)
        try:
            question = "" if answer == "confirm" else services.question(user, chosen or [], options)
            if question:
                return parts.confirm("Start this?", question, yes="Start"), "", *(gr.skip(),) * 4
            jobs = services.enhance(user, chosen or [], options, once)
        except LabError as error:
            return "", parts.problems([str(error)]), *(gr.skip(),) * 4
        return "", "", *_look(services, user, jobs[0].id, POLL_IDLE)

    def fresh_token(_: str) -> str:
        return uuid4().hex

    for part in (page.start, asked):
        part.click(
            submit,
            [page.chosen, token, *page.fields],
            [asked, page.problems, *view.outputs],
            api_visibility="private",
            **QUIET,
        ).then(None, view.current, None, js=remember("stage"))
    when_opened(fresh_token, token, token, "once")


def _watch(services: Services, view: View) -> None:
    """The clock looks at the lab; buttons on jobs act on it.

    Which job is looked at is set by acts only: a tick that was under way meanwhile answers for the job before.
    """

    def tick(current: str, pace: float, request: gr.Request) -> Any:
        return _look(services, who(request), current, pace)[:3]

    @told
    def act(current: str, pace: float, request: gr.Request, event: gr.EventData) -> Any:
        user = who(request)
        if event.act == "cancel":
            services.cancel(user, event.id)
        elif event.act == "retry":
            services.retry(user, event.id)
        elif event.act != "open":
            return (gr.skip(),) * 4
        return _look(services, user, event.id, pace)

    def opened(job: str, request: gr.Request) -> Any:
        return _look(services, who(request), job or _running(services, who(request)), POLL_IDLE)

    reads = [view.current, view.clock]
    view.clock.tick(tick, reads, view.outputs[:3], api_visibility="private", **QUIET)
    for part in (view.stage, view.recent):
        done = part.click(act, reads, view.outputs, api_visibility="private", **QUIET)
        done = done.then(None, view.current, None, js=remember("stage"))
        done.then(tick, reads, view.outputs[:3], api_visibility="private", **QUIET)
    found = when_opened(opened, view.current, view.outputs, "job")
    found.then(None, view.current, None, js=remember("stage"))


def _running(services: Services, user: User) -> str:
    """The job of this person that runs now, so that a page opened anew finds it."""
    jobs = (job for job in services.jobs(user, limit=RECENT) if job.pipeline in PIPELINES)
    return next((job.id for job in jobs if job.state in ACTIVE and job.user == user.name), "")


def _look(services: Services, user: User, current: str, pace: float) -> tuple[Any, Any, Any, str]:
    """Stage, list and clock for the job that is looked at."""
    jobs = [job for job in services.jobs(user, limit=3 * RECENT) if job.pipeline in PIPELINES][:RECENT]
    wanted = POLL_BUSY if any(job.state in ACTIVE for job in jobs) else POLL_IDLE
    clock = gr.skip() if pace == wanted else gr.Timer(wanted)
    try:
        job = job_view(services.job(user, current)) if current else None
        stage = parts.stage(job, *(result_view(services, user, job) if job else ()))
    except LabError as error:
        stage = parts.empty("This job cannot be shown", str(error))
    return stage, parts.recent([job_view(job) for job in jobs], current), clock, current
