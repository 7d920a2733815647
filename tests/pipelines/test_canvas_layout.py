"""Nodes on the canvas: no two meet, lines run to the right, and many inputs do not make a tower."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pipelines.canvas_layout import WIDTH, arrange


def node(name: str, *, inputs: int = 0, component: str = "textbox") -> dict[str, Any]:
    part = {"component": component}
    setting = name.startswith("in")
    ports = {"inputs": ["p"] * inputs, "outputs": ["value"], "is_input_node": setting}
    return {"id": name, "input_components": [part] * setting, "output_components": [part] * (not setting), **ports}


def line(a: str, b: str) -> dict[str, str]:
    return {"from_node": a, "to_node": b}


def test_ten_inputs_of_a_late_step_stand_beside_each_other() -> None:
    nodes = [node("a"), node("b", inputs=1), node("c", inputs=11, component="image")]
    nodes += [node(f"in{n}") for n in range(10)]
    edges = [line("a", "b"), line("b", "c"), *(line(f"in{n}", "c") for n in range(10))]
    arrange(nodes, edges, {f"in{n}" for n in range(10)})
    places = {n["id"]: (n["x"], n["y"]) for n in nodes}
    assert places["a"][0] + WIDTH < places["b"][0] < places["c"][0]
    assert all(places[f"in{n}"][0] + WIDTH < places["c"][0] for n in range(10))
    assert len({places[f"in{n}"][0] for n in range(10)}) == 2
    columns: dict[int, list[int]] = {}
    for x, y in places.values():
        columns.setdefault(x, []).append(y)
    assert all(below - above > 100 for ys in columns.values() for above, below in pairwise(sorted(ys)))


def test_inputs_of_a_first_step_stand_to_its_left() -> None:
    nodes = [node("a", inputs=1), node("in1")]
    arrange(nodes, [line("in1", "a")], {"in1"})
    assert nodes[1]["x"] + WIDTH < nodes[0]["x"]


def test_names_that_share_an_id_do_not_hang_it() -> None:
    nodes = [node("a"), node("a")]
    arrange(nodes, [line("a", "a")], set())
    assert all("x" in n for n in nodes)
