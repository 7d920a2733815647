"""Enlarge a picture with Real-ESRGAN, two, three or four times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.provenance import stamp
from enhance.pictures import probe_picture
from enhance.restore import restore_faces
from enhance.upscale import upscale_picture
from enhance.upscalers import find_upscaler
from pipelines.catalog import Work
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_MODEL = "realesrgan-x4plus"
_GUESS = {"realesr-animevideov3": 0.8, _MODEL: 25.0}
"""Seconds a megapixel of the result on one slow core, for a machine that never ran the model."""


def build() -> Graph:
    """picture -> upscaled -> faces restored, if a model is named -> stamped with how it was made"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    source = InputNode(
        "source",
        ports={
            "picture": gr.Image(type="filepath", label="Picture"),
            "model": gr.Textbox(_MODEL, label="Model", info="Name of an upscaler; `doctor` lists those that are here."),
            "restore": gr.Textbox("", label="Restore faces", info="Name of a model that does; empty leaves them."),
        },
    )
    upscale = FnNode(
        upscale_picture,
        name="upscale",
        inputs={
            "picture": source.picture,
            "model": source.model,
            "scale": gr.Radio([2, 3, 4], value=4, label="Times larger"),
            "denoise": gr.Slider(0, 1, 1, label="Denoise", info="For models that have a strength."),
            "tile": gr.Number(0, label="Tile", info="Side in pixels; 0 chooses by memory."),
            "format": gr.Dropdown(["", "png", "jpg", "webp"], value="", label="Format", info="Empty: PNG."),
        },
        outputs={"picture": gr.Image(label="Enlarged")},
    )
    restore = FnNode(
        restore_faces,
        name="restore",
        inputs={
            "picture": upscale.picture,
            "model": source.restore,
            "strength": gr.Slider(0, 1, 1, label="Strength", info="Of the faces' repair."),
        },
        outputs={"picture": gr.Image(label="Faces restored")},
    )
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": restore.picture, "system": source.model, "source_type": "algorithmicallyEnhanced"},
        outputs={"picture": gr.Image(label="With its recipe")},
    )
    return Graph("Enhance a picture", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model folder, the digests of the models that will run, and the threads they may use."""
    chosen = {"upscale": inputs.get("model", _MODEL), "restore": inputs.get("restore", "")}
    found: dict[str, Any] = {}
    for step, model in chosen.items():
        found[f"{step}.models"] = str(settings.models)
        found[f"{step}.digest"] = find_upscaler(model, settings.models).digest if model else ""
        found[f"{step}.threads"] = settings.threads
    return found


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Megapixels of the result."""
    model, scale = inputs["model"], inputs["scale"]
    megapixels = probe_picture(Path(inputs["picture"])).megapixels * scale**2
    like = {"model": model, "scale": scale}
    size = int(megapixels * 1.6e6)  # what a photograph takes as PNG
    yield Work("enhance.upscale.upscale_picture", megapixels, _GUESS.get(model, _GUESS[_MODEL]), like, size)
