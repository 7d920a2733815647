"""Every private attribute of daggr that the lab reads. If a new daggr breaks one of these, this file says which."""

from __future__ import annotations

import inspect
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import daggr.executor
import daggr.node
import daggr.state
import gradio as gr
import pytest
from daggr import FnNode, GradioNode, Graph, InferenceNode, InputNode, ItemList
from daggr.node import ChoiceNode, InteractionNode
from daggr.ops import Approve, ChooseOne, ImageInput, TextInput

ENGINE = Path(__file__).parents[3] / "pipelines" / "engine"


def double(x: int, y: int = 2) -> int:
    return x * y


def before(inputs: dict[str, Any]) -> dict[str, Any]:
    return inputs


@pytest.fixture
def function() -> FnNode:
    return FnNode(
        double,
        name="named",
        inputs={"x": gr.Number(1), "y": 2},
        outputs={"a": gr.Image(), "b": None},
        preprocess=before,
        postprocess=before,
        concurrent=True,
        concurrency_group="group",
        max_concurrent=3,
    )


def test_the_version_is_the_one_that_was_read() -> None:
    assert metadata.version("daggr") == "0.8.0"


def test_every_node_has_its_name_ports_components_and_constants(function: FnNode) -> None:
    assert function._name == "named"
    assert function._input_ports == ["x", "y"]
    assert function._output_ports == ["a", "b"]
    assert list(function._input_components) == ["x"]
    assert list(function._output_components) == ["a"]
    assert function._fixed_inputs == {"y": 2}


def test_a_function_node_has_its_function_wrappers_and_limits(function: FnNode) -> None:
    assert (function._fn, function._preprocess, function._postprocess) == (double, before, before)
    assert (function._concurrency_group, function._max_concurrent) == ("group", 3)


def test_a_gradio_node_has_its_address_and_endpoint() -> None:
    node = GradioNode("who/what", api_name="/say", inputs={"t": "x"}, validate=False, preprocess=before)
    assert (node._src, node._api_name, node._run_locally) == ("who/what", "/say", False)
    assert (node._preprocess, node._postprocess) == (before, None)


def test_an_inference_node_has_its_model_provider_and_task() -> None:
    node = InferenceNode("who/what:replicate", validate=False, postprocess=before)
    assert (node._model_name_for_hub, node._provider, node._task) == ("who/what", "replicate", None)
    assert (node._preprocess, node._postprocess) == (None, before)


def test_an_input_node_has_its_components_by_output_port() -> None:
    node = InputNode("in", ports={"text": gr.Textbox()})
    assert node._output_ports == ["text"] == list(node._input_components)
    assert node._input_ports == []


def test_interaction_nodes_say_what_they_ask() -> None:
    asked = {
        n._interaction_type: (n._input_ports, n._output_ports)
        for n in (ChooseOne(), Approve(), TextInput(), ImageInput())
    }
    assert asked == {
        "choose_one": (["options"], ["selected"]),
        "approve": (["input"], ["output"]),
        "text_input": ([], ["text"]),
        "image_input": ([], ["image"]),
    }
    assert isinstance(Approve(), InteractionNode)
    assert TextInput(label="Your name")._label == "Your name"


def test_a_choice_node_has_its_variants_and_all_their_outputs() -> None:
    one, two = FnNode(double, name="one", outputs={"a": None}), FnNode(double, name="two", outputs={"b": None})
    choice = one | two
    assert isinstance(choice, ChoiceNode)
    assert choice._variants == [one, two]
    assert (choice._name, choice._output_ports) == ("one", ["a", "b"])


def test_edges_tell_scattered_from_plain_and_name_their_field() -> None:
    items = FnNode(double, name="items", outputs={"list": ItemList(field=gr.Textbox())})
    each = FnNode(double, name="each", inputs={"x": items.list.each, "y": items.list.field})
    end = FnNode(double, name="end", inputs={"x": each.output.all(), "y": items.list})
    graph = Graph("Edges", nodes=[end])
    seen = {
        (e.source_node._name, e.source_port, e.target_node._name, e.target_port): (
            e.is_scattered,
            e.is_gathered,
            e.item_key,
        )
        for e in graph._edges
    }
    assert seen == {
        ("items", "list", "each", "x"): (True, False, None),
        ("items", "list", "each", "y"): (True, False, "field"),
        ("each", "output", "end", "x"): (False, True, None),
        ("items", "list", "end", "y"): (False, False, None),
    }
    assert graph.get_execution_order() == ["items", "each", "end"]
    assert set(graph.nodes) == {"items", "each", "end"}
    assert (graph.name, graph.persist_key) == ("Edges", "edges")


def test_what_the_remote_calls_borrow_is_there() -> None:
    assert list(inspect.signature(daggr.executor._call_inference_task).parameters) == ["client", "task", "inputs"]
    assert callable(daggr.state.get_daggr_files_dir)


def test_this_file_names_every_private_attribute_that_is_read() -> None:
    attributes = re.compile(r"\.(_[a-z]\w*)")
    read = {name for file in ("compile.py", "remote.py") for name in attributes.findall((ENGINE / file).read_text())}
    assert "_edges" in read
    assert read <= set(attributes.findall(Path(__file__).read_text()))
