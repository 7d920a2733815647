"""Draw a picture from words, and from references, with a model of your own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import NotAvailable
from blocks.generate import generate
from blocks.models.digest import combined, model_digest
from blocks.models.recognise import Recognised, recognised_in
from blocks.models.samplers import SAMPLERS
from blocks.provenance import stamp
from pipelines.catalog import Work
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_GUESS = 0.6
"""Seconds a megapixel-step on two slow cores for a small model; a large one takes a hundred times as long."""


def build() -> Graph:
    """words, references -> drawn -> stamped with how it was made"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    model = gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the first there is.")
    prompt = gr.Textbox("", label="Prompt", lines=3)
    source = InputNode("source", ports={"prompt": prompt, "model": model})
    drawn = FnNode(
        generate,
        name="generate",
        inputs={
            "prompt": source.prompt,
            "model": source.model,
            "negative": gr.Textbox("", label="Not wanted"),
            "seed": gr.Number(0, label="Seed", precision=0),
            "steps": gr.Number(0, label="Steps", precision=0, info="0: what suits the model."),
            "guidance": gr.Number(None, label="Guidance", info="Empty: what suits the model."),
            "sampler": gr.Dropdown(["", *SAMPLERS], value="", label="Sampler", info="Empty: the model's own."),
            "width": gr.Number(0, label="Width", precision=0, info="0: what suits the model."),
            "height": gr.Number(0, label="Height", precision=0),
            "references": gr.File(file_count="multiple", label="References"),
            "reference_scale": gr.Slider(0, 2, 0.8, label="Weight of the references"),
            "image": gr.Image(type="filepath", label="Start from"),
            "mask": gr.Image(type="filepath", label="Mask (white is drawn anew)"),
            "strength": gr.Slider(0.01, 1, 0.6, label="How much is drawn anew"),
            "loras": gr.JSON([], label="LoRAs"),
        },
        outputs={"picture": gr.Image(label="Drawn"), "facts": gr.JSON(label="Facts")},
    )
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": drawn.picture, "system": source.model, "source_type": "trainedAlgorithmicMedia"},
        outputs={"picture": gr.Image(label="With its recipe")},
    )
    return Graph("Generate a picture", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model and all that is put on it, by digest; the profile's own values for what is left open.

    Raises:
        NotAvailable: a model or file that is named is not in the models folder.
    """
    machine = {"models": str(settings.models), "threads": settings.threads}
    found = _chosen(str(inputs.get("model") or ""), settings.models)
    if found is None:  # the step itself says how to get a model; a canvas is looked at without one
        return machine
    profile = found.profile
    return machine | {
        "model": found.path.name,
        "digest": _digest(found, inputs, settings.models),
        "steps": profile.steps,
        "guidance": profile.guidance_scale,
    }


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Megapixel-steps."""
    steps, width, height = (int(inputs.get(name) or 0) for name in ("steps", "width", "height"))
    units = (steps or 30) * (width or 512) * (height or 512) / 1e6
    size = int((width or 512) * (height or 512) * 1.6)
    yield Work("blocks.generate.generate", units, _GUESS, {"model": inputs.get("model", "")}, size)


def _chosen(name: str, models: Path) -> Recognised | None:
    known = {found.path.name: found for found in recognised_in(models)}
    if not name:
        return next(iter(known.values()), None)
    path = Path(models, name)
    if path.name in known and path == known[path.name].path:
        return known[path.name]
    if not path.exists():
        there = f"there are {', '.join(known)}" if known else "there is none yet"
        raise NotAvailable(f"There is no model {name!r} in the models folder; {there}.")
    return None


def _digest(found: Recognised, inputs: Mapping[str, Any], models: Path) -> str:
    """Of the model and of what is put on it, remembered beside the models."""
    loras = inputs.get("loras") or ()
    beside = [
        inputs.get("adapter"),
        inputs.get("control"),
        *(one.get("path") for one in loras if isinstance(one, dict)),
    ]
    paths = [found.path, *(Path(models, str(one)) for one in beside if one)]
    for path in paths:
        if not path.exists():
            raise NotAvailable(f"There is no {path.name} in the models folder; put it there, or leave it out.")
    return combined(*(model_digest(path, models / ".digests.json") for path in paths))
