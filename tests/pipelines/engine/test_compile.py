"""daggr graph -> plan, a node kind at a time. What runs is tested in test_equivalence.py."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import pytest
from daggr import FnNode, GradioNode, Graph, InferenceNode, InputNode, ItemList
from daggr.edge import Edge
from daggr.node import InteractionNode, Node
from daggr.ops import Approve, ChooseOne, ImageInput, TextInput
from daggr.port import Port

from blocks.block import block
from blocks.errors import InputError
from data.blobs import Blobs
from pipelines.engine.compile import compile_graph
from pipelines.engine.plan import Each, From, InputInfo, Plan, Value


def double(x: int, times: int = 2) -> int:
    return x * times


def compiled(blobs: Blobs, *nodes: Node, **options: Any) -> Plan:
    return compile_graph(Graph("A Graph", nodes=list(nodes)), blobs, **options)


def info(plan: Plan, name: str) -> InputInfo:
    return next(i for i in plan.inputs if i.name == name)


def test_a_function_takes_its_ports_from_its_signature(blobs: Blobs) -> None:
    plan = compiled(blobs, FnNode(double))
    assert (plan.name, plan.title) == ("a_graph", "A Graph")
    assert [(i.name, i.required, i.default) for i in plan.inputs] == [("x", True, None), ("times", False, 2)]
    assert plan.steps[0].outputs == ("output",)


def test_defaults_of_ports_that_are_not_wired_are_inputs_too(blobs: Blobs) -> None:
    plan = compiled(blobs, FnNode(double, inputs={"x": 3}))
    assert plan.steps[0].inputs == {"x": Value(3), "times": Value(2)}
    assert [i.name for i in plan.inputs] == ["times"]


def test_a_component_gives_the_default_and_the_form(blobs: Blobs) -> None:
    slider = gr.Slider(1, 9, 4, step=1, label="Times", info="How often")
    times = info(compiled(blobs, FnNode(double, inputs={"x": 1, "times": slider})), "times")
    assert (times.default, times.component, times.file, times.required) == (4, "Slider", False, False)
    assert times.options == {"label": "Times", "info": "How often", "minimum": 1, "maximum": 9, "step": 1}


def test_a_file_component_must_be_given_unless_it_has_a_file(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    empty = info(compiled(blobs, FnNode(double, inputs={"x": gr.File()})), "x")
    full = info(compiled(blobs, FnNode(double, inputs={"x": gr.File(str(tmp_path / "a.txt"))})), "x")
    assert (empty.file, empty.required) == (True, True)
    assert (full.required, full.default["name"]) == (False, "a.txt")
    source = InputNode("in", ports={"file": gr.File(), "text": gr.Textbox()})
    plan = compiled(blobs, FnNode(double, inputs={"x": source.file, "times": source.text}))
    assert (info(plan, "file").required, info(plan, "text").required) == (True, False)


def test_a_callable_input_is_drawn_and_never_part_of_the_plan(blobs: Blobs) -> None:
    seed = info(compiled(blobs, FnNode(double, inputs={"x": lambda: 42})), "x")
    assert seed.draw is not None
    assert (seed.draw(), seed.default, seed.required) == (42, None, False)


def test_two_steps_with_one_port_name_are_told_apart(blobs: Blobs) -> None:
    plan = compiled(blobs, FnNode(double, name="a"), FnNode(double, name="b", inputs={"x": 1}))
    assert [i.name for i in plan.inputs] == ["x", "a.times", "b.times"]


def test_edges_scatter_gather_and_name_their_field(blobs: Blobs) -> None:
    items = FnNode(lambda: [], name="items", outputs={"list": ItemList(n=gr.Number())})
    each = FnNode(double, name="each", inputs={"x": items.list.n, "times": items.list.each["m"]})
    whole = FnNode(double, name="whole", inputs={"x": each.output.all(), "times": items.list})
    plan = compiled(blobs, whole)
    assert plan.step("each").inputs == {"x": Each("items", "list", "n"), "times": Each("items", "list", "m")}
    assert plan.step("whole").inputs == {"x": From("each", "output"), "times": From("items", "list")}


def test_an_input_node_passes_its_components_on(blobs: Blobs) -> None:
    source = InputNode("in", ports={"x": gr.Number(5)})
    plan = compiled(blobs, FnNode(double, inputs={"x": source.x}))
    assert plan.step("in").call is None
    assert plan.step("in").inputs == {"x": Value(5)}
    assert plan.step("double").inputs["x"] == From("in", "x")


def test_a_choice_takes_the_first_variant_or_the_one_named(blobs: Blobs) -> None:
    def other(x: int) -> int:
        return -x

    def choice() -> Node:
        source = FnNode(lambda: 1, name="source")
        inputs = {"x": source.output}
        return FnNode(double, name="pick", inputs=inputs, outputs={"a": None}) | FnNode(
            other, inputs=inputs, outputs={"b": None}
        )

    first, second = compiled(blobs, choice()), compiled(blobs, choice(), choices={"pick": 1})
    assert first.step("pick").block.name.endswith("double")
    assert second.step("pick").block.name.endswith("other")
    assert first.step("pick").inputs["x"] == From("source", "output")
    assert set(first.step("pick").outputs) == {"a", "b"} == set(second.step("pick").outputs)
    for wrong in (2, -1, "a"):
        with pytest.raises(InputError, match="pick has 2 variants"):
            compiled(blobs, choice(), choices={"pick": wrong})


def test_people_are_inputs(blobs: Blobs) -> None:
    source = FnNode(lambda: [1, 2], name="source")
    choose, approve, text, image = ChooseOne("choose"), Approve("approve"), TextInput("ask", "Who?"), ImageInput("show")
    graph = Graph("People", nodes=[source, choose, approve, text, image])
    graph.edge(source.output, choose.options).edge(choose.selected, approve.input)
    plan = compile_graph(graph, blobs)
    assert all(plan.step(name).call is None for name in ("choose", "approve", "ask", "show"))
    assert plan.step("choose").choice
    assert not plan.step("approve").choice
    ask, show = info(plan, "text"), info(plan, "image")
    assert (ask.component, ask.options, ask.required) == ("Textbox", {"label": "Who?"}, False)
    assert (show.component, show.file) == ("Image", True)


def test_a_question_of_ones_own_passes_its_first_input_on(blobs: Blobs) -> None:
    node = InteractionNode("own", inputs={"a": 5}, outputs={"x": None})
    plan = compiled(blobs, FnNode(double, inputs={"x": node.x}))
    assert plan.step("own").inputs == {"a": Value(5)}
    assert plan.step("own").outputs == ("x",)


def test_a_person_is_not_asked_once_an_item(blobs: Blobs) -> None:
    source = FnNode(lambda: [1, 2], name="source")
    with pytest.raises(InputError, match="own asks a person"):
        compiled(blobs, InteractionNode("own", inputs={"a": source.output.each}))


def test_remote_nodes_are_never_cached(blobs: Blobs) -> None:
    space = GradioNode("who/what", name="space", api_name="say", inputs={"t": "hi"}, validate=False)
    model = InferenceNode("who/model:replicate", name="model", inputs={"text": space.output}, validate=False)
    space._output_ports = ["output"]
    plan = compiled(blobs, model)
    assert [s.cached for s in plan.steps] == [False, False]
    assert [s.call.kind for s in plan.steps if s.call] == ["space", "inference"]
    assert plan.step("space").call.options == {"src": "who/what", "api_name": "say", "local": False}  # type: ignore[union-attr]
    assert plan.step("model").call.options == {"model": "who/model", "provider": "replicate", "task": None}  # type: ignore[union-attr]


@block(version="7")
def our_block(x: int, *, scratch: Path) -> int:
    return x


def test_a_block_brings_its_version_and_its_injected_parameters_are_no_ports(blobs: Blobs) -> None:
    plan = compiled(blobs, FnNode(our_block))
    assert plan.steps[0].block.version == "7"
    assert [i.name for i in plan.inputs] == ["x"]


def test_the_labs_own_blocks_travel_by_name_and_all_else_by_value(blobs: Blobs) -> None:
    from enhance.upscale import upscale_picture

    own = compiled(blobs, FnNode(upscale_picture, inputs={"picture": "x"})).steps[0].call
    wrapped = compiled(blobs, FnNode(upscale_picture, inputs={"picture": "x"}, postprocess=double)).steps[0].call
    here = compiled(blobs, FnNode(double)).steps[0].call
    assert own is not None and wrapped is not None and here is not None
    assert (own.target, own.payload) == ("enhance.upscale:upscale_picture", None)
    assert wrapped.payload
    assert here.payload


def test_a_closure_is_known_by_what_it_holds(blobs: Blobs) -> None:
    def adder(n: int) -> Any:
        def add(x: int) -> int:
            return x + n

        return add

    one, same, two = (compiled(blobs, FnNode(adder(n), inputs={"x": 1})).keys()["add"] for n in (1, 1, 2))
    assert one == same
    assert one != two


def test_code_before_and_after_is_part_of_the_key(blobs: Blobs) -> None:
    plain = compiled(blobs, FnNode(double, inputs={"x": 1})).keys()
    after = compiled(blobs, FnNode(double, inputs={"x": 1}, postprocess=lambda v: v + 1)).keys()
    other = compiled(blobs, FnNode(double, inputs={"x": 1}, postprocess=lambda v: v + 2)).keys()
    assert len({plain["double"], after["double"], other["double"]}) == 3


class Multiplier:
    def __init__(self, by: int) -> None:
        self.by = by

    def __call__(self, x: int) -> int:
        return x * self.by

    def method(self, x: int) -> int:
        return x * self.by


def rest(x: int, *more: int, **named: int) -> int:
    return x


@pytest.mark.parametrize(
    "function", [len, functools.partial(double, times=3), Multiplier(3), Multiplier(3).method, rest, lambda x: x]
)
def test_anything_that_can_be_called_can_be_a_step(function: Any, blobs: Blobs) -> None:
    plan = compiled(blobs, FnNode(function, name="n"))
    assert plan.steps[0].call is not None
    assert [i.name for i in plan.inputs if i.required] == ["obj" if function is len else "x"]


def test_a_port_that_is_not_there_is_refused_with_those_that_are(blobs: Blobs) -> None:
    a, b = FnNode(double, name="a"), FnNode(double, name="b")
    graph = Graph("Wrong", nodes=[a, b])
    graph._edges.append(Edge(Port(a, "typo"), Port(b, "x")))
    with pytest.raises(InputError, match="a has no output 'typo'; its outputs are output"):
        compile_graph(graph, blobs)
    graph._edges[:] = [Edge(Port(a, "output"), Port(b, "typo"))]
    with pytest.raises(InputError, match="b has no input 'typo'; its inputs are x, times"):
        compile_graph(graph, blobs)


def test_a_constant_that_cannot_be_kept_is_refused(blobs: Blobs) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        compiled(blobs, FnNode(double, inputs={"x": object()}))


def test_an_unknown_kind_of_node_is_refused_by_name(blobs: Blobs) -> None:
    class Strange(Node):
        pass

    with pytest.raises(InputError, match="odd is a Strange"):
        compiled(blobs, Strange("odd"))


class Both(NamedTuple):
    low: int
    high: int


def bounds(x: int) -> Both:
    return Both(x - 1, x + 1)


def test_graphs_are_compiled_from_many_threads_at_once(blobs: Blobs) -> None:
    """Functions travel by value through a register that all threads share."""
    failures: list[BaseException] = []

    def compile_often() -> None:
        try:
            for _ in range(20):
                compiled(blobs, FnNode(bounds, inputs={"x": 1}, outputs={"low": None, "high": None}))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=compile_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
