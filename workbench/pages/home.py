"""Home: what runs, what is new, what needs attention; first steps in an empty lab."""

from __future__ import annotations

from typing import Any

import gradio as gr

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.components.views import ACTIVE, digest_of, job_view
from workbench.pages.wiring import ON_ACT, POLL_BUSY, POLL_IDLE, QUIET, told, when_opened
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Home"
SLUG = ""

NEWEST = 12
ATTENTION = 4


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    board = gr.HTML("", js_on_load=ON_ACT, elem_id="home", apply_default_css=False)
    clock = gr.Timer(POLL_IDLE)
    unused = gr.Textbox(visible=False)

    def look(pace: float, request: gr.Request) -> Any:
        return _look(services, who(request), pace)

    @told
    def act(pace: float, request: gr.Request, event: gr.EventData) -> Any:
        if event.act == "cancel":
            services.cancel(who(request), event.id)
        elif event.act == "retry":
            services.retry(who(request), event.id)
        return _look(services, who(request), pace)

    def opened(_: str, request: gr.Request) -> Any:
        return _look(services, who(request), POLL_IDLE)

    clock.tick(look, clock, [board, clock], api_visibility="private", **QUIET)
    board.click(act, clock, [board, clock], api_visibility="private", **QUIET)
    when_opened(opened, unused, [board, clock], "from")


def _look(services: Services, user: User, pace: float) -> tuple[str, Any]:
    jobs = services.jobs(user, limit=50)
    running = [job_view(job) for job in jobs if job.state in ACTIVE]
    failed = [job_view(job) for job in jobs if job.state == "FAILED"][:ATTENTION]
    done = [job_view(job, _result(services, user, job.id)) for job in jobs if job.state == "SUCCEEDED"][:NEWEST]
    wanted = POLL_BUSY if running else POLL_IDLE
    return parts.home(running, done, failed), gr.skip() if pace == wanted else gr.Timer(wanted)


def _result(services: Services, user: User, job_id: str) -> str | None:
    try:
        outputs = services.result(user, job_id)
    except LabError:
        return None
    return next((found for value in outputs.values() if (found := digest_of(value))), None)
