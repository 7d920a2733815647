"""Make a clip larger and smoother: upscaled, and 60 frames a second turned into 120 or any other rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.provenance import stamp
from data.blobs import digest_of
from enhance.clips import probe_clip
from enhance.interpolate import rife_weights
from enhance.mux import join_segments
from enhance.segments import enhance_segment, plan_segments
from enhance.upscalers import find_upscaler
from pipelines.catalog import Work
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_MODEL = "realesr-animevideov3"
_GUESS = {True: 3.0, False: 0.4}
"""Seconds a megapixel of source frames enlarged, with and without upscaling, on one slow core."""


def build() -> Graph:
    """clip -> segments -> each enlarged and interpolated in one pass -> joined, with the source's sound -> stamped"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    source = InputNode("source", ports={"clip": gr.Video(label="Clip")})
    plan = FnNode(
        plan_segments,
        name="plan",
        inputs={
            "clip": source.clip,
            "seconds": 2.0,
            "preview": gr.Number(0, label="Preview", info="Only so many seconds; 0 for the whole clip."),
        },
        outputs={"segments": gr.JSON(label="Segments")},
    )
    enhance = FnNode(
        enhance_segment,
        name="enhance",
        inputs={
            "clip": source.clip,
            "segment": plan.segments.each,
            "scale": gr.Radio([1, 2, 3, 4], value=1, label="Times larger"),
            "model": gr.Textbox(_MODEL, label="Model", info="Name of an upscaler; `doctor` lists those that are here."),
            "fps": gr.Textbox("", label="Frames a second", info="As in 120 or 60000/1001; wins over the factor."),
            "factor": gr.Textbox("2", label="Factor", info="Frames for each one of the source: 2, 5/2, 1 for none."),
            "interpolator": gr.Dropdown(["dis", "rife"], value="dis", label="Interpolation"),
            "crf": gr.Slider(0, 51, 17, step=1, label="Quality (CRF)"),
            "preset": gr.Dropdown(["ultrafast", "veryfast", "fast", "medium", "slow"], value="veryfast"),
        },
        outputs={"segment": gr.File(label="Enhanced segment")},
    )
    join = FnNode(
        join_segments,
        name="join",
        inputs={"clip": source.clip, "segments": enhance.segment.all()},
        outputs={"clip": gr.Video(label="Enhanced"), "notes": gr.JSON(label="Notes"), "facts": gr.JSON(label="Facts")},
    )
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": join.clip, "source_type": "algorithmicallyEnhanced"},
        outputs={"clip": gr.Video(label="With its recipe")},
    )
    return Graph("Enhance a clip", nodes=[finished])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The model folder, the digests of the weights that will run, and the threads they may use."""
    models = settings.models
    upscaled, rife = int(inputs.get("scale", 1)) > 1, inputs.get("interpolator") == "rife"
    return {
        "models": str(models),
        "digest": find_upscaler(inputs.get("model", _MODEL), models).digest if upscaled else "",
        "interpolator_digest": digest_of(rife_weights(str(models))) if rife else "",
        "threads": settings.threads,
    }


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Megapixels of source frames, enlarged."""
    clip, scale = probe_clip(Path(inputs["clip"])), int(inputs["scale"])
    rate = clip.rate or clip.frames / clip.duration
    seconds = min(clip.duration, Fraction(inputs["preview"] or clip.duration))
    megapixels = float(seconds * rate) * clip.width * clip.height * scale**2 / 1e6
    factor = Fraction(inputs["fps"]) / rate if inputs["fps"] else Fraction(inputs["factor"])
    like = {"scale": scale, "model": inputs["model"], "interpolator": inputs["interpolator"]}
    size = int(megapixels * float(factor) * 60_000)  # what veryfast at CRF 17 takes
    yield Work("enhance.segments.enhance_segment", megapixels, _GUESS[scale > 1], like, size)
