"""From an actor's frames to new pictures of that person, each scored against the frames until one passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from blocks.frames import find_people, pick_actor
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.tries import asked, faces_of, quality_loop, settle_loop, work_of_loop

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """frames -> people -> the actor -> tries, drawn and scored -> the best of them"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    ask = InputNode("asked", ports=asked())
    people = FnNode(
        find_people,
        name="people",
        inputs={"sources": gr.File(file_count="multiple", label="Pictures or clips of the actor"), "pack": ask.pack},
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
    return Graph("From an actor to a character", nodes=[quality_loop(ask, actor.references, actor.pictures)])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """See `pipelines.tries.settle_loop`; the same for the steps that read the actor's face."""
    return settle_loop(inputs, settings) | faces_of("people", inputs, settings)


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing; see `pipelines.tries.work_of_loop`."""
    return work_of_loop(inputs)
