"""Somebody who is to be seen, as nodes of a graph: found in pictures and clips, or recalled as a character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blocks.frames import find_people, pick_actor
from blocks.recall import recall_references

if TYPE_CHECKING:
    from daggr.node import Node

__all__ = ["cast", "recalled"]


def recalled() -> Node:
    """The node that gives a known character's ``references`` and their ``pictures``."""
    import gradio as gr
    from daggr import FnNode

    return FnNode(
        recall_references,
        name="character",
        inputs={
            "file": gr.File(label="Reference set"),
            "pictures": gr.File(file_count="multiple", label="Its pictures"),
        },
        outputs={"references": gr.JSON(label="References"), "pictures": gr.Gallery(label="Pictures")},
    )


def cast(sources: str, whom: str, pack: Any, **more: Any) -> Node:
    """The node that gives a person's ``references`` and their ``pictures``.

    Args:
        sources: what the files are called that somebody is looked for in.
        whom: what the pictures of the person are called.
        pack: the port or component that names the face pack.
        more: other inputs of the search.
    """
    import gradio as gr
    from daggr import FnNode

    people = FnNode(
        find_people,
        name="people",
        inputs={"sources": gr.File(file_count="multiple", label=sources), "pack": pack, **more},
        outputs={
            "frames": gr.Gallery(label="Frames"),
            "people": gr.JSON(label="People"),
            "dropped": gr.JSON(label="Left out, and why"),
            "faces": gr.Gallery(label="Faces"),
        },
    )
    return FnNode(
        pick_actor,
        name="actor",
        inputs={
            "people": people.people,
            "frames": people.frames,
            "identity": gr.Number(-1, label="Person", precision=0, info="-1: the one seen most."),
        },
        outputs={
            "references": gr.JSON(label="References"),
            "pictures": gr.Gallery(label=whom),
            "identity": gr.Number(label="Person"),
        },
    )
