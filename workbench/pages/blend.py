"""Blend: several people become a new one; or a strip of pictures shows the whole way between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.context import Context

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.components import blending
from workbench.pages import blend_views as views
from workbench.pages import drawing_views
from workbench.pages.blend_acts import Room, act_on, with_parent
from workbench.pages.blend_api import endpoints
from workbench.pages.blend_desk import Desk
from workbench.pages.drawing_acts import Turn
from workbench.pages.drawing_desk import Left, as_left, remember
from workbench.pages.sent import hidden, unsent
from workbench.pages.wiring import POLL_IDLE, QUIET, paced, told, values_of
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Blend"
SLUG = "blend"

PARTS = ("parents", "drawing", "sweep", "results", "viewer")
"""What follows from the desk and the lab; each is sent again only when it has changed."""

ON_ACT = "window.lab.generates(element, trigger);"
REMEMBER = remember("lab-blend")
OPENED = as_left("lab-blend", form="lab-blend-form")


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    room = Room.of(services)
    with gr.Row(elem_classes="workplace gen-place blend-place", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            files = gr.File(
                file_count="multiple", height=64, show_label=False, container=False, elem_id="intake", label="Parents"
            )
            parents, methods, form = _html("blend-parents"), _html("blend-methods"), _html("gen-form-part")
            report = _html("gen-report")
            with gr.Column(elem_classes="gen-go"):
                estimate, start = _html("gen-estimate"), _html("gen-go", blending.go())
        with gr.Column(elem_classes="main", min_width=320):
            said = _html("gen-said")
            drawing, sweep, results = _html("gen-drawing"), _html("blend-sweep"), _html("blend-results")
    viewer, asked = _html("gen-viewer"), _html("gen-asked")
    desk, sent = gr.Textbox("{}", visible=False), hidden(len(PARTS))
    clock = gr.Timer(POLL_IDLE)
    looks = [parents, drawing, sweep, results, viewer, *sent, clock]
    turns = [*looks, desk, form, methods, report, estimate, said, asked]
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
        return (
            Desk.read(desk).weighed(values).write(),
            drawing_views.report(room, user, values),
            views.estimate(room, user, values),
        )

    @told
    def opened(given: str, request: gr.Request) -> Any:
        user = who(request)
        turn = _opened(room, user, Left.read(given))
        return _turn(room, user, turn, [""] * len(PARTS), POLL_IDLE, turn.values or {})

    quiet: dict[str, Any] = {"api_visibility": "private", **QUIET}
    clock.tick(look, reads, looks, **quiet)
    uploaded = files.upload(add, [files, *reads], [files, *turns], preprocess=False, **quiet)
    uploaded.then(None, desk, None, js=REMEMBER)
    pressed = [part.click for part in (parents, methods, form, start, said, drawing, sweep, results, viewer, asked)]
    done = gr.on(pressed, act, reads, turns, trigger_mode="multiple", **quiet)
    done.then(None, desk, None, js=REMEMBER)
    changed = [part.edit for part in (parents, methods, form, start)]
    kept = gr.on(changed, edited, desk, [desk, report, estimate], trigger_mode="always_last", **quiet)
    kept.then(None, desk, None, js=REMEMBER)
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
        form = drawing_views.form(room, user, values, turn.notes, blending=True)
    told_of = drawing_views.report(room, user, values) if turn.values is not None else gr.skip()
    costs = views.estimate(room, user, values) if values else gr.skip()
    ways = views.methods(room, user, turn.desk, values)
    looks = _look(room, user, turn.desk, sent, pace)
    return *looks, turn.desk.write(), form, ways, told_of, costs, turn.said, turn.asked


def _added(room: Room, user: User, desk: Desk, uploads: list[str]) -> Turn[Desk]:
    """Files that were brought in, a parent each; each for itself, so that a bad one keeps no other out."""
    wrong = []
    for path in uploads:
        try:
            item = room.services.take_in(user, path)
            desk = with_parent(room, user, desk, "file", item.digest)
        except LabError as error:
            wrong.append(str(error))
    return Turn(desk, said=parts.problems(list(dict.fromkeys(wrong))))


def _opened(room: Room, user: User, left: Left) -> Turn[Desk]:
    """The page as it was left in this tab, or as its address asks: ``character``, ``take``, ``sweep`` or ``open``."""
    values, asks = left.values, left.asks
    turn = Turn(Desk.read(left.desk).weighed(values), values)
    for name, act in (("character", "character"), ("take", "take"), ("sweep", "show-sweep"), ("open", "open")):
        if asks.get(name):
            turn = act_on(room, user, turn.desk, act, asks[name], values)
    return turn if turn.values is not None else Turn(turn.desk, values, said=turn.said)


def _html(name: str, value: str = "") -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, elem_id=name, apply_default_css=False)
