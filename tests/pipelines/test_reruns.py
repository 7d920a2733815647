"""Doing a part of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, Graph

from blocks.errors import UnknownName
from pipelines.lab import Lab


def note(book: str, word: str) -> None:
    with Path(book).open("a") as file:
        file.write(f"{word}\n")


def source(book: str, x: int) -> int:
    note(book, "source")
    return x


def left(book: str, v: int, add: int) -> int:
    note(book, "left")
    return v + add


def right(book: str, v: int) -> int:
    note(book, "right")
    return v * 2


def join(book: str, a: int, b: int) -> list[int]:
    note(book, "join")
    return [a, b]


def diamond(book: Path) -> Graph:
    s = FnNode(source, inputs={"book": str(book), "x": gr.Number(1)}, outputs={"v": None})
    a = FnNode(left, inputs={"book": str(book), "v": s.v, "add": gr.Number(10)}, outputs={"v": None})
    b = FnNode(right, inputs={"book": str(book), "v": s.v}, outputs={"v": None})
    return Graph(
        "Diamond", nodes=[FnNode(join, inputs={"book": str(book), "a": a.v, "b": b.v}, outputs={"both": None})]
    )


def new_words(book: Path) -> list[str]:
    words = book.read_text().split() if book.exists() else []
    book.unlink(missing_ok=True)
    return sorted(words)


def test_a_changed_step_is_computed_again_with_what_follows_and_nothing_else(lab: Lab, book: Path) -> None:
    run = lab.run(diamond(book))
    assert new_words(book) == ["join", "left", "right", "source"]
    again = run.rerun("left", add=20)
    assert again.outputs == {"both": [21, 2]}
    assert new_words(book) == ["join", "left"]
    assert {name: step.state for name, step in again.steps.items()} == {
        "source": "reused",
        "left": "done",
        "right": "reused",
        "join": "done",
    }
    assert again.job.parent == run.job.id


def test_rerun_anyway_gives_new_keys_and_keeps_the_old_results(lab: Lab, book: Path) -> None:
    run = lab.run(diamond(book))
    new_words(book)
    again = run.rerun("right")
    assert new_words(book) == ["join", "right"]
    changed = {name for name in run.steps if run[name].key != again[name].key}
    assert changed == {"right", "join"}
    assert lab.result(run.job.id) == run.outputs
    assert run["right"].key is not None
    assert lab.recipe(run["right"].key)["step"] == "right"


def test_a_rerun_of_a_rerun_keeps_what_was_changed_before(lab: Lab, book: Path) -> None:
    run = lab.run(diamond(book)).rerun("left", add=20)
    new_words(book)
    again = run.rerun("right")
    assert again.outputs == {"both": [21, 2]}
    assert new_words(book) == ["join", "right"]
    assert again.rerun("join").job.inputs == {"add": 20}
    assert new_words(book) == ["join"]


def test_a_port_that_follows_another_step_can_be_changed_too(lab: Lab, book: Path) -> None:
    run = lab.run(diamond(book))
    new_words(book)
    assert run.rerun("join", a=5).outputs == {"both": [5, 2]}
    assert new_words(book) == ["join"]


def test_a_step_or_port_that_is_not_there_is_refused(lab: Lab, book: Path) -> None:
    run = lab.run(diamond(book))
    with pytest.raises(UnknownName, match="no step 'middle'"):
        lab.rerun(run.job.id, "middle")
    with pytest.raises(UnknownName, match="no input 'typo'"):
        lab.rerun(run.job.id, "left", typo=1)
    with pytest.raises(UnknownName, match="no job"):
        lab.rerun("nothing", "left")
    with pytest.raises(UnknownName, match="no step 'middle'"):
        run["middle"]


def tell(files: list[Path], pair: Any, looks_like: dict[str, Any]) -> list[Any]:
    return [[file.name for file in files], list(pair), sorted(looks_like)]


def test_lists_of_files_tuples_and_strange_dicts_survive_a_rerun(lab: Lab, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(str(tmp_path / name))
    node = FnNode(tell, inputs={"files": gr.File(), "pair": gr.JSON(), "looks_like": gr.JSON()}, outputs={"t": None})
    inputs = {"files": [tmp_path / "a.txt", tmp_path / "b.txt"], "pair": (1, 2), "looks_like": {"$blob": 1}}
    run = lab.run(Graph("Tell", nodes=[node]), **inputs)
    expected = {"t": [["a.txt", "b.txt"], [1, 2], ["$blob"]]}
    assert run.outputs == expected
    again = run.rerun("tell")
    assert again.outputs == expected
    assert again.job.inputs == run.job.inputs
    assert again["tell"].key != run["tell"].key


def draw_two(seed: float, x: int) -> float:
    return seed


def test_a_drawn_value_is_recorded_and_a_rerun_keeps_it(lab: Lab) -> None:
    drawn = iter(range(100))
    node = FnNode(draw_two, name="n", inputs={"seed": lambda: next(drawn), "x": gr.Number(1)}, outputs={"seed": None})
    graph = Graph("Drawn", nodes=[node])
    one, two = lab.run(graph), lab.run(graph)
    assert (one.outputs, two.outputs) == ({"seed": 0}, {"seed": 1})
    assert one.job.inputs == {"seed": 0}
    assert one.rerun("n", x=2).outputs == {"seed": 0}
    assert lab.run(graph, seed=7).outputs == {"seed": 7}
