"""The shapes of daggr's published examples give what daggr's own executor gives."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, Graph, InputNode, ItemList
from daggr.executor import SequentialExecutor
from daggr.node import InteractionNode, Node
from daggr.ops import Approve, ChooseOne, ImageInput, TextInput
from daggr.server import DaggrServer
from daggr.session import ExecutionSession

from pipelines.lab import Lab, Run


def add_one(x: int) -> int:
    return x + 1


def double(x: int) -> int:
    return x * 2


def split(text: str) -> tuple[str, int]:
    return text.upper(), len(text)


def too_few(x: int) -> tuple[int]:
    return (x,)


def combine(a: Any, b: Any) -> dict[str, Any]:
    return {"a": a, "b": b}


def dialogue(topic: str) -> list[dict[str, str]]:
    return [{"speaker": s, "text": t} for s, t in (("Host", "hello"), ("Guest", "hi"), ("Host", topic))]


def voice(text: str, speaker: str, host: str, guest: str) -> str:
    return f"{ {'Host': host, 'Guest': guest}.get(speaker, host) }: {text}"


def concatenate(lines: list[str]) -> str:
    return " / ".join(lines)


def pig_latin(text: str) -> str:
    return " ".join(word[1:] + word[0] + "ay" for word in text.split())


def nothing(x: int) -> None:
    return None


def as_list(n: int) -> list[int]:
    return list(range(n))


def sequential() -> list[Node]:
    one = FnNode(add_one, inputs={"x": gr.Number(10)}, outputs={"n": gr.Number()})
    return [FnNode(double, inputs={"x": one.n}, outputs={"n": gr.Number()})]


def quickstart_with_constants() -> list[Node]:
    one = FnNode(pig_latin, inputs={"text": "to be or not"}, outputs={"text": gr.Textbox()})
    return [FnNode(split, inputs={"text": one.text}, outputs={"upper": gr.Textbox(), "length": gr.Number()})]


def fan_out_and_in() -> list[Node]:
    source = FnNode(add_one, name="source", inputs={"x": 1}, outputs={"n": None})
    left = FnNode(add_one, name="left", inputs={"x": source.n}, outputs={"n": None})
    right = FnNode(double, name="right", inputs={"x": source.n}, outputs={"n": None})
    return [FnNode(combine, inputs={"a": left.n, "b": right.n}, outputs={"both": None})]


def several_ends() -> list[Node]:
    source = FnNode(split, inputs={"text": "word"}, outputs={"upper": None, "length": None})
    return [
        FnNode(pig_latin, inputs={"text": source.upper}, outputs={"text": None}),
        FnNode(double, inputs={"x": source.length}, outputs={"n": None}),
    ]


def podcast() -> list[Node]:
    """Two voices, a dialogue as an item list, a sample for each line, all joined."""
    host = FnNode(pig_latin, name="host", inputs={"text": gr.Textbox("deep british")}, outputs={"audio": None})
    guest = FnNode(pig_latin, name="guest", inputs={"text": gr.Textbox("young friendly")}, outputs={"audio": None})
    lines = FnNode(
        dialogue,
        inputs={"topic": gr.Textbox("health")},
        outputs={"items": ItemList(speaker=gr.Dropdown(["Host", "Guest"]), text=gr.Textbox())},
    )
    inputs = {"text": lines.items.text, "speaker": lines.items.speaker, "host": host.audio, "guest": guest.audio}
    samples = FnNode(voice, inputs=inputs, outputs={"audio": None})
    return [host, guest, FnNode(concatenate, inputs={"lines": samples.audio.all()}, outputs={"audio": None})]


def scatter_by_key() -> list[Node]:
    lines = FnNode(dialogue, inputs={"topic": "x"}, outputs={"json": gr.JSON()})
    inputs = {"text": lines.json.each["text"], "speaker": lines.json.each["speaker"], "host": "A", "guest": "B"}
    return [FnNode(voice, inputs=inputs, outputs={"line": None})]


def scatter_a_single_thing() -> list[Node]:
    one = FnNode(add_one, inputs={"x": 1}, outputs={"n": None})
    return [FnNode(double, inputs={"x": one.n.each}, outputs={"n": None})]


def scatter_of_a_scatter() -> list[Node]:
    numbers = FnNode(as_list, inputs={"n": 3}, outputs={"list": None})
    once = FnNode(add_one, inputs={"x": numbers.list.each}, outputs={"n": None})
    middle = FnNode(concatenate_numbers, inputs={"numbers": once.n.all()}, outputs={"list": None})
    return [FnNode(double, inputs={"x": middle.list.each}, outputs={"n": None})]


def concatenate_numbers(numbers: list[int]) -> list[int]:
    return [*numbers, 100]


def input_node() -> list[Node]:
    source = InputNode("form", ports={"text": gr.Textbox("some words"), "n": gr.Slider(1, 9, 4)})
    one = FnNode(pig_latin, inputs={"text": source.text}, outputs={"text": None})
    return [FnNode(combine, inputs={"a": one.text, "b": source.n}, outputs={"both": None})]


def pre_and_postprocess() -> list[Node]:
    node = FnNode(
        split,
        inputs={"text": "word"},
        preprocess=lambda inputs: {"text": inputs["text"] * 2},
        postprocess=lambda upper, length: {"upper": upper, "length": length},
        outputs={"all": None},
    )
    return [node]


def postprocess_picks_one() -> list[Node]:
    return [FnNode(split, inputs={"text": "word"}, postprocess=lambda _, length: length, outputs={"length": None})]


def fewer_values_than_ports() -> list[Node]:
    return [FnNode(too_few, inputs={"x": 1}, outputs={"a": None, "b": None})]


def more_values_than_ports() -> list[Node]:
    return [FnNode(split, inputs={"text": "word"}, outputs={"upper": None})]


def no_value() -> list[Node]:
    return [FnNode(nothing, inputs={"x": 1}, outputs={"a": None})]


def an_empty_field() -> list[Node]:
    return [FnNode(combine, inputs={"a": gr.Number(), "b": gr.Textbox()}, outputs={"both": None})]


def groups() -> list[Node]:
    nodes: list[Any] = [
        FnNode(double, name=f"n{i}", inputs={"x": i}, outputs={"n": None}, concurrent=True, concurrency_group="g")
        for i in range(3)
    ]
    return [FnNode(combine, inputs={"a": nodes[0].n, "b": nodes[2].n}, outputs={"both": None}), nodes[1]]


def wired_choice() -> list[Node]:
    source: Any = FnNode(add_one, name="source", inputs={"x": 3}, outputs={"n": None})
    choice: Any = FnNode(add_one, name="pick", inputs={"x": source.n}, outputs={"n": None}) | FnNode(
        double, name="other", inputs={"x": source.n}, outputs={"n": None}
    )
    return [FnNode(double, name="end", inputs={"x": choice.n}, outputs={"n": None})]


def approval() -> list[Node]:
    one = FnNode(pig_latin, inputs={"text": "yes please"}, outputs={"text": None})
    approve = Approve("approve")
    approve._input_ports = []
    approve._process_inputs({"input": one.text})
    return [FnNode(split, inputs={"text": approve.output}, outputs={"upper": None, "length": None})]


def a_choice_of_a_person() -> list[Node]:
    options = FnNode(as_list, inputs={"n": 3}, outputs={"list": None})
    choose = ChooseOne("choose")
    choose._input_ports = []
    choose._process_inputs({"options": options.list})
    return [FnNode(add_one, inputs={"x": choose.selected}, outputs={"n": None})]


def what_nobody_answered() -> list[Node]:
    text, image = TextInput("ask"), ImageInput("show")
    return [FnNode(combine, inputs={"a": text.text, "b": image.image}, outputs={"both": None})]


SHAPES = [
    sequential,
    quickstart_with_constants,
    fan_out_and_in,
    several_ends,
    podcast,
    scatter_by_key,
    scatter_a_single_thing,
    scatter_of_a_scatter,
    input_node,
    pre_and_postprocess,
    postprocess_picks_one,
    fewer_values_than_ports,
    more_values_than_ports,
    no_value,
    an_empty_field,
    groups,
    wired_choice,
    approval,
    a_choice_of_a_person,
    what_nobody_answered,
]


def daggrs(graph: Graph, entries: dict[str, dict[str, Any]] | None = None, **variants: int) -> dict[str, Any]:
    """Outputs by step and port, as daggr's executor gives them; of people's nodes, nothing."""
    executor = SequentialExecutor(graph)
    executor.selected_variants = variants
    found = {}
    for name, result in executor.execute_all(entries or {}).items():
        node = graph.nodes[name]
        if isinstance(node, InteractionNode):
            continue
        items = result.get("_scattered_results") if isinstance(result, dict) else None
        if items is not None:
            result = {port: [item[port] for item in items] for port in node._output_ports}
        found[name] = result
    return found


def ours(run: Run, graph: Graph) -> dict[str, Any]:
    steps = run.steps.values()
    return {s.name: s.outputs for s in steps if not isinstance(graph.nodes[s.name], InteractionNode)}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_published_shape_gives_what_daggr_gives(lab: Lab, shape: Callable[[], list[Node]]) -> None:
    graph = Graph(shape.__name__, nodes=shape())
    assert ours(lab.run(graph), graph) == daggrs(graph)


@pytest.mark.parametrize("shape", [sequential, podcast, input_node], ids=lambda shape: shape.__name__)
def test_so_it_does_for_other_inputs(lab: Lab, shape: Callable[[], list[Node]]) -> None:
    given = {
        "sequential": ({"x": 41}, {"add_one": {"x": 41}}),
        "podcast": ({"topic": "seas", "host.text": "a b"}, {"dialogue": {"topic": "seas"}, "host": {"text": "a b"}}),
        "input_node": ({"text": "other", "n": 2}, {"form": {"text": "other", "n": 2}}),
    }
    mine, theirs = given[shape.__name__]
    graph = Graph(shape.__name__, nodes=shape())
    assert ours(lab.run(graph, **mine), graph) == daggrs(graph, theirs)


@pytest.mark.parametrize("variant", [0, 1])
def test_the_chosen_variant_is_the_one_that_runs(lab: Lab, variant: int) -> None:
    graph = Graph("wired_choice", nodes=wired_choice())
    run = lab.run_of(lab.submit(graph, {}, options={"choices": {"pick": variant}}))
    assert ours(run, graph) == daggrs(graph, pick=variant)
    assert run.outputs["n"] == (10, 16)[variant]


def test_a_person_who_has_chosen_is_followed(lab: Lab) -> None:
    graph = Graph("a_choice_of_a_person", nodes=a_choice_of_a_person())
    assert lab.run(graph).outputs["n"] == 1
    assert lab.run(graph, **{"choose.options": 2}).outputs["n"] == 3
    asked = Graph("what_nobody_answered", nodes=what_nobody_answered())
    assert lab.run(asked, text="me").outputs["both"] == {"a": "me", "b": None}


def name_of(text: str) -> str:
    return text


def shout(file: str) -> str:
    return Path(file).read_text().upper()


def test_files_go_between_steps_as_names_as_daggr_has_it(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("quiet")
    one = FnNode(name_of, inputs={"text": str(tmp_path / "words.txt")}, outputs={"file": gr.File()})
    graph = Graph("Files", nodes=[FnNode(shout, inputs={"file": one.file}, outputs={"text": None})])
    run = lab.run(graph)
    assert run["shout"].outputs == daggrs(graph)["shout"] == {"text": "QUIET"}
    assert run["name_of"].outputs["file"].name == "words.txt"


def test_a_random_seed_is_drawn_for_every_run(lab: Lab) -> None:
    graph = Graph("Seeds", nodes=[FnNode(double, inputs={"x": random.random}, outputs={"n": None})])
    runs = [lab.run(graph) for _ in range(3)]
    assert len({run.outputs["n"] for run in runs}) == 3
    assert [run.outputs["n"] for run in runs] == [2 * run.job.inputs["x"] for run in runs]


def fails_on_one(x: int) -> int:
    if x == 1:
        raise ValueError("not this one")
    return x


def test_a_failed_item_goes_no_further_where_daggr_hands_the_error_on(lab: Lab) -> None:
    numbers = FnNode(as_list, inputs={"n": 3}, outputs={"list": None})
    each = FnNode(fails_on_one, inputs={"x": numbers.list.each}, outputs={"n": None})
    graph = Graph(
        "Failing", nodes=[FnNode(concatenate_numbers, inputs={"numbers": each.n.all()}, outputs={"list": None})]
    )
    assert SequentialExecutor(graph).execute_all({})["concatenate_numbers"]["list"][1] == {"error": "not this one"}
    job = lab.wait(lab.submit(graph, {}).id)
    assert (job.state, job.error) == ("FAILED", "fails_on_one (item 1): ValueError: not this one")


async def run_to_here(server: DaggrServer, session: ExecutionSession, sheet: str, x: int) -> Any:
    """What a press of "run to here" does on daggr's canvas."""
    result = None
    values = {"add_one__x": {"value": x}}
    async for news in server._execute_to_node_streaming(session, "double", sheet, values, {}, {}, "run", "me"):
        result = news
    assert result is not None
    return session.results["double"]["n"]


def test_where_daggr_reuses_a_stale_result_we_compute(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The input changes from 1 to 100: daggr keeps what the step before gave for 1."""
    monkeypatch.setenv("DAGGR_DB_PATH", str(tmp_path / "daggr.db"))
    graph = Graph("Stale", nodes=sequential())
    server = DaggrServer(graph)
    sheet = server.state.create_sheet("me", graph.persist_key, "sheet")

    async def twice() -> list[Any]:
        return [await run_to_here(server, ExecutionSession(graph), sheet, x) for x in (1, 100)]

    assert asyncio.run(twice()) == [4, 4]
    assert [lab.run(graph, x=x).outputs["n"] for x in (1, 100)] == [4, 202]
