"""Draw a picture from words, and from references, with a model of your own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import NotAvailable
from blocks.generate import generate, models_used
from blocks.models.digest import combined, model_digest
from blocks.models.loading import choose
from blocks.models.memory import fit, need
from blocks.models.places import DEFAULT, place_of
from blocks.models.recognise import Recognised, recognise, recognised_in
from blocks.models.samplers import SAMPLERS
from blocks.takes import finish_take
from pipelines.catalog import Work
from pipelines.engine.allowed import DIGESTS
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_GUESS = 0.6
"""Seconds a megapixel-step on two slow cores for a small model; a large one takes a hundred times as long."""


def build() -> Graph:
    """words, references -> drawn -> a take, with how it was made in it"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    model = gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the lab's own.")
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
        finish_take,
        name="take",
        inputs={"picture": drawn.picture, "facts": drawn.facts},
        outputs={"take": gr.JSON(label="Take"), "picture": gr.Image(label="With its recipe")},
    )
    return Graph("Generate a picture", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model and all that is put on it, by digest; the profile's own values for what is left open.

    Raises:
        NotAvailable: a model or file that is named is not in the models folder, or could never fit this machine.
        InputError: a name leads out of the models folder.
    """
    machine = {"models": str(settings.models), "threads": settings.threads}
    name = str(inputs.get("model") or DEFAULT)
    try:
        found = _chosen(name, settings.models)
    except NotAvailable:
        if name != DEFAULT:
            raise
        return machine  # a canvas is looked at without one; who submits is told
    _check_memory(name, found, inputs, settings)
    return machine | {
        "model": name,
        "digest": _digest(inputs, settings.models),
        "steps": found.profile.steps,
        "guidance": found.profile.guidance_scale,
    }


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Megapixel-steps."""
    steps, width, height = (int(inputs.get(name) or 0) for name in ("steps", "width", "height"))
    units = (steps or 30) * (width or 512) * (height or 512) / 1e6
    size = int((width or 512) * (height or 512) * 1.6)
    yield Work("blocks.generate.generate", units, _GUESS, {"model": inputs.get("model", "")}, size)


def _chosen(name: str, models: Path) -> Recognised:
    place = place_of(name, models)
    if not place.exists():
        known = ", ".join([DEFAULT, *(found.path.name for found in recognised_in(models))])
        raise NotAvailable(
            f"There is no model {name!r} in the models folder; there are {known}. Put a model's diffusers folder (with "
            "model_index.json, weights as safetensors) there, or fetch one with: python -m workbench models pull"
        )
    return recognise(place)


def _check_memory(name: str, found: Recognised, inputs: Mapping[str, Any], settings: Settings) -> None:
    """Refuse what could never be loaded here, before it waits in a queue; what is in use now is seen by the step."""
    if found.form == "file":
        return  # the step says how to make a folder of it
    gpu = any(slot.startswith("cuda") for slot in settings.slots()) and inputs.get("device", "auto") != "cpu"
    device = "cuda" if gpu else "cpu"
    needed = need(found.path, found.profile, choose(found.profile, str(inputs.get("dtype") or "auto"), device))
    fitting = fit(name, needed, device, inputs.get("offload") or "none" if gpu else "none")
    if fitting.fits is False:
        raise NotAvailable(fitting.words)


def _digest(inputs: Mapping[str, Any], models: Path) -> str:
    """Of the model and of what is put on it, remembered beside the models."""
    named = {key: inputs.get(key) for key in ("model", "adapter", "control", "loras")}
    paths = models_used(**{key: value for key, value in named.items() if value}, models=str(models))
    for path in paths:
        if not path.exists():
            raise NotAvailable(f"There is no {path.name} in the models folder; put it there, or leave it out.")
    return combined(*(model_digest(path, models / DIGESTS) for path in paths))
