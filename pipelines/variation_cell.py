"""Draw one cell of a variation grid: its words, its pose where a ControlNet can hold one, the character's face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from blocks.generate import generate
from blocks.grid.control import hold_pose
from blocks.models.places import POCKET_POSE
from blocks.models.samplers import SAMPLERS
from blocks.quality import first_try
from blocks.scores.score import score_picture
from blocks.takes import finish_take
from pipelines import generate_picture
from pipelines.casting import recalled
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.settling import drawing_of, faces_of, references_of

if TYPE_CHECKING:
    from daggr import Graph
    from daggr.node import Node

__all__ = ["build", "control_for", "settle", "work"]


def build() -> Graph:
    """the character, words, a pose -> drawn -> scored -> a take"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    size = {
        "width": gr.Number(0, label="Width", precision=0, info="0: what suits the model."),
        "height": gr.Number(0, label="Height", precision=0),
    }
    ask, known = InputNode("asked", ports=size), recalled()
    cell = _cell(known)
    drawn = _drawn(ask, cell, _posed(ask))
    scored = FnNode(
        score_picture,
        name="score",
        inputs={
            "picture": drawn.picture,
            "references": known.references,
            "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
            "threshold": gr.Slider(0, 1, 0.85, label="Gate", info="A calibrated score."),
            "applicable": cell.applicable,
        },
        outputs={"score": gr.JSON(label="Score")},
    )
    take = FnNode(
        finish_take,
        name="take",
        inputs={"picture": drawn.picture, "facts": drawn.facts, "score": scored.score, "about": cell.about},
        outputs={"take": gr.JSON(label="Take"), "picture": gr.Image(label="With its recipe")},
    )
    return Graph("Variation cell", nodes=[take])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model, how it takes references, the ControlNet for a pose, and the face pack.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    control = control_for(inputs)
    settled = drawing_of(["draw"], {**inputs, "control": control}, settings)
    settled |= faces_of("score", inputs, settings) | {"control": control}
    return settled | references_of("cell", settled, inputs, settings)


def control_for(inputs: Mapping[str, Any]) -> str:
    """The ControlNet that is to hold a cell's pose: the one that is named, or the lab's own for its own model."""
    if not (inputs.get("pose") or inputs.get("points")):
        return ""
    named = str(inputs.get("control") or "")
    return named or (POCKET_POSE if str(inputs.get("model") or "") in ("", "pocket") else "")


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing."""
    return generate_picture.work(inputs)


def _cell(known: Node) -> Node:
    """What is asked of the cell, with the character's references in the way that the model takes them."""
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        first_try,
        name="cell",
        inputs={
            "references": known.references,
            "pictures": known.pictures,
            "prompt": gr.Textbox("", label="Prompt", lines=3),
            "seed": gr.Number(0, label="Seed", precision=0),
            "reference_scale": gr.Slider(0, 2, 1.0, label="Weight of the references"),
        },
        outputs={
            **dict.fromkeys(("prompt", "seed", "reference_scale", "identity", "pictures", "applicable")),
            "about": gr.JSON(label="About this cell"),
        },
    )


def _posed(ask: Node) -> Node:
    """The pose, as a picture that a ControlNet follows."""
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        hold_pose,
        name="pose",
        inputs={
            "pose": gr.Textbox("", label="Pose", info="Of the standard set; empty: the words are enough."),
            "view": gr.Textbox("front", label="Seen from"),
            "points": gr.JSON([], label="Joints"),
            "control": gr.Textbox("", label="ControlNet", info="Empty: the one that belongs to the lab's own model."),
            "width": ask.width,
            "height": ask.height,
        },
        outputs={"picture": gr.Image(label="Pose"), "control": None},
    )


def _drawn(ask: Node, cell: Node, pose: Node) -> Node:
    """The picture, by the cell's words and references and in its pose."""
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        generate,
        name="draw",
        inputs={
            **{name: getattr(cell, name) for name in ("prompt", "seed", "reference_scale", "identity")},
            "references": cell.pictures,
            "control": pose.control,
            "control_image": pose.picture,
            "control_scale": gr.Slider(0, 2, 1.0, label="Weight of the pose"),
            "width": ask.width,
            "height": ask.height,
            "model": gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the lab's own."),
            "negative": gr.Textbox("", label="Not wanted"),
            "steps": gr.Number(0, label="Steps", precision=0, info="0: what suits the model."),
            "guidance": gr.Number(None, label="Guidance", info="Empty: what suits the model."),
            "sampler": gr.Dropdown(["", *SAMPLERS], value="", label="Sampler", info="Empty: the model's own."),
            "loras": gr.JSON([], label="LoRAs"),
            "adapter": gr.Textbox("", label="Adapter", info="Empty: the one in the model's folder."),
        },
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
