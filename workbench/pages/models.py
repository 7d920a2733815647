"""Models: what the lab can enhance with, what it could, and how to bring more."""

from __future__ import annotations

from typing import Any

import gradio as gr

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.components import upkeep as views
from workbench.pages.wiring import ON_ACT, QUIET, record, told, when_opened
from workbench.services import Services
from workbench.upkeep import Upkeep

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Models"
SLUG = "models"

ENDINGS = (".safetensors", ".pth", ".pt", ".ckpt", ".pkl", ".onnx")
HINT = (
    "A file is checked before it is kept, by the rules of the loader that opens it. "
    "One that would run code is refused, and nothing in it is run."
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
            answer = _html("", elem_id="answer")
            removed = _html("", elem_id="removed")
        with gr.Column(elem_classes="main", min_width=320):
            listing = _html("", elem_id="models")
    unused = gr.Textbox(visible=False)
    shown = [listing, removed]

    def add(files: Any, request: gr.Request) -> Any:
        return [], *_bring(upkeep, who(request), files), *_look(upkeep, who(request))

    @told
    def act(request: gr.Request, event: gr.EventData) -> Any:
        user, said = who(request), ""
        if event.act == "remove":
            said = f"{upkeep.remove_model(user, event.id)} is in the trash."
        elif event.act == "restore":
            said = f"{upkeep.restore_model(user, event.id).title} is back."
        return parts.said(said), *_look(upkeep, user)

    @told
    def opened(_: str, request: gr.Request) -> Any:
        return _look(upkeep, who(request))

    files.upload(add, files, [files, answer, *shown], api_visibility="private", preprocess=False, **QUIET)
    for part in shown:
        part.click(act, None, [answer, *shown], api_visibility="private", **QUIET)
    when_opened(opened, unused, shown, "from")
    _endpoints(upkeep)


def _look(upkeep: Upkeep, user: User) -> tuple[str, str]:
    return views.models(upkeep.models(user)), views.removed(upkeep.removed_models(user))


def _bring(upkeep: Upkeep, user: User, files: Any) -> tuple[str]:
    """Each file for itself: one that is refused keeps no other out."""
    kept, wrong = [], []
    for file in files or []:
        try:
            kept.append(upkeep.add_model(user, file["path"], file.get("orig_name") or "").title)
        except LabError as error:
            wrong.append(str(error))
    return (parts.problems(wrong) + parts.said(f"{', '.join(kept)}: here, and ready." if kept else ""),)


def _endpoints(upkeep: Upkeep) -> None:
    """The same for programs."""

    def models(request: gr.Request) -> list[dict[str, Any]]:
        """Every model: here, missing with how to get it, or refused with the reason."""
        return [record(info) for info in upkeep.models(who(request))]

    def model_add(file: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Check a model file and keep it; `file` is what `gradio_client.handle_file` gives."""
        return record(upkeep.add_model(who(request), file.get("path") or "", file.get("orig_name") or ""))

    def model_remove(name: str, request: gr.Request) -> str:
        """Move a model that was brought to the trash; its file's name."""
        return upkeep.remove_model(who(request), name)

    def model_restore(file: str, request: gr.Request) -> dict[str, Any]:
        """Take a removed model back."""
        return record(upkeep.restore_model(who(request), file))

    for endpoint in (models, model_add, model_remove, model_restore):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _html(value: str, **more: Any) -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, apply_default_css=False, **more)
