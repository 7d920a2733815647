"""Models: what the lab has and what it could have; bring, fetch, approve, block and remove."""

from __future__ import annotations

from typing import Any

import gradio as gr

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.components import models as views
from workbench.components.views import ACTIVE, job_view
from workbench.pages import models_api
from workbench.pages.wiring import ON_ACT, POLL_BUSY, POLL_IDLE, QUIET, told, when_opened
from workbench.services import Services
from workbench.upkeep import Upkeep

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Models"
SLUG = "models"

HINT = (
    "A file is checked before it is kept, by the rules of the loader that opens it. One that would run code is "
    "refused, and nothing in it is run. What is kept waits for your approval."
)
PULL_HINT = (
    "From the Hugging Face hub: safetensors and texts only, every byte checked; it arrives whole or not at all. "
    "A whole model needs its repository alone, a LoRA or adapter the file’s name too."
)


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    upkeep = Upkeep(services)
    with gr.Row(elem_classes="workplace", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            _html('<h2 class="heading">Bring a model</h2>')
            files = gr.File(
                file_count="multiple",
                height=92,
                show_label=False,
                container=False,
                elem_id="intake",
                elem_classes="for-models",
                label="Model files",
            )
            _html(parts.note(HINT))
            _html('<h2 class="heading">Pull from the hub</h2>')
            repo = gr.Textbox(
                label="Repository", placeholder="owner/name", max_lines=1, elem_classes="field", elem_id="repo"
            )
            file = gr.Textbox(
                label="One file of it", placeholder="empty for the whole model", max_lines=1, elem_classes="field"
            )
            approve = gr.Checkbox(False, label="Approve it as soon as it is here", elem_classes="check")
            with gr.Row(elem_classes="go"):
                pull = gr.Button("Pull", variant="primary", elem_id="pull")
            _html(parts.note(PULL_HINT))
            answer = _html("", elem_id="answer")
            downloads = _html("", elem_id="downloads")
            removed = _html("", elem_id="removed")
        with gr.Column(elem_classes="main", min_width=320):
            listing = _html("", elem_id="models")
    unused = gr.Textbox(visible=False)
    clock = gr.Timer(POLL_IDLE)
    coming, hidden = gr.JSON([], visible=False), gr.JSON([], visible=False)
    shown = [listing, removed]
    moving = [downloads, coming, clock]

    def add(files: Any, request: gr.Request) -> Any:
        return [], *_bring(upkeep, who(request), files), *_look(upkeep, who(request))

    @told
    def fetch(repo: str, file: str, approve: bool, hidden: list[str], request: gr.Request) -> Any:
        job = upkeep.pull_model(who(request), repo or "", file or "", approve=bool(approve))
        return "", "", parts.said(f"{job.title}: on its way."), *_coming(upkeep, who(request), hidden)

    def tick(coming: list[str], hidden: list[str], request: gr.Request) -> Any:
        found = _coming(upkeep, who(request), hidden)
        ended = set(coming or ()) - set(found[1])
        return (*(_look(upkeep, who(request)) if ended else (gr.skip(), gr.skip())), *found)

    @told
    def act(hidden: list[str], request: gr.Request, event: gr.EventData) -> Any:
        user = who(request)
        if event.act == "forget":
            hidden = [*(hidden or ()), event.id]
        said = _do(upkeep, services, user, event.act, event.id)
        return parts.said(said), *_look(upkeep, user), hidden, *_coming(upkeep, user, hidden)

    @told
    def opened(_: str, request: gr.Request) -> Any:
        return (*_look(upkeep, who(request)), *_coming(upkeep, who(request), []))

    files.upload(add, files, [files, answer, *shown], api_visibility="private", preprocess=False, **QUIET)
    asked, put = [repo, file, approve, hidden], [repo, file, answer, *moving]
    for event in (pull.click, repo.submit, file.submit):
        event(fetch, asked, put, api_visibility="private", **QUIET)
    for part in (*shown, downloads):
        part.click(act, hidden, [answer, *shown, hidden, *moving], api_visibility="private", **QUIET)
    clock.tick(tick, [coming, hidden], [*shown, *moving], api_visibility="private", **QUIET)
    when_opened(opened, unused, [*shown, *moving], "from")
    models_api.endpoints(upkeep)


def _look(upkeep: Upkeep, user: User) -> tuple[str, str]:
    return views.models(upkeep.models(user)), views.removed(upkeep.removed_models(user))


def _coming(upkeep: Upkeep, user: User, hidden: list[str] | None) -> tuple[str, list[str], Any]:
    """Downloads as they are shown, the ids of those under way, and how soon to look again."""
    jobs = [job for job in upkeep.downloads(user) if job.id not in (hidden or ())]
    active = [job.id for job in jobs if job.state in ACTIVE]
    return views.downloads([job_view(job) for job in jobs]), active, gr.Timer(POLL_BUSY if active else POLL_IDLE)


def _do(upkeep: Upkeep, services: Services, user: User, act: str, subject: str) -> str:
    """What a button asks for; what to say of it."""
    digest, _, name = subject.partition(":")
    if act == "approve":
        return f"{upkeep.decide_model(user, name, 'approved', digest).title} is approved."
    if act == "block":
        return f"{upkeep.decide_model(user, name, 'blocked', digest).title} is blocked: no job runs it."
    if act == "remove":
        return f"{upkeep.remove_model(user, subject)} is in the trash."
    if act == "restore":
        return f"{upkeep.restore_model(user, subject).title} is back."
    if act == "cancel":
        return f"{services.cancel(user, subject).title} is stopped; what has arrived stays for the next time."
    if act == "retry":
        return f"{services.retry(user, subject).title} goes on."
    return ""


def _bring(upkeep: Upkeep, user: User, files: Any) -> tuple[str]:
    """Each file for itself: one that is refused keeps no other out."""
    kept, wrong = [], []
    for file in files or []:
        try:
            kept.append(upkeep.add_model(user, file["path"], file.get("orig_name") or "").title)
        except LabError as error:
            wrong.append(str(error))
    said = f"{', '.join(kept)}: here, and waiting for your approval." if kept else ""
    return (parts.problems(wrong) + parts.said(said),)


def _html(value: str, **more: Any) -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, apply_default_css=False, **more)
