"""Generate: who is to be seen, what the picture should show, and every take that came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.context import Context

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.pages import drawing_views
from workbench.pages import generate_views as views
from workbench.pages.drawing_acts import Turn
from workbench.pages.drawing_desk import Left, as_left, remember
from workbench.pages.generate_acts import Room, act_on, with_files
from workbench.pages.generate_api import endpoints
from workbench.pages.generate_desk import Desk
from workbench.pages.sent import hidden, unsent
from workbench.pages.wiring import POLL_IDLE, QUIET, paced, told, values_of
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Generate"
SLUG = "generate"

PARTS = ("whom", "drawing", "plots", "gallery", "viewer")
"""What follows from the desk and the lab; each is sent again only when it has changed."""

ON_ACT = "window.lab.generates(element, trigger);"
REMEMBER = remember("lab-desk")
OPENED = as_left("lab-desk", form="lab-form")


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    room = Room.of(services)
    with gr.Row(elem_classes="workplace gen-place", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            files = gr.File(
                file_count="multiple", height=64, show_label=False, container=False, elem_id="intake", label="Frames"
            )
            whom, form = _html("gen-whom"), _html("gen-form-part")
            report = _html("gen-report")
            with gr.Column(elem_classes="gen-go"):
                estimate, start = _html("gen-estimate"), _html("gen-go", parts.fill("gen_go.html"))
        with gr.Column(elem_classes="main", min_width=320):
            said, drawing, plots, gallery = (_html(f"gen-{name}") for name in ("said", "drawing", "plots", "gallery"))
    viewer, asked, painter = (_html(f"gen-{name}") for name in ("viewer", "asked", "painter"))
    desk, sent = gr.Textbox("{}", visible=False), hidden(len(PARTS))
    clock = gr.Timer(POLL_IDLE)
    looks = [whom, drawing, plots, gallery, viewer, *sent, clock]
    turns = [*looks, desk, form, report, estimate, said, asked, painter]
    reads = [desk, clock, *sent]

    def look(request: gr.Request, desk: str, pace: float, *sent: str) -> Any:
        return _look(room, who(request), Desk.read(desk), sent, pace)

    @told
    def act(request: gr.Request, event: gr.EventData, desk: str, pace: float, *sent: str) -> Any:
        user, data = who(request), event._data or {}
        values = values_of(event)
        turn = act_on(room, user, Desk.read(desk), str(data.get("act")), str(data.get("id")), values)
        return _turn(room, user, turn, sent, pace, values)

    @told
    def add(request: gr.Request, files: list[dict[str, Any]] | None, desk: str, pace: float, *sent: str) -> Any:
        user = who(request)
        turn = _added(room, user, Desk.read(desk), [file["path"] for file in files or []])
        return None, *_turn(room, user, turn, sent, pace, {})

    def edited(desk: str, request: gr.Request, event: gr.EventData) -> Any:
        user, values = who(request), values_of(event)
        return drawing_views.report(room, user, values), views.estimate(room, user, Desk.read(desk), values)

    @told
    def opened(given: str, request: gr.Request) -> Any:
        user = who(request)
        turn = _opened(room, user, Left.read(given))
        return _turn(room, user, turn, [""] * len(PARTS), POLL_IDLE, turn.values or {})

    clock.tick(look, reads, looks, api_visibility="private", **QUIET)
    quiet: dict[str, Any] = {"api_visibility": "private", **QUIET}
    uploaded = files.upload(add, [files, *reads], [files, *turns], preprocess=False, **quiet)
    uploaded.then(None, desk, None, js=REMEMBER)
    for part in (whom, form, start, said, drawing, plots, gallery, viewer, asked, painter):
        done = part.click(act, reads, turns, trigger_mode="multiple", **quiet)
        done.then(None, desk, None, js=REMEMBER)
    for part in (form, start):
        part.edit(edited, desk, [report, estimate], trigger_mode="always_last", **quiet)
    Context.root_block.load(opened, desk, turns, js=OPENED, **quiet)
    endpoints(room)


def _look(room: Room, user: User, desk: Desk, sent: Sequence[str], pace: float) -> tuple[Any, ...]:
    """Everything on the page that is not as the browser has it, what the browser has now, and the clock."""
    drawn = views.draw(room, user, desk)
    return *unsent([drawn.parts[name] for name in PARTS], sent), paced(pace, drawn.busy)


def _turn(
    room: Room, user: User, turn: Turn[Desk], sent: Sequence[str], pace: float, values: dict[str, Any]
) -> tuple[Any, ...]:
    """The whole page after an act; the form stays as the person has it unless it is filled anew."""
    form: Any = gr.skip()
    if turn.values is not None:
        values = turn.values
        form = drawing_views.form(room, user, values, turn.notes)
    told_of = drawing_views.report(room, user, values) if turn.values is not None else gr.skip()
    costs = views.estimate(room, user, turn.desk, values) if values else gr.skip()
    looks = _look(room, user, turn.desk, sent, pace)
    return *looks, turn.desk.write(), form, told_of, costs, turn.said, turn.asked, turn.painter


def _added(room: Room, user: User, desk: Desk, uploads: list[str]) -> Turn[Desk]:
    """Files that were brought in; each for itself, so that a bad one keeps no other out."""
    known, wrong = list(desk.files), []
    for path in uploads:
        try:
            known.append(room.services.take_in(user, path).entry)
        except LabError as error:
            wrong.append(str(error))
    if len(known) > len(desk.files):
        try:
            desk = with_files(room, user, desk, known)
        except LabError as error:
            desk = replace(desk, files=tuple(known), people="", identity=-1)
            wrong.append(str(error))
    return Turn(desk, said=parts.problems(wrong))


def _opened(room: Room, user: User, left: Left) -> Turn[Desk]:
    """The page as it was left in this tab, or as its address asks.

    ``take`` fills the form from a take, ``character`` draws that one, ``open`` shows a take, ``file`` adds a frame.
    """
    values, asks = left.values, left.asks
    turn = Turn(replace(Desk.read(left.desk), take=asks.get("open", "")), values)
    if character := asks.get("character"):
        turn = replace(turn, desk=replace(turn.desk, character=character, of=character, files=(), people=""))
    for name, act in (("take", "again"), ("file", "frame")):
        if asks.get(name):
            turn = act_on(room, user, turn.desk, act, asks[name], values)
    return turn if turn.values is not None else replace(turn, values=values)


def _html(name: str, value: str = "") -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, elem_id=name, apply_default_css=False)
