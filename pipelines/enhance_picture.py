"""Enlarge a picture with Real-ESRGAN, two, three or four times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.provenance import stamp
from enhance.pictures import probe_picture
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
    """picture -> upscaled -> stamped with how it was made"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    model = gr.Textbox(_MODEL, label="Model", info="Name of an upscaler; `doctor` lists those that are here.")
    source = InputNode("source", ports={"picture": gr.Image(type="filepath", label="Picture"), "model": model})
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
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": upscale.picture, "system": source.model, "source_type": "algorithmicallyEnhanced"},
        outputs={"picture": gr.Image(label="With its recipe")},
    )
    return Graph("Enhance a picture", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model folder, the digest of the model that will run, and the threads it may use."""
    info = find_upscaler(inputs.get("model", _MODEL), settings.models)
    return {"models": str(settings.models), "digest": info.digest, "threads": settings.threads}


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Megapixels of the result."""
    model, scale = inputs["model"], inputs["scale"]
    megapixels = probe_picture(Path(inputs["picture"])).megapixels * scale**2
    like = {"model": model, "scale": scale}
    size = int(megapixels * 1.6e6)  # what a photograph takes as PNG
    yield Work("enhance.upscale.upscale_picture", megapixels, _GUESS.get(model, _GUESS[_MODEL]), like, size)
