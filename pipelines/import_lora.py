"""Bring in a LoRA that was made elsewhere: read in any layout, checked against a model, written as the lab uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lora.bring import bring_lora
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle"]


def build() -> Graph:
    """file -> the same in the lab's keys, and what it is"""
    import gradio as gr
    from daggr import FnNode, Graph

    brought = FnNode(
        bring_lora,
        name="bring",
        inputs={
            "lora": gr.File(label="LoRA", file_types=[".safetensors"]),
            "model": gr.Textbox("", label="Model", info="Which it is for; empty: the lab's own."),
        },
        outputs={"lora": gr.File(label="In the lab's keys"), "facts": gr.JSON(label="What it is")},
    )
    return Graph("Bring in a LoRA", nodes=[brought])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Where the models are."""
    return {"models": str(settings.models)}
