"""Draw a character's profile sheet, or eight views, as one generated picture, with a model that can lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from blocks.generate import generate
from blocks.grid.drawn_sheet import LAYOUTS, ask_for_sheet, finish_sheet
from blocks.models.samplers import SAMPLERS
from blocks.recall import recall_references
from blocks.scores.sheet import score_sheet
from pipelines import generate_picture
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.settling import drawing_of, faces_of, references_of

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """the character, a layout in words -> drawn as one picture -> each face scored -> at 300 dots an inch, stamped"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    ask = InputNode("asked", ports={"kind": gr.Dropdown(list(LAYOUTS), value="profile", label="Kind")})
    known = FnNode(
        recall_references,
        name="character",
        inputs={
            "file": gr.File(label="Reference set"),
            "pictures": gr.File(file_count="multiple", label="Its pictures"),
        },
        outputs={"references": gr.JSON(label="References"), "pictures": gr.Gallery(label="Pictures")},
    )
    layout = FnNode(
        ask_for_sheet,
        name="layout",
        inputs={
            "references": known.references,
            "pictures": known.pictures,
            "prompt": gr.Textbox("", label="Looks", lines=2, info="Hair, clothes; the layout's words are added."),
            "kind": ask.kind,
        },
        outputs={"prompt": gr.Textbox(label="Prompt"), "pictures": None, "faces": None},
    )
    drawn = FnNode(
        generate,
        name="draw",
        inputs={
            "prompt": layout.prompt,
            "references": layout.pictures,
            "model": gr.Textbox("", label="Model", info="One that takes reference pictures itself."),
            "negative": gr.Textbox("", label="Not wanted"),
            "seed": gr.Number(0, label="Seed", precision=0),
            "steps": gr.Number(0, label="Steps", precision=0, info="0: what suits the model."),
            "guidance": gr.Number(None, label="Guidance", info="Empty: what suits the model."),
            "sampler": gr.Dropdown(["", *SAMPLERS], value="", label="Sampler", info="Empty: the model's own."),
            "width": gr.Number(0, label="Width", precision=0, info="0: what suits the model."),
            "height": gr.Number(0, label="Height", precision=0),
            "loras": gr.JSON([], label="LoRAs"),
        },
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
    scored = FnNode(
        score_sheet,
        name="score",
        inputs={
            "picture": drawn.picture,
            "references": known.references,
            "expected": layout.faces,
            "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
            "threshold": gr.Slider(0, 1, 0.85, label="Gate", info="A calibrated score."),
        },
        outputs={"score": gr.JSON(label="Score of each face")},
    )
    finished = FnNode(
        finish_sheet,
        name="sheet",
        inputs={"picture": drawn.picture, "facts": drawn.facts, "score": scored.score, "kind": ask.kind},
        outputs={"picture": gr.Image(label="Sheet"), "about": gr.JSON(label="About it")},
    )
    return Graph("Draw a sheet", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model, how it takes references, and the face pack.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    settled = drawing_of(["draw"], inputs, settings)
    settled |= references_of("layout", settled, inputs, settings) | faces_of("score", inputs, settings)
    return {name: value for name, value in settled.items() if name != "layout.domain"}


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing."""
    return generate_picture.work(inputs)
