"""Jobs: all of them, what each did, and the buttons to stop or repeat one."""

from __future__ import annotations

from typing import Any

import gradio as gr

from blocks.errors import UnknownName
from workbench import components as parts
from workbench.access import User, who
from workbench.components.views import ACTIVE, STATES, job_view, log_times, step_view
from workbench.pages.wiring import ON_ACT, POLL_BUSY, POLL_IDLE, QUIET, record, remember, told, when_opened
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Jobs"
SLUG = "jobs"

MOST = 100


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    filters = [("All", "all"), *((title, state) for state, title in STATES.items())]
    state = gr.Radio(filters, value="all", label="Show", elem_classes="segments filter", elem_id="filter")
    with gr.Row(elem_classes="workplace reversed", equal_height=False):
        with gr.Column(elem_classes="main", min_width=320):
            table = gr.HTML("", js_on_load=ON_ACT, elem_id="jobs", apply_default_css=False)
        with gr.Column(elem_classes="side wide-side", min_width=300):
            detail = gr.HTML(parts.job_detail(None), js_on_load=ON_ACT, elem_id="detail", apply_default_css=False)
    clock = gr.Timer(POLL_IDLE)
    current = gr.Textbox(visible=False)
    reads, writes = [state, current, clock], [table, detail, clock, current]

    # Which job is looked at is set by acts only: a look that was under way meanwhile answers for the job before.
    def look(state: str, current: str, pace: float, request: gr.Request) -> Any:
        return _look(services, who(request), state, current, pace)[:3]

    @told
    def act(state: str, current: str, pace: float, request: gr.Request, event: gr.EventData) -> Any:
        user = who(request)
        if event.act == "cancel":
            services.cancel(user, event.id)
        elif event.act == "retry":
            services.retry(user, event.id)
        elif event.act == "open":
            current = event.id
        elif event.act == "close":
            current = ""
        return _look(services, user, state, current, pace)

    def opened(job: str, request: gr.Request) -> Any:
        return _look(services, who(request), "all", job, POLL_IDLE)

    clock.tick(look, reads, writes[:3], api_visibility="private", **QUIET)
    state.change(look, reads, writes[:3], api_visibility="private", **QUIET)
    for part in (table, detail):
        done = part.click(act, reads, writes, api_visibility="private", **QUIET)
        done = done.then(None, current, None, js=remember("detail"))
        done.then(look, reads, writes[:3], api_visibility="private", **QUIET)
    when_opened(opened, current, writes, "job").then(None, current, None, js=remember("detail"))
    _endpoints(services)


def _look(services: Services, user: User, state: str, current: str, pace: float) -> tuple[Any, Any, Any, str]:
    jobs = services.jobs(user, None if state == "all" else state, MOST)
    wanted = POLL_BUSY if any(job.state in ACTIVE for job in jobs) else POLL_IDLE
    clock = gr.skip() if pace == wanted else gr.Timer(wanted)
    try:
        detail = _detail(services, user, current)
    except UnknownName as error:
        detail = parts.problems([str(error)])
    return parts.job_table([job_view(job) for job in jobs], current, state), detail, clock, current


def _detail(services: Services, user: User, current: str) -> str:
    if not current:
        return parts.job_detail(None)
    job = job_view(services.job(user, current))
    steps = [step_view(step) for step in services.steps(user, current)]
    return parts.job_detail(job, steps, log_times(services.log(user, current)))


def _whole(services: Services, user: User, job_id: str) -> dict[str, Any]:
    found = record(services.job(user, job_id))
    steps, log = services.steps(user, job_id), services.log(user, job_id)
    return {**found, "steps": [record(step) for step in steps], "log": [record(line) for line in log]}


def _endpoints(services: Services) -> None:
    """The same for programs: `gradio_client.Client(address).predict(..., api_name="/job")`."""

    def jobs(state: str, limit: int, request: gr.Request) -> list[dict[str, Any]]:
        """Jobs, newest first; `state` is "" or QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED."""
        return [record(job) for job in services.jobs(who(request), state or None, min(limit, MOST))]

    def job(job_id: str, request: gr.Request) -> dict[str, Any]:
        """One job, with its steps and log."""
        return _whole(services, who(request), job_id)

    def job_cancel(job_id: str, request: gr.Request) -> dict[str, Any]:
        """Ask a job to stop."""
        return record(services.cancel(who(request), job_id))

    def job_retry(job_id: str, request: gr.Request) -> dict[str, Any]:
        """Queue a failed or cancelled job again."""
        return record(services.retry(who(request), job_id))

    def job_result(job_id: str, request: gr.Request) -> dict[str, Any]:
        """What a job made; files by digest, to be had from `/media/{digest}`."""
        return record(services.result(who(request), job_id))

    for endpoint in (jobs, job, job_cancel, job_retry, job_result):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)
