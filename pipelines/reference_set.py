"""Find the people in pictures and clips, and make references of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blocks.frames import find_people, pick_actor
from pipelines.settings import Settings
from pipelines.tries import faces_of

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle"]


def build() -> Graph:
    """pictures and clips -> people -> the actor, as references"""
    import gradio as gr
    from daggr import FnNode, Graph

    people = FnNode(
        find_people,
        name="people",
        inputs={
            "sources": gr.File(file_count="multiple", label="Pictures or clips"),
            "pack": gr.Textbox("", label="Face pack", info="Empty: the lab's own."),
            "most": gr.Slider(1, 200, 24, step=1, label="Frames of a person"),
        },
        outputs={
            "frames": gr.Gallery(label="Frames"),
            "people": gr.JSON(label="People"),
            "dropped": gr.JSON(label="Left out, and why"),
            "faces": gr.Gallery(label="Faces"),
        },
    )
    actor = FnNode(
        pick_actor,
        name="actor",
        inputs={
            "people": people.people,
            "frames": people.frames,
            "identity": gr.Number(-1, label="Person", precision=0, info="-1: the one seen most."),
        },
        outputs={
            "references": gr.JSON(label="References"),
            "pictures": gr.Gallery(label="The actor"),
            "identity": gr.Number(label="Person"),
        },
    )
    return Graph("People in frames", nodes=[actor])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Where face packs lie, and the digest of the one that is used."""
    return faces_of("people", inputs, settings)
