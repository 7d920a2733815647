"""Put pictures that differ by their settings into one, with headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.plots import compose_plot
from blocks.provenance import stamp

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build"]


def build() -> Graph:
    """pictures and where each stands -> one picture -> stamped with what it was made from"""
    import gradio as gr
    from daggr import FnNode, Graph

    whole = FnNode(
        compose_plot,
        name="compose",
        inputs={
            "pictures": gr.File(file_count="multiple", label="Pictures"),
            "places": gr.JSON([], label="Places, along the columns, then rows, then sheets; from 0"),
            "columns": gr.JSON([], label="Columns"),
            "rows": gr.JSON([], label="Rows"),
            "sheets": gr.JSON([], label="Sheets"),
            "title": gr.Textbox("", label="Title"),
        },
        outputs={"picture": gr.Image(label="The plot")},
    )
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": whole.picture},
        outputs={"picture": gr.Image(label="With its recipe")},
    )
    return Graph("Compose a plot", nodes=[finished])
