"""What the canvas takes from daggr: private attributes, and the words of its script that are rewritten."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import daggr.executor
import daggr.state
import gradio as gr
import pytest
from daggr import FnNode, Graph, InputNode
from daggr.node import ChoiceNode
from daggr.ops import TextInput
from daggr.server import DaggrServer

from pipelines import canvas
from pipelines.canvas import FRONT_END, Drawing
from pipelines.lab import PipelineInfo
from workbench.canvas import REWRITES, rewritten

USED = {
    "_build_graph_data",
    "_file_to_url",
    "_has_scattered_input",
    "_input_components",
    "_output_components",
    "_output_ports",
    "_variants",
}
"""Every attribute of daggr's that starts with an underscore and stands in `pipelines/canvas.py`."""

OWN = {
    "_field",
    "_id",
    "_is_gallery",
    "_plain",
    "_variant_fields",
    "_word",
    "_address",
    "_default",
    "_fields",
    "_file",
    "_find_fields",
    "_finish",
    "_given",
    "_infos",
    "_items",
    "_question",
}
OWN |= {"_shown", "_values"}


def negate(x: int) -> int:
    return -x


def main_script() -> str:
    name = re.search(r'src="/assets/([\w.-]+)"', (FRONT_END / "index.html").read_text())
    assert name is not None
    return (FRONT_END / "assets" / name[1]).read_text()


def test_no_other_private_attribute_is_read() -> None:
    found = set(re.findall(r"(?:\.|def )(_[a-z]\w*)", Path(canvas.__file__).read_text()))
    assert found - OWN == USED


def test_a_server_draws_from_these_methods_and_from_its_graph_alone() -> None:
    for name in ("_build_graph_data", "_file_to_url", "_has_scattered_input"):
        assert callable(getattr(DaggrServer, name))
    parameters = list(inspect.signature(DaggrServer._build_graph_data).parameters)
    assert parameters[:4] == ["self", "node_results", "node_statuses", "input_values"]
    assert list(inspect.signature(DaggrServer._file_to_url).parameters) == ["self", "value"]


def test_nodes_have_the_ports_and_components_that_fields_are_found_by() -> None:
    either = ChoiceNode([FnNode(negate, inputs={"x": gr.Number(1)}), FnNode(negate, name="b")], name="either")
    assert list(either._variants[0]._input_components) == ["x"]
    assert InputNode("source", ports={"a": gr.Number(1)})._output_ports == ["a"]
    assert TextInput(name="asked")._output_ports
    assert list(FnNode(negate, outputs={"y": gr.Number()})._output_components) == ["y"]


def test_a_drawing_never_makes_an_executor_a_database_or_a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **named: Any) -> None:
        raise AssertionError("daggr's own server came to life")

    monkeypatch.setattr(daggr.executor.AsyncExecutor, "__init__", never)
    monkeypatch.setattr(daggr.state.SessionState, "__init__", never)
    monkeypatch.setattr(DaggrServer, "_setup_routes", never)
    graph = Graph("One", nodes=[FnNode(negate, inputs={"x": gr.Number(1)}, outputs={"y": gr.Number()})])
    drawing = Drawing(graph, PipelineInfo("one", "One", ""), lambda digest: f"/media/{digest}", lambda address: None)  # type: ignore[arg-type, return-value]
    assert {node["name"] for node in drawing.view({}, {})["nodes"]} == {"x", "negate"}
    assert not hasattr(drawing, "executor")


def test_the_script_is_the_one_that_the_rewriting_was_written_for() -> None:
    script = main_script()
    assert [script.count(old) for old, _, _ in REWRITES] == [times for _, _, times in REWRITES]
    after = rewritten(script)
    assert not re.search(r"""fetch\(["`]/api|host\}/ws/|"/daggr-assets|return"/"\+n""", after)
    with pytest.raises(RuntimeError, match="has changed"):
        rewritten(script.replace("function la(v,_,D){", "function lb(v,_,D){"))


def test_the_page_asks_for_its_script_and_style_as_expected() -> None:
    index = (FRONT_END / "index.html").read_text()
    for piece in ('<link rel="stylesheet" href="/theme.css">', 'src="/assets/', 'href="/assets/', "</head>"):
        assert piece in index
