"""Characters: everybody in the lab, and of each who it is, its takes, its scores and its history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import gradio as gr
from gradio.context import Context
from markupsafe import Markup

from blocks.errors import LabError
from workbench import components as parts
from workbench.access import User, who
from workbench.characters import Characters
from workbench.pages.characters_acts import act_on
from workbench.pages.characters_api import endpoints
from workbench.pages.characters_views import draw
from workbench.pages.sent import changed, hidden, mark
from workbench.pages.turn import Place, Turn, without
from workbench.pages.wiring import POLL_IDLE, QUIET, paced
from workbench.services import Services

__all__ = ["SLUG", "TITLE", "build", "first_sight"]

TITLE = "Characters"
SLUG = "characters"

PARTS = ("head", "notice", "form", "main", "viewer")
"""What the page is made of; each is sent again only when it has changed, so that nothing typed is lost."""

PLACES = frozenset(
    {"character", "view", "new", "people", "picked", "text", "take", "version", "measure", "curve", "sort", "only"}
    | {"cell", "other", "beside", "order", "show", "part", "pose", "model"}
)

FIRST = 120
"""Pictures of a gallery that are sent before all others: more than a large window shows."""

TOLD = "<!--told-->"
"""Where the full view has room for a notice."""

ON_ACT = "window.lab.acts(element, trigger);"
REMEMBER = "(place) => history.replaceState(null, '', location.pathname + (place ? '?' + place : ''))"
OPENED = "() => location.search.slice(1)"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser has: a mark for each part, the version its form was filled from, and the notice of the last act.

    The notice stays until the next act. Each is a field of the page by itself; `workbench.pages.sent` says why.
    """

    marks: dict[str, str]
    version: str = ""
    notice: str = ""

    @classmethod
    def read(cls, fields: Sequence[str | None]) -> Sent:
        *marks, version, notice = (field or "" for field in fields)
        return cls(dict(zip(PARTS, marks, strict=True)), version, notice)

    def write(self, had: Sent) -> list[Any]:
        """Its fields, those left alone that are as they were."""
        return changed(self._fields(), had._fields())

    def _fields(self) -> list[str]:
        return [*(self.marks.get(name, "") for name in PARTS), self.version, self.notice]


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    characters = Characters(services)
    head, notice = _html("head"), _html("notice")
    with gr.Row(elem_classes="castplace", equal_height=False):
        with gr.Column(elem_classes="about", min_width=300):
            form = _html("form")
        with gr.Column(elem_classes="shown", min_width=300):
            main = _html("main")
    viewer = _html("viewer")
    clock = gr.Timer(POLL_IDLE)
    place, sent = gr.Textbox(visible=False), hidden(len((*PARTS, "version", "notice")))
    reads, writes = [place, clock, *sent], [place, clock, *sent, head, notice, form, main, viewer]

    def look(request: gr.Request, place: str | None, pace: float, *sent: str) -> Any:
        if place is None:  # nobody has said yet where the page is
            return [gr.skip()] * len(writes)
        _, *rest = _look(characters, who(request), Turn(_place(place)), Sent.read(sent), pace)
        return [gr.skip(), *rest]  # a look leads nowhere: when it is answered, the page may be in another place

    def act(request: gr.Request, event: gr.EventData, place: str, pace: float, *sent: str) -> Any:
        user, had = who(request), Sent.read(sent)
        values = getattr(event, "values", None)
        values = values if isinstance(values, dict) else {}
        try:
            turn = act_on(characters, user, _place(place), str(event.act), str(event.id), values)
        except LabError as error:
            turn = Turn(_place(place), parts.problems([str(error)]))
        return _look(characters, user, turn, had, pace, acted=True)

    def opened(place: str, request: gr.Request) -> Any:
        return _look(characters, who(request), Turn(_place(place)), Sent({}), POLL_IDLE)

    clock.tick(look, reads, writes, api_visibility="private", **QUIET)
    for part in (head, notice, form, main, viewer):
        part.click(act, reads, writes, api_visibility="private", **QUIET).then(None, place, None, js=REMEMBER)
    Context.root_block.load(opened, place, writes, js=OPENED, api_visibility="private", **QUIET)
    endpoints(characters)


def first_sight(services: Services) -> Callable[[Any], str]:
    """What the page shows before its front end has started: of thousands of pictures those that are seen first."""
    characters = Characters(services)

    def draws(request: Any) -> str:
        place = without(_place(request.url.query), "take", "cell", "pose")
        if place.get("view") not in ("takes", "variations"):
            return ""
        try:
            drawn = draw(characters, who(request), place, most=FIRST)
        except LabError:  # the page itself will say it
            return ""
        return parts.fill("first_sight.html", head=Markup(drawn.head), main=Markup(drawn.main))

    return draws


def _look(
    characters: Characters, user: User, turn: Turn, had: Sent, pace: float, *, acted: bool = False
) -> tuple[Any, ...]:
    """Everything on the page that is not as the browser has it."""
    place = turn.place
    try:
        drawn = draw(characters, user, place)
    except LabError as error:
        drawn = draw(characters, user, {})
        turn = Turn(place, notice=parts.problems([str(error)]))
    fills = turn.anew or had.marks.get("form") != drawn.form_of  # a form is filled once, then it is the person's
    version = drawn.version if fills else had.version
    notice = turn.notice or ("" if acted else had.notice)
    texts = {
        "head": drawn.head,
        "notice": notice or drawn.news(version),
        "main": drawn.main,
        "viewer": drawn.viewer.replace(TOLD, notice),  # the notice itself lies under the full view
    }
    marks = {name: mark(text) for name, text in texts.items()}
    marks["form"], texts["form"] = drawn.form_of, drawn.form
    same = {name for name in PARTS if had.marks.get(name) == marks[name] and not (name == "form" and fills)}
    new = [gr.skip() if name in same else texts[name] for name in PARTS]
    return urlencode(place), paced(pace, drawn.busy), *Sent(marks, version, notice).write(had), *new


def _place(text: str | None) -> Place:
    """Where the page stands, from its address."""
    return {name: value for name, value in parse_qsl((text or "")[:2000]) if name in PLACES}


def _html(name: str) -> Any:
    return gr.HTML("", js_on_load=ON_ACT, elem_id=f"character-{name}", apply_default_css=False)
