"""What a run would cost: what is known already costs nothing, on a page, on the canvas and in a rerun."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.records import Estimate
from pipelines.lab import Lab
from tests.pipelines.conftest import OpenLab
from tests.pipelines.test_canvas import Window, board_of, play

LONG = '''
"""Two steps, of ten and of a hundred seconds as it believes."""

def first(x: int) -> int:
    return x + 1

def second(v: int, times: int) -> int:
    return v * times

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    a = FnNode(first, name="first", inputs={"x": gr.Number(1, label="X")}, outputs={"sum": gr.Number()})
    takes = {"v": a.sum, "times": gr.Number(2, label="Times")}
    return Graph("Long", nodes=[FnNode(second, name="second", inputs=takes, outputs={"product": gr.Number()})])

def work(inputs):
    from pipelines.catalog import Work
    for function, guess in ((first, 10.0), (second, 100.0)):
        yield Work(f"{function.__module__}.{function.__qualname__}", 1.0, guess, bytes=int(guess))
'''


@pytest.fixture
def lab(open_lab: OpenLab, tmp_path: Path) -> Lab:
    folder = tmp_path / "home" / "pipelines"
    folder.mkdir(parents=True)
    (folder / "long.py").write_text(LONG)
    return open_lab()


def size(estimate: Estimate) -> int | None:
    """What it leaves on the disk: unlike the time, it does not follow what this machine has done."""
    return estimate.bytes


def test_what_is_known_costs_nothing(lab: Lab) -> None:
    assert size(lab.estimate("long", {"x": 1})) == 110
    assert size(lab.estimate("long", {"x": 1}, options={"targets": ["first"]})) == 10
    lab.run("long", show=False, x=1)
    assert size(lab.estimate("long", {"x": 1})) == 0
    assert lab.estimate("long", {"x": 1}).basis == "all of it is known already"
    assert size(lab.estimate("long", {"x": 1, "times": 3})) == 100
    assert size(lab.estimate("long", {"x": 2})) == 110


def test_a_rerun_costs_what_follows_its_change(lab: Lab) -> None:
    job = lab.run("long", show=False, x=1).job.id
    assert size(lab.estimate_rerun(job, "second", times=5)) == 100
    assert size(lab.estimate_rerun(job, "second", times=2)) == 0
    assert size(lab.estimate_rerun(job, "second")) == 100  # anyway
    assert size(lab.estimate_rerun(job, "first", x=7)) == 110
    assert lab.jobs()[0].id == job  # asking starts nothing


def test_the_canvas_asks_before_long_work_and_starts_it_after_a_yes(lab: Lab) -> None:
    async def scene() -> None:
        board = board_of(lab, "long", lambda estimate: "Long." if (estimate.bytes or 0) >= 100 else "")
        window = Window(board)
        await window.open()
        assert (await window.run("first"))["ran"] == 1
        await window.start("second")
        asked = await window.until(lambda: next((m for m in window.said if m.get("ask")), None))
        assert asked["ask"] == "Long."
        assert len(lab.jobs()) == 1
        await window.say(**{**asked["again"], "lab_asked": True})
        await window.until(lambda: window.shown == {"first": 2, "second": 4})

    play(scene)
