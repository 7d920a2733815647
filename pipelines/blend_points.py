"""Pictures of a blend as nodes of a graph: each with its own weights, drawn, scored, compared with the parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blocks.blending import METHODS, blend_parents, compare_parents, meet_parents
from blocks.generate import generate
from blocks.scores.score import score_picture
from blocks.takes import finish_take
from pipelines import generate_picture
from pipelines.catalog import Work
from pipelines.model_ports import model_ports
from pipelines.settings import Settings
from pipelines.settling import drawing_of, faces_of, references_of

if TYPE_CHECKING:
    from daggr.node import Node

__all__ = ["asked", "drawn_point", "met_parents", "settle_points", "work_of_points"]

_DRAWN_WITH = (
    *("model", "negative", "seed", "steps", "guidance", "sampler", "width", "height", "reference_scale"),
    *("adapter", "loras", "dtype", "device", "offload"),
)
_MOST_PICTURES = 8  # where the model sets no limit


def asked() -> Node:
    """What a person can ask of a blend, but for the weights."""
    import gradio as gr
    from daggr import InputNode

    return InputNode(
        "asked",
        ports={
            "parents": gr.JSON([], label="Parents, with the places of their sets and pictures"),
            "sets": gr.File(file_count="multiple", label="Their reference sets"),
            "pictures": gr.File(file_count="multiple", label="Their pictures"),
            "method": gr.Dropdown(["", *METHODS], value="", label="Method", info="Empty: what suits the model."),
            **model_ports("the face"),
            "adapter": gr.Textbox("", label="Adapter", info="Empty: the one in the model's folder."),
            "loras": gr.JSON([], label="LoRAs"),
            "dtype": gr.Textbox("auto", label="Number format"),
            "device": gr.Dropdown(["auto", "cpu", "cuda"], value="auto", label="Device"),
            "offload": gr.Textbox("none", label="Offloading"),
            "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
            "threshold": gr.Slider(0, 1, 0.85, label="Gate", info="A calibrated score."),
        },
    )


def met_parents(ask: Node) -> Node:
    """The parents with their faces."""
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        meet_parents,
        name="meet",
        inputs={"parents": ask.parents, "sets": ask.sets},
        outputs={"parents": gr.JSON(label="Parents")},
    )


def drawn_point(ask: Node, met: Node, after: str = "") -> Node:
    """One picture of the parents: blended -> drawn -> scored against the blended face -> compared -> a take.

    Args:
        after: joins the names of its steps: ``_3`` for the third of a sweep.
    """
    import gradio as gr
    from daggr import FnNode

    blended = FnNode(
        blend_parents,
        name=f"blend{after}",
        inputs={
            "parents": met.parents,
            "pictures": ask.pictures,
            "method": ask.method,
            "weights": gr.JSON([], label="Weights"),
            "prompt": ask.prompt,
        },
        outputs={
            **dict.fromkeys(("identity", "pictures", "prompt")),
            "about": gr.JSON(label="Blend"),
            "expected": None,
        },
    )
    drawn = FnNode(
        generate,
        name=f"draw{after}",
        inputs={
            "prompt": blended.prompt,
            "identity": blended.identity,
            "references": blended.pictures,
            **{name: getattr(ask, name) for name in _DRAWN_WITH},
        },
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
    of_faces = {"picture": drawn.picture, "pack": ask.pack}
    scored = FnNode(
        score_picture,
        name=f"score{after}",
        inputs={**of_faces, "references": blended.expected, "threshold": ask.threshold},
        outputs={"score": gr.JSON(label="Score")},
    )
    compared = FnNode(
        compare_parents,
        name=f"compare{after}",
        inputs={**of_faces, "parents": met.parents, "pictures": ask.pictures, "about": blended.about},
        outputs={"about": gr.JSON(label="Likeness to each parent"), "references": None, "pictures": None},
    )
    return FnNode(
        finish_take,
        name=f"take{after}",
        inputs={"picture": drawn.picture, "facts": drawn.facts, "score": scored.score, "about": compared.about},
        outputs={"take": gr.JSON(label="Take"), "picture": gr.Image(label="With its recipe")},
    )


def settle_points(inputs: Mapping[str, Any], settings: Settings, points: Sequence[str]) -> dict[str, Any]:
    """The model by its digest and profile, how it takes faces, and the face pack; for each of the points.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    settled = drawing_of([f"draw{after}" for after in points], inputs, settings)
    for after in points:
        settled |= _taken(f"blend{after}", settled, inputs, settings)
        settled |= faces_of(f"score{after}", inputs, settings) | faces_of(f"compare{after}", inputs, settings)
    return settled


def work_of_points(inputs: Mapping[str, Any], points: int) -> Iterator[Work]:
    """The drawing of every point."""
    [one] = generate_picture.work(inputs)
    yield replace(one, units=one.units * points, bytes=one.bytes * 2 * points)


def _taken(step: str, drawing: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """How the model takes the faces of a blend, which know for themselves of which kind they are."""
    how = references_of(step, drawing, inputs, settings)
    return {f"{step}.way": how[f"{step}.way"], f"{step}.most": how[f"{step}.most"] or _MOST_PICTURES} if how else {}
