"""Put the pictures of a grid together on one sheet, for print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.provenance import stamp
from blocks.sheets import compose_sheet

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build"]


def build() -> Graph:
    """pictures -> one sheet, at 300 dots an inch -> stamped with what it was made from"""
    import gradio as gr
    from daggr import FnNode, Graph

    sheet = FnNode(
        compose_sheet,
        name="sheet",
        inputs={
            "pictures": gr.File(file_count="multiple", label="Pictures, in their order"),
            "kind": gr.Dropdown(["contact", "views", "profile"], value="contact", label="Kind"),
            "columns": gr.Number(0, label="Columns", precision=0, info="0: about as many as rows."),
        },
        outputs={"picture": gr.Image(label="Sheet")},
    )
    finished = FnNode(
        stamp,
        name="stamp",
        inputs={"file": sheet.picture},
        outputs={"picture": gr.Image(label="With its recipe")},
    )
    return Graph("Compose a sheet", nodes=[finished])
