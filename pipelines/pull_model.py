"""Fetch a model from the Hugging Face hub; it runs once somebody has approved it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blocks.models.pull import pull_model
from pipelines.engine.allowed import DIGESTS
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle"]


def build() -> Graph:
    """repository -> model, in the models folder"""
    import gradio as gr
    from daggr import FnNode, Graph

    pull = FnNode(
        pull_model,
        name="pull",
        inputs={
            "repo": gr.Textbox(label="Repository", info="OWNER/NAME, as on the hub's page."),
            "revision": gr.Textbox("main", label="Revision"),
            "file": gr.Textbox("", label="File", info="One safetensors file of it; empty: the whole model."),
            "name": gr.Textbox("", label="Name", info="Empty: its own."),
        },
        outputs={"model": gr.JSON(label="What has arrived")},
    )
    return Graph("Pull a model", nodes=[pull])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Where models lie and where they come from; each time anew, because what was fetched may have been removed."""
    return {
        "models": str(settings.models),
        "hub": settings.hub,
        "digests": str(settings.models / DIGESTS),
        "asked": secrets.token_hex(4),
    }
