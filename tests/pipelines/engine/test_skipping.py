"""A step that finds that it is not needed is left out with what follows from it, and the rest goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from daggr import FnNode, Graph

from blocks.errors import Skipped
from data.blobs import Blobs
from data.records import JobInfo
from pipelines.engine.active import Active
from pipelines.engine.compile import compile_graph
from pipelines.engine.plan import bind
from pipelines.engine.runs import SKIPPED
from pipelines.lab import Lab


def note(book: str, word: str) -> None:
    with Path(book).open("a") as file:
        file.write(f"{word}\n")


def draw(book: str, number: int, again: str = "") -> int:
    note(book, f"draw {number}")
    return number


def decide(book: str, seen: int, enough: int) -> str:
    note(book, f"decide {seen}")
    if seen >= enough:
        raise Skipped(f"{seen} is enough")
    return "go on"


def best(book: str, one: int, two: int | None = None, three: int | None = None) -> int:
    note(book, "best")
    return max(x for x in (one, two, three) if x is not None)


def tries(book: Path | str, enough: int = 2) -> Graph:
    """Three tries, of which those after the first that is enough are not needed."""
    given: dict[str, Any] = {"book": str(book)}
    nodes, go_on = [], None
    for number in (1, 2, 3):
        again = {"again": go_on.word} if go_on is not None else {}
        nodes.append(
            FnNode(draw, name=f"draw_{number}", inputs={**given, "number": number, **again}, outputs={"n": None})
        )
        if number < 3:
            inputs = {**given, "seen": nodes[-1].n, "enough": enough}
            go_on = FnNode(decide, name=f"decide_{number}", inputs=inputs, outputs={"word": None})
    shown = dict(zip(("one", "two", "three"), (node.n for node in nodes), strict=True))
    return Graph("Tries", nodes=[FnNode(best, name="best", inputs={**given, **shown}, outputs={"n": None})])


def states(lab: Lab, job: str) -> dict[str, str]:
    return {step.name: step.state for step in lab.steps(job)}


FIRST_ENOUGH = {
    "draw_1": "done",
    "decide_1": "skipped",
    "draw_2": "skipped",
    "decide_2": "skipped",
    "draw_3": "skipped",
    "best": "done",
}


def test_what_follows_from_a_step_that_is_not_needed_is_left_out(lab: Lab, book: Path) -> None:
    job = lab.wait(lab.submit(tries(book, enough=1), {}).id, timeout=120)
    assert (job.state, lab.result(job.id)) == ("SUCCEEDED", {"n": 1}), job.error
    assert states(lab, job.id) == FIRST_ENOUGH
    assert book.read_text().split("\n")[:-1] == ["draw 1", "decide 1", "best"]
    assert next(step.note for step in lab.steps(job.id) if step.name == "decide_1") == "1 is enough"


def test_tries_go_on_until_one_is_enough_or_they_are_used_up(lab: Lab, book: Path) -> None:
    second = lab.wait(lab.submit(tries(book, enough=2), {}).id, timeout=120)
    assert (lab.result(second.id), states(lab, second.id)["draw_3"]) == ({"n": 2}, "skipped")
    none = lab.wait(lab.submit(tries(book, enough=9), {}).id, timeout=120)
    assert (lab.result(none.id), set(states(lab, none.id).values())) == ({"n": 3}, {"done", "reused"})


def test_that_it_was_not_needed_is_known_by_its_key_and_not_asked_again(lab: Lab, book: Path) -> None:
    first = lab.wait(lab.submit(tries(book, enough=1), {}).id, timeout=120)
    written = book.read_text()
    again = lab.wait(lab.submit(tries(book, enough=1), {}).id, timeout=120)
    assert book.read_text() == written
    assert lab.result(again.id) == lab.result(first.id) == {"n": 1}


def test_only_the_end_run_anew_still_lacks_what_was_not_needed(lab: Lab, book: Path) -> None:
    run = lab.run(tries(book, enough=1), show=False)
    again = run.rerun("best")
    assert again.outputs == {"n": 1}
    assert book.read_text().split("\n").count("best") == 2
    assert "draw 2" not in book.read_text()


def test_another_gate_is_another_key_and_draws_what_was_left_out(lab: Lab, book: Path) -> None:
    run = lab.run(tries(book, enough=1), show=False)
    changed = run.rerun("decide_1", enough=5)
    assert changed.steps["draw_2"].state == "done"
    assert changed.steps["draw_1"].state == "reused"


CHAIN = '''
"""A try, and another one if it is needed."""
from blocks.errors import Skipped

def draw(number: int, again: str = "") -> int:
    return number

def decide(seen: int, enough: int) -> str:
    if seen >= enough:
        raise Skipped("it is enough")
    return "go on"

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    one = FnNode(draw, name="one", inputs={"number": 1}, outputs={"n": None})
    more = FnNode(decide, name="more", inputs={"seen": one.n, "enough": gr.Number(1)}, outputs={"word": None})
    two = FnNode(draw, name="two", inputs={"number": 2, "again": more.word}, outputs={"n": None})
    return Graph("Once or twice", nodes=[two])
'''


def test_what_is_known_not_to_be_needed_stands_so_before_anything_runs(lab: Lab) -> None:
    (lab.home / "pipelines").mkdir(exist_ok=True)
    (lab.home / "pipelines" / "once_or_twice.py").write_text(CHAIN)
    assert [step.state for step in lab.known("once_or_twice", {})] == ["waiting"] * 3
    lab.wait(lab.submit("once_or_twice", {}).id, timeout=120)
    known = {step.name: (step.state, step.note) for step in lab.known("once_or_twice", {})}
    assert known["two"] == known["more"] == ("skipped", "it is enough")
    assert {step.state for step in lab.known("once_or_twice", {"enough": 2})} == {"reused", "waiting"}


def test_a_job_whose_target_is_not_needed_succeeds_with_nothing(lab: Lab, book: Path) -> None:
    job = lab.wait(lab.submit(tries(book, enough=1), {}, options={"targets": ["draw_2"]}).id, timeout=120)
    assert (job.state, lab.result(job.id)) == ("SUCCEEDED", {})


def pick(book: str, number: int) -> int:
    if number % 2:
        raise Skipped("odd")
    return number


def numbers(book: str) -> list[int]:
    return [1, 2, 3, 4]


def total(found: list[int]) -> list[int]:
    return found


def test_an_item_that_is_not_needed_leaves_an_empty_place(lab: Lab, book: Path) -> None:
    every = FnNode(numbers, inputs={"book": str(book)}, outputs={"n": None})
    picked = FnNode(pick, inputs={"book": str(book), "number": every.n.each}, outputs={"n": None})
    for _ in range(2):  # the second time every item is known
        run = lab.run(
            Graph("Pick", nodes=[FnNode(total, inputs={"found": picked.n.all()}, outputs={"n": None})]), show=False
        )
        assert run.outputs == {"n": [None, 2, None, 4]}


def test_keys_do_not_depend_on_what_was_left_out(blobs: Blobs) -> None:
    """Before anything ran every key is known, and skipping changes none."""
    plan = bind(compile_graph(tries("b"), blobs), {})
    active = Active(JobInfo("j", "p", "t", "QUEUED"), plan)
    before = dict(active.keys)
    active.start({})
    while not active.complete:
        step = next(s for s in active.startable() if active.steps[s.name].state == "waiting")
        (run,) = active.open(step)
        active.finish_run(run, {SKIPPED: "no"} if step.name == "decide_1" else {"n": 1, "word": ""}, 0.0)
        active.close(step)
    assert active.keys == before
    assert set(active.left_out) == {"decide_1", "draw_2", "decide_2", "draw_3"}
    assert active.progress() == 1.0
