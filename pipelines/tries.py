"""The quality loop as nodes of a graph: draw, score, keep, and again as long as it is needed.

daggr knows no loops, so there are as many tries as there may ever be; those after the gate has passed, or beyond
`max_iterations`, find that they are not needed and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from blocks.generate import generate
from blocks.models.memory import OFFLOADS
from blocks.quality import CONSISTENCY, CREATIVE, MODES, MOST_TRIES, first_try, next_try
from blocks.ranking import choose_best
from blocks.scores.score import score_picture
from blocks.start import start_from
from blocks.takes import finish_take
from pipelines import generate_picture
from pipelines.catalog import Work
from pipelines.model_ports import model_ports
from pipelines.settings import Settings
from pipelines.settling import drawing_of, faces_of, references_of

if TYPE_CHECKING:
    from daggr.node import Node

Block = Callable[..., Any]

__all__ = ["asked", "quality_loop", "settle_loop", "work_of_loop"]

_PLACES = ("first", "second", "third", "fourth", "fifth")
_DRAWN_WITH = (
    *("model", "negative", "steps", "guidance", "sampler", "width", "height", "strength"),
    *("loras", "adapter", "control", "control_scale", "dtype", "device", "offload"),
)


def asked() -> dict[str, Any]:
    """What a person can ask of the loop, as components by name."""
    import gradio as gr

    return {
        **model_ports("the references"),
        "strength": gr.Slider(0.01, 1, 0.6, label="How much is drawn anew"),
        "loras": gr.JSON([], label="LoRAs"),
        "adapter": gr.Textbox("", label="Adapter", info="Empty: the one in the model's folder."),
        "control": gr.Textbox("", label="ControlNet"),
        "control_scale": gr.Slider(0, 2, 1.0, label="Weight of the control picture"),
        "dtype": gr.Textbox("auto", label="Number format"),
        "device": gr.Dropdown(["auto", "cpu", "cuda"], value="auto", label="Device"),
        "offload": gr.Dropdown(list(OFFLOADS), value="none", label="Offloading"),
        "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
        "quality_threshold": gr.Slider(0, 1, 0.85, label="Gate", info="A calibrated score."),
        "max_iterations": gr.Slider(1, MOST_TRIES, 3, step=1, label="Tries at most"),
        "mode": gr.Dropdown(list(MODES), value=CONSISTENCY, label="Mode"),
    }


def quality_loop(
    ask: Node, references: Any, pictures: Any, draw: Block = generate, score: Block = score_picture
) -> Node:
    """Tries of one picture, each drawn, scored and kept; the node that says which is best.

    Args:
        ask: an input node with the ports of `asked`.
        references, pictures: ports that give a reference set and its members' pictures.
        draw, score: blocks that take and give what `generate` and `score_picture` do.
    """
    from daggr import FnNode

    start = _start()
    started = {port: getattr(start, port) for port in ("image", "mask", "control_image")}
    made = partial(_made, ask, references, started, draw, score)
    whom = {"references": references, "pictures": pictures}
    wanted = {name: getattr(ask, name) for name in ("prompt", "seed", "reference_scale", "mode")}
    attempt = FnNode(first_try, name="try_1", inputs={**whom, **wanted}, outputs=_tried())
    takes = [made(1, attempt)]
    for number in range(2, MOST_TRIES + 1):
        last = {"about": attempt.about, "score": takes[-1][1].score}
        limits = {"mode": ask.mode, "max_iterations": ask.max_iterations}
        attempt = FnNode(next_try, name=f"try_{number}", inputs={**last, **whom, **limits}, outputs=_tried())
        takes.append(made(number, attempt))
    kept = {place: take.take for place, (take, _) in zip(_PLACES, takes, strict=True)}
    return _chosen(ask, kept)


def settle_loop(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """What follows from the machine and the model: where models lie, what suits them, how they take references.

    Raises:
        NotAvailable: a model that is named is not in the models folder.
        InputError: a name leads out of the models folder.
    """
    tries = range(1, MOST_TRIES + 1)
    settled = drawing_of([f"draw_{number}" for number in tries], inputs, settings)
    settled |= references_of("try_1", settled, inputs, settings)
    for number in tries:
        settled |= faces_of(f"score_{number}", inputs, settings)
    return settled


def work_of_loop(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing of one try; how many are needed nobody knows before, but when all are made."""
    [drawn] = generate_picture.work(inputs)
    tries = int(inputs.get("max_iterations") or 1) if inputs.get("mode") == CREATIVE else 1
    yield replace(drawn, units=drawn.units * tries, bytes=drawn.bytes * 2 * tries)


def _start() -> Node:
    import gradio as gr
    from daggr import FnNode

    names = {"image": "Start from", "mask": "Mask (white is drawn anew)", "control_image": "Control picture"}
    shown = {port: gr.Image(type="filepath", label=label) for port, label in names.items()}
    return FnNode(start_from, name="start", inputs=shown, outputs=dict.fromkeys(names))


def _made(
    ask: Node, references: Any, started: Mapping[str, Any], draw: Block, score: Block, number: int, attempt: Node
) -> tuple[Node, Node]:
    """One try, drawn, scored and kept: the nodes of its take and its score."""
    import gradio as gr
    from daggr import FnNode

    drawn_with = {name: getattr(attempt, name) for name in ("prompt", "seed", "reference_scale", "identity")}
    drawn_with |= {name: getattr(ask, name) for name in _DRAWN_WITH}
    drawn = FnNode(
        draw,
        name=f"draw_{number}",
        inputs={**drawn_with, **started, "references": attempt.pictures},
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
    scored = FnNode(
        score,
        name=f"score_{number}",
        inputs={
            "picture": drawn.picture,
            "references": references,
            "pack": ask.pack,
            "threshold": ask.quality_threshold,
            "applicable": attempt.applicable,
        },
        outputs={"score": gr.JSON(label="Score")},
    )
    take = FnNode(
        finish_take,
        name=f"take_{number}",
        inputs={"picture": drawn.picture, "facts": drawn.facts, "score": scored.score, "about": attempt.about},
        outputs={"take": gr.JSON(label="Take")},
    )
    return take, scored


def _chosen(ask: Node, kept: Mapping[str, Any]) -> Node:
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        choose_best,
        name="best",
        inputs={**kept, "mode": ask.mode},
        outputs={"picture": gr.Image(label="Best"), "ranking": gr.JSON(label="Every try")},
    )


def _tried() -> dict[str, Any]:
    """Ports of a try; only what it says about itself is worth showing."""
    import gradio as gr

    plain = dict.fromkeys(("prompt", "seed", "reference_scale", "identity", "pictures", "applicable"))
    return {**plain, "about": gr.JSON(label="About this try")}
