"""Settings: what is set and how to change it, the machine, the disk and its cleaning, copies, and who did what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from workbench import components as parts
from workbench.access import User, who
from workbench.components import upkeep as views
from workbench.components.words import bytes_of
from workbench.pages.settings_api import endpoints
from workbench.pages.wiring import ON_ACT, QUIET, told, when_opened
from workbench.services import Services
from workbench.upkeep import CLASSES, Upkeep

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Settings"
SLUG = "settings"

AGES = [("Any age", 0), ("Over a day", 1), ("Over a week", 7), ("Over a month", 30)]
BOTH = "both"
WHAT = [("Both", BOTH), ("Cache", "cache"), ("Transient", "transient")]
ENTRIES = 30
FOR_GOOD = "What is in the trash is deleted for good: there is no way back."


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    upkeep = Upkeep(services)
    with gr.Row(elem_classes="upkeep", equal_height=False):
        with gr.Column(min_width=320):
            disk = _html("", elem_id="disk")
            with gr.Column(elem_classes="pane"):
                _html('<header><h2 id="h-clean">Clean</h2></header>')
                what = gr.Radio(WHAT, value=BOTH, label="What", elem_classes="segments")
                age = gr.Radio(AGES, value=0, label="Age", elem_classes="segments")
                cleaning = _html("", elem_id="cleaning")
                answer = _html("", elem_id="answer")
            copies = _html("", elem_id="copies")
        with gr.Column(min_width=320):
            machine = _html("", elem_id="machine")
            listed = _html("", elem_id="settings")
    log = _html("", elem_id="record")
    asked = _html("", elem_id="asked")
    unused = gr.Textbox(visible=False)
    choice, space = [what, age], [disk, cleaning]

    @told
    def look(what: str, age: float, request: gr.Request) -> Any:
        return _space(upkeep, who(request), what, age)

    @told
    def act(what: str, age: float, request: gr.Request, event: gr.EventData) -> Any:
        user = who(request)
        if event.act == "ask-empty":
            trash = bytes_of(upkeep.disk_use(user)["trash"]["bytes"])
            question = parts.confirm(f"Delete {trash} for good?", FOR_GOOD, yes="Empty the trash", no="Keep it")
            return question, "", gr.skip(), gr.skip(), gr.skip()
        said = _cleaned(upkeep, user, event.act, what, age)
        return "", parts.said(said), *_space(upkeep, user, what, age), _record(upkeep, user)

    @told
    def copy(request: gr.Request, event: gr.EventData) -> Any:
        user = who(request)
        upkeep.copy_database(user)
        return _copies(upkeep, user), views.disk(upkeep.disk_use(user)), _record(upkeep, user)

    @told
    def check(request: gr.Request, event: gr.EventData) -> str:
        return _record(upkeep, who(request), check=True)

    @told
    def opened(_: str, request: gr.Request) -> Any:
        user = who(request)
        facts = views.machine(upkeep.machine(user)), views.settings(upkeep.settings(user))
        return *_space(upkeep, user, BOTH, 0), _copies(upkeep, user), *facts, _record(upkeep, user)

    private: dict[str, Any] = {"api_visibility": "private", **QUIET}
    for part in choice:
        part.change(look, choice, space, **private)
    for part in (cleaning, asked):
        part.click(act, choice, [asked, answer, *space, log], **private)
    copies.click(copy, None, [copies, disk, log], **private)
    log.click(check, None, log, **private)
    when_opened(opened, unused, [*space, copies, machine, listed, log], "from")
    endpoints(upkeep)


def _space(upkeep: Upkeep, user: User, what: str, age: float) -> tuple[str, str]:
    use = upkeep.disk_use(user)
    return views.disk(use), views.cleaning(upkeep.preview_clean(user, _wanted(what), age), use["trash"])


def _cleaned(upkeep: Upkeep, user: User, act: str, what: str, age: float) -> str:
    """Do what a button says; the words to answer with."""
    if act == "clean":
        gone = upkeep.clean(user, _wanted(what), age)
        return f"{bytes_of(gone['bytes'])} moved to the trash. Empty it to free the space, or undo."
    if act == "undo":
        files = upkeep.undo_clean(user)
        return f"{files} file{'' if files == 1 else 's'} back from the trash." if files else "There is nothing to undo."
    if act == "confirm":
        files, size = upkeep.empty_trash(user)
        return f"{bytes_of(size)} freed: {files} files deleted for good."
    return ""


def _copies(upkeep: Upkeep, user: User) -> str:
    return views.copies(upkeep.copies(user), upkeep.lab.home)


def _record(upkeep: Upkeep, user: User, *, check: bool = False) -> str:
    return views.record(upkeep.audit(user, ENTRIES), upkeep.check_audit(user) if check else None)


def _wanted(what: str) -> tuple[str, ...]:
    return CLASSES if what == BOTH else (what,)


def _html(value: str, **more: Any) -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, apply_default_css=False, **more)
