"""What a person can ask of a model, as components by name: the first part of every form that draws somebody."""

from __future__ import annotations

from typing import Any

from blocks.models.samplers import SAMPLERS

__all__ = ["model_ports"]


def model_ports(weighed: str) -> dict[str, Any]:
    """Prompt, model and its settings; `weighed` says what the weight of the references is of."""
    import gradio as gr

    return {
        "prompt": gr.Textbox("", label="Prompt", lines=3),
        "negative": gr.Textbox("", label="Not wanted"),
        "model": gr.Textbox("", label="Model", info="Name of a folder in the models folder; empty: the lab's own."),
        "seed": gr.Number(0, label="Seed", precision=0),
        "steps": gr.Number(0, label="Steps", precision=0, info="0: what suits the model."),
        "guidance": gr.Number(None, label="Guidance", info="Empty: what suits the model."),
        "sampler": gr.Dropdown(["", *SAMPLERS], value="", label="Sampler", info="Empty: the model's own."),
        "width": gr.Number(0, label="Width", precision=0, info="0: what suits the model."),
        "height": gr.Number(0, label="Height", precision=0),
        "reference_scale": gr.Slider(0, 2, 1.0, label=f"Weight of {weighed}"),
    }
