"""LoRA: pictures of one person in; a dataset looked at, a training watched, the best version used and taken away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError, LabError
from lora.training.config import PRESETS
from workbench import components as parts
from workbench.access import User, who
from workbench.components import loras as views
from workbench.loras import LoraDesk
from workbench.pages.wiring import ON_ACT, POLL_BUSY, POLL_IDLE, QUIET, told, when_opened
from workbench.services import Services

if TYPE_CHECKING:
    from data.records import JobInfo

__all__ = ["SLUG", "TITLE", "build"]

TITLE = "LoRA"
SLUG = "lora"

_BUSY = ("un-trained", "training")


def build(services: Services) -> None:
    """Lay the page out and connect it."""
    desk = LoraDesk(services)
    with gr.Row(elem_classes="workplace", equal_height=False):
        with gr.Column(elem_classes="side", min_width=300):
            files = gr.File(
                file_count="multiple",
                file_types=["image"],
                height=92,
                show_label=False,
                container=False,
                elem_id="intake",
                elem_classes="for-pictures",
                label="Pictures of one person",
            )
            picked = _html(views.chosen([]), elem_id="lora-chosen")
            trigger = gr.Textbox(label="Trigger", placeholder="one word, as mira7", max_lines=1, elem_classes="field")
            kind = gr.Textbox(label="Kind", placeholder="woman; may stay empty", max_lines=1, elem_classes="field")
            model = gr.Dropdown([("Pocket", "")], value="", label="Model", elem_classes="field")
            preset = gr.Radio(list(PRESETS), value="balanced", label="Preset", elem_classes="segments")
            about = _html(_about("balanced"))
            marks = gr.Textbox(
                label="One side", placeholder="mole on the left cheek", max_lines=1, elem_classes="field"
            )
            more = gr.Textbox(label="Settings", placeholder="steps=200, rank=8", max_lines=2, elem_classes="field")
            _html(views.settings())
            with gr.Row(elem_classes="go"):
                look = gr.Button("Look at the dataset", elem_id="lora-look")
                start = gr.Button("Train", variant="primary", elem_id="lora-train")
            answer = _html("", elem_id="answer")
        with gr.Column(elem_classes="main", min_width=320):
            dataset = _html("", elem_id="lora-dataset")
            captions = gr.Dataframe(
                headers=["Picture", "Caption"],
                datatype=["str", "str"],
                label="Captions, to be changed before training",
                interactive=True,
                visible=False,
                wrap=True,
                elem_id="lora-captions",
            )
            detail, listing = _html("", elem_id="lora"), _html("", elem_id="loras")
    chosen, looked, shown = gr.JSON([], visible=False), gr.JSON({}, visible=False), gr.Textbox("", visible=False)
    unused, clock = gr.Textbox(visible=False), gr.Timer(POLL_IDLE)
    moving = [detail, listing, clock]
    asked = [chosen, trigger, kind, model, preset, marks, more]

    @told
    def add(files: Any, chosen: list[dict[str, str]], request: gr.Request) -> Any:
        entries = list(chosen or [])
        problems = []
        for file in files or []:
            try:
                entries.append(services.take_in(who(request), str(file["path"])).entry)
            except LabError as error:
                problems.append(str(error))
        return [], entries, views.chosen(entries), parts.problems(problems) if problems else ""

    @told
    def ask(c: Any, t: str, k: str, m: str, p: str, o: str, s: str, request: gr.Request) -> Any:
        job = _begin(desk, who(request), (c, t, k, m, p, o, s), only_advice=True)
        return {"job": job.id, "done": False}, parts.said(f"{job.title}: on its way."), gr.Timer(POLL_BUSY)

    @told
    def train(c: Any, t: str, k: str, m: str, p: str, o: str, s: str, rows: Any, request: gr.Request) -> Any:
        job = _begin(desk, who(request), (c, t, k, m, p, o, s), only_advice=False, captions=_captions(rows))
        return job.id, parts.said(f"{job.title}: on its way."), gr.Timer(POLL_BUSY)

    def tick(looked: dict[str, Any], shown: str, request: gr.Request) -> Any:
        return (*_dataset(desk, who(request), looked or {}), *_trained(desk, who(request), shown or ""))

    @told
    def act(shown: str, request: gr.Request, event: gr.EventData) -> Any:
        now, said = _do(desk, who(request), event.act, event.id, shown or "")
        return now, parts.said(said) if said else "", *_trained(desk, who(request), now)

    @told
    def opened(job: str, request: gr.Request) -> Any:
        names = [(name or "Pocket", name) for name in desk.models(who(request))]
        return gr.Dropdown(names, value=""), job, *_trained(desk, who(request), job)

    files.upload(
        add, [files, chosen], [files, chosen, picked, answer], api_visibility="private", preprocess=False, **QUIET
    )
    picked.click(_clear, None, [chosen, picked], api_visibility="private", **QUIET)
    preset.change(_about, preset, about, api_visibility="private", **QUIET)
    look.click(ask, asked, [looked, answer, clock], api_visibility="private", **QUIET)
    start.click(train, [*asked, captions], [shown, answer, clock], api_visibility="private", **QUIET)
    for part in (detail, listing):
        part.click(act, shown, [shown, answer, *moving], api_visibility="private", **QUIET)
    clock.tick(tick, [looked, shown], [looked, dataset, captions, *moving], api_visibility="private", **QUIET)
    when_opened(opened, unused, [model, shown, *moving], "job")


def _begin(desk: LoraDesk, user: User, given: Sequence[Any], **options: Any) -> JobInfo:
    """What the form asks for, in the order of its parts."""
    chosen, trigger, kind, model, preset, marks, more = given
    asked = {"kind": kind, "model": model, "preset": preset, "marks": marks, "settings": _settings(more or "")}
    return desk.begin(user, chosen or [], trigger or "", once=uuid4().hex, **options, **asked)


def _settings(text: str) -> dict[str, Any]:
    """``steps=200, rank=8`` as values.

    Raises:
        InputError: a part is no NAME=VALUE.
    """
    found: dict[str, Any] = {}
    for piece in filter(None, (one.strip() for one in text.split(","))):
        name, equals, value = piece.partition("=")
        if not equals:
            raise InputError(f"{piece!r} is no setting; write NAME=VALUE, as in rank=8.")
        try:
            found[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            found[name.strip()] = value.strip()
    return found


def _clear() -> tuple[list[Any], str]:
    return [], views.chosen([])


def _about(preset: str) -> str:
    return str(parts.note(PRESETS[preset][0])) if preset in PRESETS else ""


def _captions(rows: Any) -> dict[str, str]:
    """What a person made of the captions, by the picture's name."""
    values = rows.values.tolist() if hasattr(rows, "values") else list(rows or [])
    return {str(row[0]): str(row[1]).strip() for row in values if len(row) > 1 and str(row[1]).strip()}


