"""Train a LoRA of a character: from its pictures to the version that draws it best, and packages for others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from blocks.errors import NotAvailable
from blocks.models.digest import model_digest
from blocks.models.places import DEFAULT, place_of
from blocks.models.recognise import recognise
from lora.advice import advise
from lora.dataset import make_dataset
from lora.export import export_lora
from lora.others import draw_others
from lora.pick import pick_version
from lora.train import settings_for, train_lora
from lora.training.config import PRESETS
from pipelines.catalog import Work
from pipelines.engine.allowed import DIGESTS
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["CONFIG", "build", "settle", "work"]

CONFIG = "train.config"
_GUESS = 0.06
"""Seconds a picture looked at, on two slow cores, with the lab's own model; large ones take a thousand times that."""


def build() -> Graph:
    """pictures -> a dataset, and advice on it -> other people -> every version -> the best of them -> packages"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    model = gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the lab's own.")
    kind = gr.Textbox("", label="Kind", info="What the character is, as in woman; may stay empty.")
    source = InputNode("source", ports={"model": model, "kind": kind})
    dataset = FnNode(
        make_dataset,
        name="dataset",
        inputs={
            "pictures": gr.File(file_count="multiple", label="Pictures of one character"),
            "trigger": gr.Textbox(label="Trigger word", info="One word that means nothing else, as in mira7."),
            "kind": source.kind,
            "about": gr.JSON(None, label="What is known of each picture"),
            "captions": gr.JSON(None, label="Captions of your own, by file name"),
            "leave_out": gr.JSON(None, label="Names of pictures to leave out"),
        },
        outputs={
            "pictures": gr.File(file_count="multiple", label="Dataset"),
            "table": gr.JSON(label="Captions and sets"),
            "dropped": gr.JSON(label="Left out"),
            "trigger": gr.Textbox(label="Trigger word"),
        },
    )
    shown = {"pictures": dataset.pictures, "table": dataset.table}
    named = {"table": dataset.table, "trigger": dataset.trigger}
    advice = FnNode(
        advise,
        name="advise",
        inputs={
            **shown,
            "marks": gr.Textbox("", label="On one side only", info="As in: mole on the left cheek."),
        },
        outputs={"advice": gr.JSON(label="Advice")},
    )
    others = FnNode(
        draw_others,
        name="others",
        inputs={
            **named,
            "model": source.model,
            "others": gr.Number(
                0,
                label="Pictures of other people",
                precision=0,
                info="Drawn by the base model and trained on beside, so that it still draws others; 0: none.",
            ),
        },
        outputs={
            "pictures": gr.Gallery(label="Other people"),
            "captions": gr.JSON(label="What they show"),
        },
    )
    trained = FnNode(
        train_lora,
        name="train",
        inputs={
            **shown,
            "model": source.model,
            "preset": gr.Dropdown(list(PRESETS), value="balanced", label="Preset"),
            "settings": gr.JSON({}, label="What is to be otherwise than in the preset"),
            "prior": others.pictures,
            "prior_captions": others.captions,
            "start": gr.File(None, label="State of an earlier training, to go on from"),
        },
        outputs={
            "versions": gr.File(file_count="multiple", label="Versions"),
            "state": gr.File(label="State, to go on from"),
            "curve": gr.JSON(label="Loss"),
            "training": gr.JSON(label="Training"),
        },
    )
    picked = FnNode(
        pick_version,
        name="pick",
        inputs={
            **shown,
            **named,
            "model": source.model,
            "versions": trained.versions,
        },
        outputs={
            "lora": gr.File(label="The best version"),
            "report": gr.JSON(label="Before and after"),
            "before": gr.Image(label="Without it"),
            "after": gr.Image(label="With it"),
            "sheets": gr.Gallery(label="Versions"),
        },
    )
    exported = FnNode(
        export_lora,
        name="export",
        inputs={
            **shown,
            **named,
            "model": source.model,
            "lora": picked.lora,
            "kind": source.kind,
            "title": gr.Textbox("", label="Title", info="Empty: the trigger word."),
            "author": gr.Textbox("", label="Author"),
            "licence": gr.Textbox("", label="Licence"),
            "training": trained.training,
            "report": picked.report,
        },
        outputs={
            "lora": gr.File(label="LoRA (diffusers)"),
            "kohya": gr.File(label="LoRA (kohya)"),
            "packages": gr.File(file_count="multiple", label="Packages"),
            "facts": gr.JSON(label="Facts"),
        },
    )
    return Graph("Train a LoRA", nodes=[exported, advice])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model by digest, the threads, today, and all settings of the training that was asked for.

    A preset is a name: what it stands for is settled here, so that a job stays the training that it was, and one asked
    for after a preset has changed is another.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: there is no such preset or setting, or a value is out of range.
    """
    machine: dict[str, Any] = {"date": date.today().isoformat()}
    machine |= {f"{step}.models": str(settings.models) for step in ("advise", "others", "train", "pick", "export")}
    machine |= {f"{step}.threads": settings.threads for step in ("others", "train", "pick")}
    name = str(inputs.get("model") or DEFAULT)
    try:
        place = place_of(name, settings.models)
        if not place.exists():
            raise NotAvailable(f"There is no model {name!r} in the models folder; `models` lists those that are here.")
    except NotAvailable:
        if name != DEFAULT:
            raise
        return machine  # a canvas is looked at without one; who submits is told
    profile = recognise(place).profile
    config = settings_for(profile.family, str(inputs.get("preset") or "balanced"), inputs.get("settings") or {})
    batch = config.batch * config.accumulate
    looked: dict[str, Any] = {"steps": config.steps, "batch": batch, "advise.size": config.size or min(profile.size)}
    looked |= {"advise.flip": config.flip, "dataset.read": profile.family == "pocket", CONFIG: config.facts()}
    looked |= {"pick.size": config.size, "others.size": config.size}
    remembered = settings.models / DIGESTS if place.is_relative_to(settings.models) else None
    digest = model_digest(place, remembered)
    return machine | looked | {"model": name, **{f"{step}.digest": digest for step in ("others", "train", "pick")}}


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Pictures looked at."""
    config = settings_for("pocket", str(inputs.get("preset") or "balanced"), inputs.get("settings") or {})
    units = float(config.steps * config.batch * config.accumulate)
    yield Work("lora.train.train_lora", units, _GUESS, {"model": inputs.get("model", "")}, 50_000_000)
