"""Tint a picture, then enlarge it: a block of one's own in front of one of the lab's."""

from pathlib import Path

import gradio as gr
from daggr import FnNode, Graph
from PIL import Image

from enhance.upscale import upscale_picture


def tint(picture: Path, colour: str, *, scratch: Path) -> Path:
    original = Image.open(picture).convert("RGB")
    Image.blend(original, Image.new("RGB", original.size, colour), 0.3).save(scratch / "tinted.png")
    return scratch / "tinted.png"


def build() -> Graph:
    asked = {"picture": gr.Image(label="Picture"), "colour": gr.Dropdown(["orange", "teal", "plum"], value="orange")}
    tinted = FnNode(tint, inputs=asked, outputs={"picture": gr.Image(label="Tinted")})
    given = {"picture": tinted.picture, "model": "realesr-animevideov3", "scale": 2}
    larger = FnNode(upscale_picture, inputs=given, outputs={"picture": gr.Image(label="Larger")})
    return Graph("Tint and enlarge", nodes=[larger])
