"""What the Pipelines page asks of the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.errors import Conflict, Denied, InputError, UnknownName
from pipelines.engine.plan import InputInfo
from pipelines.lab import Lab
from workbench.access import LOCAL_ADMIN, User
from workbench.chains import Chains
from workbench.components import chains as views
from workbench.components.graph import lay_out

NOBODY = User("nobody", frozenset())

CHAIN = '''
"""Numbers <b>added</b>, then doubled."""

def add(x: int, y: int = 2) -> int:
    return x + y

def double(v: int) -> int:
    if v > 1000:
        raise ValueError("too large")
    return 2 * v

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    a = FnNode(add, name="add", inputs={"x": gr.Slider(0, 2000, 1, step=1, label="X")}, outputs={"v": None})
    return Graph("Numbers", nodes=[FnNode(double, name="double", inputs={"v": a.v}, outputs={"w": None})])
'''


@pytest.fixture(scope="module")
def chains(lab: Lab) -> Chains:
    found = Chains(lab)
    found.folder.mkdir(exist_ok=True)
    (found.folder / "numbers.py").write_text(CHAIN)
    (found.folder / "broken.py").write_text('"""Broken."""\n\ndef build(:\n')
    (found.folder / "raising.py").write_text('"""Raises."""\n\ndef build():\n    return 1 / 0\n')
    return found


def test_every_chain_is_listed_and_a_broken_one_with_its_line(chains: Chains) -> None:
    found = {chain.name: chain for chain in chains.all(LOCAL_ADMIN)}
    assert {"enhance_picture", "enhance_clip", "numbers", "broken", "raising"} <= set(found)
    assert found["broken"].error.startswith("line 3")
    assert found["numbers"].error == ""


def test_an_error_in_build_is_told_with_its_line_and_others_go_on(chains: Chains) -> None:
    with pytest.raises(InputError, match=r"raising\.py failed, line 4: division by zero"):
        chains.one(LOCAL_ADMIN, "raising")
    assert chains.one(LOCAL_ADMIN, "numbers").steps == ("add", "double")


def test_a_form_is_run_and_its_run_seen_step_by_step(chains: Chains) -> None:
    job = chains.run(LOCAL_ADMIN, "numbers", {"x": "5", "y": "2"})
    assert job.inputs == {"x": 5}
    chains.lab.wait(job.id)
    view = chains.view(LOCAL_ADMIN, job.id)
    assert [(step.name, step.state) for step in view.steps] == [("add", "done"), ("double", "done")]
    assert view.chain is not None
    assert view.chain.edges == (("add", "v", "double", "v"),)
    again = chains.rerun(LOCAL_ADMIN, job.id, "add", {"x": "6", "y": "2"})
    assert chains.lab.wait(again.id).inputs == {"x": 6}
    assert chains.lab.result(again.id) == {"w": 16}
    assert [job.id for job in chains.runs(LOCAL_ADMIN, "numbers")[:2]] == [again.id, job.id]
    text = views.compare(chains.view(LOCAL_ADMIN, again.id), view)
    assert "<mark>6</mark>" in text
    assert "<mark>5</mark>" in text
    assert "2 steps differ" in text


def test_a_rerun_with_nothing_changed_runs_the_step_anyway(chains: Chains) -> None:
    first = chains.lab.wait(chains.run(LOCAL_ADMIN, "numbers", {"x": "40"}).id)
    again = chains.rerun(LOCAL_ADMIN, first.id, "double", {})
    chains.lab.wait(again.id)
    assert [step.state for step in chains.lab.steps(again.id)] == ["reused", "done"]
    text = views.compare(chains.view(LOCAL_ADMIN, again.id), chains.view(LOCAL_ADMIN, first.id))
    assert "run anyway" in text


def test_a_failed_run_shows_which_step_and_why(chains: Chains) -> None:
    job = chains.lab.wait(chains.run(LOCAL_ADMIN, "numbers", {"x": "1999"}).id)
    assert job.state == "FAILED"
    view = chains.view(LOCAL_ADMIN, job.id)
    assert "too large" in views.step(view, "double")
    assert 'class="box failed' in views.run_graph(view, "")


@pytest.mark.parametrize("value", ["many", "-1", "2001", "1e999"])
def test_a_value_that_cannot_be_is_refused_by_name(chains: Chains, value: str) -> None:
    with pytest.raises(InputError, match="x must"):
        chains.run(LOCAL_ADMIN, "numbers", {"x": value})


def test_what_is_missing_is_said_when_it_is_run_and_not_asked_about(chains: Chains) -> None:
    assert chains.question(LOCAL_ADMIN, "enhance_picture", {}) == ""
    with pytest.raises(InputError, match="needs 'picture'"):
        chains.run(LOCAL_ADMIN, "enhance_picture", {})


def test_an_error_in_what_a_chain_says_of_its_work_is_told_with_its_line(chains: Chains) -> None:
    (chains.folder / "idle.py").write_text(CHAIN + "\ndef work(inputs):\n    return [1 / 0]\n")
    assert chains.question(LOCAL_ADMIN, "idle", {}) == ""
    with pytest.raises(InputError, match=r"work\(\) of idle\.py failed, line 19: ZeroDivisionError"):
        chains.lab.estimate("idle", {})
    assert chains.run(LOCAL_ADMIN, "idle", {}).pipeline == "idle"


def test_a_choice_keeps_its_type(chains: Chains) -> None:
    info = InputInfo("scale", "s", "scale", 2, component="Radio", options={"choices": [("Two", 2), ("Four", "4")]})
    assert [chains.given(info, place) for place in ("0", "1", "")] == [2, "4", None]
    with pytest.raises(InputError, match="no choice of scale"):
        chains.given(info, "7")


def test_a_program_gives_files_by_digest_and_never_by_path(chains: Chains) -> None:
    with pytest.raises(InputError, match="digest"):
        chains.submit(LOCAL_ADMIN, "enhance_picture", {"picture": "/etc/hostname"})
    with pytest.raises(InputError, match="digest"):
        chains.submit(LOCAL_ADMIN, "enhance_picture", {"picture": {"path": "/etc/hostname"}})


def test_the_example_is_written_once_and_works(chains: Chains, picture: Path) -> None:
    assert chains.add_example(LOCAL_ADMIN) == "example"
    assert chains.one(LOCAL_ADMIN, "example").title == "Tint and enlarge"
    assert chains.one(LOCAL_ADMIN, "example").steps == ("tint", "upscale_picture")
    with pytest.raises(Conflict, match="already"):
        chains.add_example(LOCAL_ADMIN)


def test_what_a_chain_says_of_itself_is_text_and_not_markup(chains: Chains) -> None:
    chain = chains.one(LOCAL_ADMIN, "numbers")
    assert "<b>added" not in views.chain_head(chain, "/canvas/numbers/", False)
    assert "<b>added" not in views.chain_list([chain], "", "", True)


def test_whoever_has_no_right_is_refused(chains: Chains) -> None:
    for ask in (
        lambda: chains.all(NOBODY),
        lambda: chains.run(NOBODY, "numbers", {}),
        lambda: chains.rerun(NOBODY, "x", "add", {}),
        lambda: chains.cancel(NOBODY, "x"),
        lambda: chains.add_example(NOBODY),
        lambda: chains.view(NOBODY, "x"),
    ):
        with pytest.raises(Denied):
            ask()
    with pytest.raises(UnknownName):
        chains.view(LOCAL_ADMIN, "nothing")


def test_every_line_of_a_graph_runs_to_the_right_and_no_boxes_meet() -> None:
    steps = ["a", "b", "c", "d", "e"]
    layout = lay_out(steps, [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d"), ("x", "d")])
    places = {box.name: box for box in layout.boxes}
    assert len({(box.x, box.y) for box in layout.boxes}) == 5
    assert all(places[a].x < places[b].x for a, b, _ in layout.lines)
    assert all(b.x >= 0 and b.x + b.width <= layout.width and b.y + b.height <= layout.height for b in layout.boxes)
    assert lay_out([], []).boxes == ()
