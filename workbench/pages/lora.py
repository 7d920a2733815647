"""LoRA: a character's pictures in; a dataset looked at, a training watched, the best version used and taken away."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from gradio.context import Context

from blocks.errors import LabError
from data.records import FINAL
from workbench import components as parts
from workbench.access import User, who
from workbench.components import loras as views
from workbench.loras import LoraDesk
from workbench.pages.lora_acts import Done, act_on, form_of, importing_of
from workbench.pages.lora_api import endpoints
from workbench.pages.turn import Place
from workbench.pages.wiring import POLL_BUSY, POLL_IDLE, QUIET, told
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "LoRA"
SLUG = "lora"

PARTS = ("detail", "dataset", "listing")
"""What follows from the place and the lab; sent again only when it has changed, so that nothing typed is lost."""

PLACES = frozenset({"job", "look", "character"})
ON_ACT = "window.lab.trains(element, trigger);"
REMEMBER = "(place) => history.replaceState(null, '', location.pathname + (place ? '?' + place : ''))"
OPENED = "() => location.search.slice(1)"

_BUSY = ("un-trained", "training")


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    desk = LoraDesk(services)
    with gr.Row(elem_classes="workplace lora-place", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            files = gr.File(
                file_count="multiple",
                file_types=["image"],
                height=64,
                show_label=False,
                container=False,
                elem_id="intake",
                elem_classes="for-pictures",
                label="Pictures of one person",
            )
            picked = _html("chosen", views.chosen([]))
            form, brought = _html("form"), _html("import")
        with gr.Column(elem_classes="main", min_width=320):
            notice, detail, dataset, listing = (_html(name) for name in ("notice", *PARTS))
    chosen = gr.JSON([], visible=False)
    place, sent = gr.Textbox(visible=False), gr.Textbox("{}", visible=False)
    clock = gr.Timer(POLL_IDLE)
    looks = [detail, dataset, listing, clock, sent]
    turns = [*looks, place, chosen, picked, form, brought, notice]
    reads = [place, sent, clock]

    def look(place: str, sent: str, pace: float, request: gr.Request) -> Any:
        return _look(desk, who(request), _place(place), sent, pace)

    def act(place: str, sent: str, pace: float, chosen: Any, request: gr.Request, event: gr.EventData) -> Any:
        user, data = who(request), event._data or {}
        values = data.get("values")
        values = values if isinstance(values, dict) else {}
        here = _place(place)
        try:
            done = act_on(desk, user, here, str(data.get("act")), str(data.get("id")), values, list(chosen or []))
        except LabError as error:
            done = Done(here, said=parts.problems([str(error)]))
        return _turn(desk, user, done, sent, pace)

    @told
    def add(files: Any, chosen: Any, request: gr.Request) -> Any:
        entries, problems = list(chosen or []), []
        for file in files or []:
            try:
                entries.append(services.take_in(who(request), str(file["path"])).entry)
            except LabError as error:
                problems.append(str(error))
        return None, entries, views.chosen(entries), parts.problems(problems) if problems else ""

    def opened(place: str, request: gr.Request) -> Any:
        user, here = who(request), _place(place)
        values = {"character": here.get("character", "")}
        brought = importing_of(desk, user)
        try:
            done = Done(here, form=form_of(desk, user, values), brought=brought)
        except LabError as error:
            done = Done({}, form=form_of(desk, user, {}), brought=brought, said=parts.problems([str(error)]))
        return _turn(desk, user, done, "{}", POLL_IDLE)

    quiet: dict[str, Any] = {"api_visibility": "private", **QUIET}
    files.upload(add, [files, chosen], [files, chosen, picked, notice], preprocess=False, **quiet)
    for part in (picked, form, brought, notice, dataset, detail, listing):
        done = part.click(act, [*reads, chosen], turns, trigger_mode="multiple", **quiet)
        done.then(None, place, None, js=REMEMBER)
    clock.tick(look, reads, looks, **quiet)
    Context.root_block.load(opened, place, turns, js=OPENED, **quiet)
    endpoints(desk)


def _look(desk: LoraDesk, user: User, place: Place, sent: str, pace: float) -> tuple[Any, ...]:
    """What is not as the browser has it, how soon to look again, and what the browser has now."""
    texts, busy = _drawn(desk, user, place)
    try:
        before = dict(json.loads(sent))
    except (ValueError, TypeError):
        before = {}
    marks = {name: hashlib.sha256(texts[name].encode()).hexdigest()[:12] for name in PARTS}
    changed = [gr.skip() if before.get(name) == marks[name] else texts[name] for name in PARTS]
    wanted = 2 * POLL_BUSY if busy else POLL_IDLE
    return *changed, gr.skip() if pace == wanted else gr.Timer(wanted), json.dumps(marks)


def _drawn(desk: LoraDesk, user: User, place: Place) -> tuple[dict[str, str], bool]:
    """The dataset that was looked at, the LoRA that is open, and all of them; and whether anything goes on."""
    found, names = desk.loras(user), dict(desk.characters(user))
    known = next((one for one in found if one.job.id == place.get("job")), None)
    dataset, looking = _dataset(desk, user, place.get("look", ""))
    detail = ""
    if known is not None:
        steps = desk.steps(user, known.job.id)
        detail = views.detail(known, desk.curve(user, known.job.id), steps, names, desk.used_as(user, known))
    shown = {"dataset": dataset, "detail": detail, "listing": views.listing(found, place.get("job", ""), names)}
    return shown, looking or any(one.state in _BUSY for one in found)


def _dataset(desk: LoraDesk, user: User, job: str) -> tuple[str, bool]:
    if not job:
        return "", False
    try:
        info = desk.look_of(user, job)
    except LabError as error:
        return parts.problems([str(error)]), False
    if info.state not in FINAL:
        return parts.fill("lora_looking.html", note=info.note), True
    # That of a training which failed later is as good as any.
    if shown := views.dataset(desk.steps(user, job)):
        return shown, False
    return parts.problems([info.error or "The look at the dataset was stopped."]), False


def _turn(desk: LoraDesk, user: User, done: Done, sent: str, pace: float) -> tuple[Any, ...]:
    """The page after an act; the form stays as the person has it unless it is filled anew."""
    looks = _look(desk, user, done.place, sent, pace)
    chosen, picked = (gr.skip(), gr.skip()) if done.chosen is None else (done.chosen, views.chosen(done.chosen))
    form, brought = (gr.skip() if text is None else text for text in (done.form, done.brought))
    return *looks, urlencode(done.place), chosen, picked, form, brought, done.said


def _place(text: str | None) -> Place:
    """Where the page stands, from its address."""
    return {name: value for name, value in parse_qsl((text or "")[:2000]) if name in PLACES}


def _html(name: str, value: str = "") -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, elem_id=f"lora-{name}", apply_default_css=False)
