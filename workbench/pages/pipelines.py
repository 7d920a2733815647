"""Pipelines: every chain with its steps, a form to run it, its canvas, its runs, and each run step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from gradio.context import Context

from blocks.errors import LabError
from pipelines.lab import PipelineInfo
from workbench import components as parts
from workbench.access import User, who
from workbench.canvas import canvas_url
from workbench.chains import EXAMPLE, Chains
from workbench.components import chains as views
from workbench.components.views import ACTIVE
from workbench.pages.pipelines_api import endpoints
from workbench.pages.sent import changed, hidden, unsent
from workbench.pages.wiring import POLL_IDLE, QUIET, paced, told
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "Pipelines"
SLUG = "pipelines"

PARTS = ("listing", "head", "graph", "comparison", "panel", "history")
"""What the page is made of; each is sent again only when it has changed, so that nothing typed is lost."""

ON_ACT = "window.lab.acts(element, trigger);"
REMEMBER = "(place) => history.replaceState(null, '', location.pathname + (place ? '?' + place : ''))"
OPENED = "() => location.search.slice(1)"

PLACES = ("pipeline", "canvas", "run", "step", "with")
Place = dict[str, str]


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    chains = Chains(services.lab)
    with gr.Row(elem_classes="workplace", equal_height=False):
        with gr.Column(elem_classes="side chains-side", min_width=260):
            listing = _html("listing")
        with gr.Column(elem_classes="main", min_width=320):
            head, graph = _html("head"), _html("graph")
            with gr.Row(elem_classes="chainplace", equal_height=False) as body:
                with gr.Column(elem_classes="main", min_width=300):
                    comparison, history = _html("comparison"), _html("history")
                with gr.Column(elem_classes="side", min_width=280):
                    panel = _html("panel")
    asked = _html("asked")
    clock = gr.Timer(POLL_IDLE)
    place, sent = gr.Textbox(visible=False), hidden(len(PARTS) + 1)
    reads = [place, clock, *sent]
    writes = [listing, head, graph, comparison, panel, history, *sent, body, clock, place]

    def look(request: gr.Request, place: str | None, pace: float, *sent: str) -> Any:
        if place is None:  # nobody has said yet where the page is
            return [gr.skip()] * len(writes)
        *shown, _ = _look(chains, who(request), _place(place), sent, pace)
        return *shown, gr.skip()  # a look leads nowhere: when it is answered, the page may be elsewhere

    @told
    def act(request: gr.Request, event: gr.EventData, place: str, pace: float, *sent: str) -> Any:
        user, act, subject = who(request), str(event.act), str(event.id)
        values = getattr(event, "values", None)
        values = values if isinstance(values, dict) else {}
        there = _place(place)
        if act == "confirm":
            act, subject, values = json.loads(subject)
        elif question := _question(chains, user, there, act, subject, values):
            kept = json.dumps([act, subject, values])
            return parts.confirm("Start this?", question, yes="Start", id=kept), *(gr.skip(),) * len(writes)
        there = _act(chains, user, there, act, subject, values)
        return "", *_look(chains, user, there, sent, pace)

    def opened(place: str, request: gr.Request) -> Any:
        return _look(chains, who(request), _place(place), [""] * len(sent), POLL_IDLE)

    clock.tick(look, reads, writes, api_visibility="private", **QUIET)
    for part in (listing, head, graph, comparison, panel, history, asked):
        part.click(act, reads, [asked, *writes], api_visibility="private", **QUIET).then(None, place, None, js=REMEMBER)
    Context.root_block.load(opened, place, writes, js=OPENED, api_visibility="private", **QUIET)
    endpoints(chains)


def _question(chains: Chains, user: User, place: Place, act: str, subject: str, values: dict[str, Any]) -> str:
    """What to ask before an act; mostly nothing."""
    if act == "run":
        return chains.question(user, subject, values)
    if act == "rerun" and "run" in place:
        return chains.rerun_question(user, place["run"], subject, values)
    return ""


def _act(chains: Chains, user: User, place: Place, act: str, subject: str, values: dict[str, Any]) -> Place:
    """Do what was clicked; where that leads."""
    match act:
        case "example":
            return {"pipeline": chains.add_example(user)}
        case "run":
            return {"run": chains.run(user, subject, values).id}
        case "rerun" if "run" in place:
            return {"run": chains.rerun(user, place["run"], subject, values).id, "step": subject}
        case "cancel":
            chains.cancel(user, subject)
        case "retry":
            chains.retry(user, subject)
        case _:
            return _go(place, act, subject)
    return place


def _go(place: Place, act: str, subject: str) -> Place:
    """Where a click leads that only shows something else."""
    ways: dict[str, Place] = {
        "chain": {"pipeline": subject},
        "canvas": {"pipeline": subject, "canvas": "1"},
        "open": {"run": subject},
        "step": {**place, "step": subject},
        "with": {**place, "with": subject},
        "close": {name: value for name, value in place.items() if name != "step"},
        "alone": {name: value for name, value in place.items() if name != "with"},
    }
    return ways.get(act, place)


def _look(chains: Chains, user: User, place: Place, sent: Sequence[str], pace: float) -> tuple[Any, ...]:
    """Everything on the page that is not as the browser has it, the clock, and where the page stands."""
    drawn, busy, alone = _draw(chains, user, place)
    *marks, before = sent
    shown = unsent([drawn[name] for name in PARTS], marks)
    body = gr.skip() if before == str(alone) else gr.Row(visible=not alone)
    return *shown, *changed([str(alone)], [before]), body, paced(pace, busy), urlencode(place)


def _draw(chains: Chains, user: User, place: Place) -> tuple[dict[str, str], bool, bool]:
    """Every part, whether something runs, and whether the canvas fills the page."""
    known = chains.all(user)
    drawn = dict.fromkeys(PARTS, "")
    name = place.get("pipeline") or ("" if place.get("run") else known[0].name)
    try:
        if place.get("run"):
            name, busy = _draw_run(chains, user, place, drawn)
            alone = False
        else:
            busy, alone = (
                _draw_chain(chains, user, name, known, bool(place.get("canvas")), drawn),
                bool(place.get("canvas")),
            )
    except LabError as error:
        drawn["head"], busy, alone = parts.problems([str(error)]), False, False
    has_example = any(chain.name == EXAMPLE.stem for chain in known)
    drawn["listing"] = views.chain_list(known, name, str(chains.folder), has_example)
    return drawn, busy, alone


def _draw_chain(
    chains: Chains, user: User, name: str, known: list[PipelineInfo], on_canvas: bool, drawn: dict[str, str]
) -> bool:
    try:
        chain = chains.one(user, name)
    except LabError as error:
        about = next((one for one in known if one.name == name), None)
        if about is None:
            raise
        chain = PipelineInfo(about.name, about.title, about.description, own=about.own, error=str(error))
    drawn["head"] = views.chain_head(chain, canvas_url(name), on_canvas and not chain.error)
    if on_canvas:
        return False
    jobs = chains.runs(user, name)
    if not chain.error:
        drawn["graph"], drawn["panel"] = views.chain_graph(chain), views.form(chain)
    if jobs or not chain.error:
        drawn["history"] = views.runs([(job, chains.shown(user, job)) for job in jobs], "", "")
    return any(job.state in ACTIVE for job in jobs)


def _draw_run(chains: Chains, user: User, place: Place, drawn: dict[str, str]) -> tuple[str, bool]:
    view = chains.view(user, place["run"])
    step, other = place.get("step", ""), place.get("with", "")
    drawn["head"], drawn["graph"] = views.run_head(view), views.run_graph(view, step)
    drawn["panel"] = views.step(view, step)
    if other and other != view.job.id:
        drawn["comparison"] = views.compare(view, chains.view(user, other))
    jobs = chains.runs(user, view.job.pipeline)
    drawn["history"] = views.runs([(job, chains.shown(user, job)) for job in jobs], view.job.id, other)
    return view.job.pipeline, view.job.state in ACTIVE


def _place(text: str | None) -> Place:
    """Where the page stands, from its address."""
    return {name: value for name, value in parse_qsl((text or "")[:2000]) if name in PLACES}


def _html(name: str) -> Any:
    return gr.HTML("", js_on_load=ON_ACT, elem_id=f"chain-{name}", apply_default_css=False)
