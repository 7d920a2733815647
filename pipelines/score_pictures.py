"""How sure it is that pictures show a person: each scored against other pictures, or clips, of that person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from blocks.scores.score import GATE, score_pictures
from pipelines.casting import cast
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.settling import faces_of

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_GUESS = 0.02
"""Seconds a picture on one slow core."""


def build() -> Graph:
    """references -> people -> the person; pictures and the person -> scores"""
    import gradio as gr
    from daggr import FnNode, Graph, InputNode

    pack = gr.Textbox("", label="Face pack", info="Name of a folder in the models folder; empty: the lab's own.")
    ask = InputNode("asked", ports={"pack": pack})
    actor = cast("Pictures or clips of the person", "The person", ask.pack)
    scored = FnNode(
        score_pictures,
        name="score",
        inputs={
            "pictures": gr.File(file_count="multiple", label="Pictures to score"),
            "references": actor.references,
            "pack": ask.pack,
            "threshold": gr.Slider(0.01, 0.99, GATE, label="Calibrated score asked for"),
        },
        outputs={"scores": gr.JSON(label="Scores")},
    )
    return Graph("Score pictures of a person", nodes=[scored])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Where packs lie, and the digest of the one that is used."""
    return faces_of("people", inputs, settings) | faces_of("score", inputs, settings)


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """Pictures."""
    count = float(len(inputs.get("pictures") or ()))
    yield Work("blocks.scores.score.score_pictures", count, _GUESS, {"pack": inputs.get("pack", "")}, 0)
