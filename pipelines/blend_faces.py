"""Blend several parents into one new person, draw that person, and say how near the picture came to each parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.blending import METHODS, blend_parents, compare_parents
from blocks.generate import generate
from blocks.models.places import place_of
from blocks.models.recognise import recognise
from blocks.models.samplers import SAMPLERS
from blocks.models.taking import taking
from blocks.takes import finish_take
from pipelines import generate_picture
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.tries import faces_of

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """parents -> blended -> drawn -> compared with each parent -> a take"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    ask = InputNode(
        "asked",
        ports={
            "parents": gr.JSON([], label="Parents"),
            "pictures": gr.File(file_count="multiple", label="Their pictures"),
            "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
        },
    )
    blended = FnNode(
        blend_parents,
        name="blend",
        inputs={
            "parents": ask.parents,
            "pictures": ask.pictures,
            "method": gr.Dropdown(["", *METHODS], value="", label="Method", info="Empty: what suits the model."),
            "weights": gr.JSON([], label="Weights"),
            "prompt": gr.Textbox("", label="Prompt", lines=3),
        },
        outputs={"identity": None, "pictures": None, "prompt": None, "about": gr.JSON(label="The blend")},
    )
    drawn = FnNode(
        generate,
        name="draw",
        inputs={
            "model": gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the lab's own."),
            "prompt": blended.prompt,
            "identity": blended.identity,
            "references": blended.pictures,
            "negative": gr.Textbox("", label="Not wanted"),
            "seed": gr.Number(0, label="Seed", precision=0),
            "steps": gr.Number(0, label="Steps", precision=0, info="0: what suits the model."),
            "guidance": gr.Number(None, label="Guidance", info="Empty: what suits the model."),
            "sampler": gr.Dropdown(["", *SAMPLERS], value="", label="Sampler", info="Empty: the model's own."),
            "width": gr.Number(0, label="Width", precision=0, info="0: what suits the model."),
            "height": gr.Number(0, label="Height", precision=0),
            "reference_scale": gr.Slider(0, 2, 1.0, label="Weight of the references"),
            "adapter": gr.Textbox("", label="Adapter", info="Empty: the one in the model's folder."),
            "loras": gr.JSON([], label="LoRAs"),
        },
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
    compared = FnNode(
        compare_parents,
        name="compare",
        inputs={
            "picture": drawn.picture,
            "parents": ask.parents,
            "pictures": ask.pictures,
            "about": blended.about,
            "pack": ask.pack,
        },
        outputs={"about": gr.JSON(label="Likeness to each parent")},
    )
    take = FnNode(
        finish_take,
        name="take",
        inputs={"picture": drawn.picture, "facts": drawn.facts, "about": compared.about},
        outputs={"take": gr.JSON(label="Take"), "picture": gr.Image(label="With its recipe")},
    )
    return Graph("Blend faces", nodes=[take])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model by its digest and profile, how it takes faces, and the face pack.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    found = generate_picture.settle(inputs, settings)
    settled = {f"draw.{name}": found[name] for name in ("models", "threads", "digest") if name in found}
    settled |= {name: found[name] for name in ("model", "steps", "guidance") if name in found}
    settled |= faces_of("compare", inputs, settings)
    if "model" in found:
        place = place_of(str(found["model"]), settings.models)
        adapter = str(inputs.get("adapter") or "")
        how = taking(place, recognise(place).profile, Path(place_of(adapter, settings.models)) if adapter else None)
        settled |= {"blend.way": how.way, "blend.most": how.most or 8}
    return settled


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing."""
    return generate_picture.work(inputs)