def _dataset(desk: LoraDesk, user: User, looked: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What is known of the dataset that was asked about; once it is all there, nothing changes any more."""
    if not looked.get("job") or looked.get("done"):
        return gr.skip(), gr.skip(), gr.skip()
    job, steps = desk.lora(user, looked["job"]).job, desk.steps(user, looked["job"])
    if job.state in ("FAILED", "CANCELLED"):
        return {}, parts.problems([job.error or "It was stopped."]), gr.Dataframe(visible=False)
    if job.state != "SUCCEEDED":
        return gr.skip(), gr.skip(), gr.skip()
    rows = [[row["file"], row["caption"]] for row in steps["dataset"].outputs["table"]]
    return {**looked, "done": True}, views.dataset(steps), gr.Dataframe(rows, visible=True)


def _trained(desk: LoraDesk, user: User, shown: str) -> tuple[str, str, Any]:
    """The LoRA that is looked at, all of them, and how soon to look again."""
    found = desk.loras(user)
    known = next((one for one in found if one.job.id == shown), None)
    detail = views.detail(known, desk.curve(user, shown), desk.steps(user, shown)) if known else ""
    busy = any(one.state in _BUSY for one in found)
    return detail, views.listing(found, shown), gr.Timer(POLL_BUSY * 2 if busy else POLL_IDLE)


def _do(desk: LoraDesk, user: User, act: str, subject: str, shown: str) -> tuple[str, str]:
    """What a button asks for; which LoRA to look at then, and what to say."""
    if act == "open":
        return subject, ""
    if act == "stop":
        return desk.stop(user, subject).id, "It stops; what it came to is kept."
    if act == "resume":
        return desk.resume(user, subject).id, "It goes on where it was stopped."
    if act == "use":
        return subject, f"{desk.use(user, subject).name} is among the models."
    if act == "pick":
        job, _, version = subject.partition("/")
        return desk.pick(user, job, int(version)).id, f"Version {version}: its files are being written."
    raise InputError(f"There is no button {act[:40]!r} here.")


def _html(value: str, **more: Any) -> Any:
    return gr.HTML(value, js_on_load=ON_ACT, apply_default_css=False, **more)
