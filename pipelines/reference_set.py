"""Find the people in pictures and clips, and make references of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines.casting import cast
from pipelines.settings import Settings
from pipelines.settling import faces_of

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle"]


def build() -> Graph:
    """pictures and clips -> people -> the actor, as references"""
    import gradio as gr
    from daggr import Graph

    pack = gr.Textbox("", label="Face pack", info="Empty: the lab's own.")
    most = gr.Slider(1, 200, 24, step=1, label="Frames of a person")
    actor = cast("Pictures or clips", "The actor", pack, most=most)
    return Graph("People in frames", nodes=[actor])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Where face packs lie, and the digest of the one that is used."""
    return faces_of("people", inputs, settings)
