"""A run from end to end, in real worker processes."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, Graph, ItemList

from blocks.errors import InputError, StepFailed, TransientError, UnknownName
from blocks.progress import Progress, silent
from data.records import FileRef
from pipelines.lab import Lab


def written(book: Path) -> list[str]:
    return book.read_text().split() if book.exists() else []


def write(book: str, word: str) -> None:
    with Path(book).open("a") as file:
        file.write(f"{word}\n")


def first(book: str, x: int = 1) -> int:
    write(book, "first")
    return x + 1


def second(book: str, y: int) -> int:
    write(book, "second")
    return y * 10


def third(book: str, z: int) -> dict[str, int]:
    write(book, "third")
    return {"z": z}


def line(book: Path) -> Graph:
    one = FnNode(first, inputs={"book": str(book), "x": gr.Number(1)}, outputs={"y": None})
    two = FnNode(second, inputs={"book": str(book), "y": one.y}, outputs={"z": None})
    three = FnNode(third, inputs={"book": str(book), "z": two.z}, outputs={"end": None})
    return Graph("A line", nodes=[three])


def test_a_line_of_steps_runs_in_order_and_every_step_can_be_looked_at(lab: Lab, book: Path) -> None:
    run = lab.run(line(book), x=4)
    assert run.outputs == {"end": {"z": 50}}
    assert written(book) == ["first", "second", "third"]
    assert run["first"].outputs == {"y": 5}
    assert run["second"].inputs == {"book": str(book), "y": "first.y"}
    assert [step.state for step in run.steps.values()] == ["done"] * 3
    assert run.job.progress == 1.0
    assert run.job.inputs == {"x": 4}


def test_a_run_that_was_made_before_runs_nothing(lab: Lab, book: Path) -> None:
    lab.run(line(book))
    again = lab.run(line(book))
    assert again.outputs == {"end": {"z": 20}}
    assert written(book) == ["first", "second", "third"]
    assert again["third"].state == "reused"


def span(book: str, name: str) -> tuple[str, float, float]:
    """Lasts until its neighbour has begun too, which it can only do beside it."""
    began = time.monotonic()
    write(book, name)
    while len(Path(book).read_text().split()) < 2 and time.monotonic() - began < 20:
        time.sleep(0.005)
    return name, began, time.monotonic()


def test_branches_run_side_by_side(lab: Lab, book: Path) -> None:
    nodes = [
        FnNode(span, name=n, inputs={"book": str(book), "name": n}, outputs={"n": None, "began": None, "ended": None})
        for n in ("left", "right")
    ]
    run = lab.run(Graph("Two branches", nodes=nodes))
    left, right = run["left"].outputs, run["right"].outputs
    assert max(left["began"], right["began"]) < min(left["ended"], right["ended"])


def moment(book: str, name: str) -> tuple[float, float]:
    began = time.monotonic()
    time.sleep(0.03)
    return began, time.monotonic()


def test_steps_of_one_group_keep_its_limit(lab: Lab, book: Path) -> None:
    nodes = [
        FnNode(
            moment,
            name=n,
            inputs={"book": str(book), "name": n},
            outputs={"began": None, "ended": None},
            concurrent=True,
            concurrency_group="one at a time",
        )
        for n in ("a", "b", "c")
    ]
    run = lab.run(Graph("A group", nodes=nodes))
    times = sorted((s.outputs["began"], s.outputs["ended"]) for s in run.steps.values())
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))


def make_items(book: str, count: int) -> list[dict[str, Any]]:
    return [{"name": f"n{i}", "size": i} for i in range(count)]


def work_item(book: str, name: str, size: int) -> str:
    write(book, name)
    return f"{name}:{size}"


def gather(words: list[str]) -> str:
    return " ".join(words)


def scattering(book: Path) -> Graph:
    items = FnNode(
        make_items,
        inputs={"book": str(book), "count": gr.Number(3, precision=0)},
        outputs={"items": ItemList(name=gr.Textbox(), size=gr.Number())},
    )
    each = FnNode(
        work_item,
        inputs={"book": str(book), "name": items.items.each["name"], "size": items.items.each["size"]},
        outputs={"word": None},
    )
    return Graph("Scattering", nodes=[FnNode(gather, inputs={"words": each.word.all()}, outputs={"text": None})])


def test_items_run_one_by_one_and_are_gathered_in_order(lab: Lab, book: Path) -> None:
    run = lab.run(scattering(book))
    assert run.outputs == {"text": "n0:0 n1:1 n2:2"}
    assert (run["work_item"].items, run["work_item"].done) == (3, 3)
    assert run["work_item"].outputs == {"word": ["n0:0", "n1:1", "n2:2"]}


def test_a_longer_list_computes_only_what_is_new(lab: Lab, book: Path) -> None:
    lab.run(scattering(book), count=2)
    run = lab.run(scattering(book), count=4)
    assert run.outputs == {"text": "n0:0 n1:1 n2:2 n3:3"}
    assert sorted(written(book)) == ["n0", "n1", "n2", "n3"]


def test_an_empty_list_gathers_nothing(lab: Lab, book: Path) -> None:
    assert lab.run(scattering(book), count=0).outputs == {"text": ""}


def same_items(book: str) -> list[str]:
    return ["same", "same", "same"]


def test_equal_items_are_computed_once(lab: Lab, book: Path) -> None:
    items = FnNode(same_items, inputs={"book": str(book)}, outputs={"items": None})
    each = FnNode(work_item, inputs={"book": str(book), "name": items.items.each, "size": 1}, outputs={"word": None})
    assert lab.run(Graph("Equal items", nodes=[each])).outputs == {"word": ["same:1"] * 3}
    assert written(book) == ["same"]


def test_only_what_leads_to_the_wanted_steps_is_run(lab: Lab, book: Path) -> None:
    job = lab.submit(line(book), {}, options={"targets": ["second"]})
    run = lab.run_of(job)
    assert run.outputs == {"z": 20}
    assert written(book) == ["first", "second"]
    assert run["third"].state == "skipped"


def test_a_step_that_is_wanted_but_not_there_is_refused(lab: Lab, book: Path) -> None:
    with pytest.raises(UnknownName, match="no step 'fourth'"):
        lab.submit(line(book), {}, options={"targets": ["fourth"]})


def same_text(book: str, text: str) -> str:
    return text


def test_one_function_under_other_port_names_gives_its_result_to_both(lab: Lab, book: Path) -> None:
    for port in ("one", "other"):
        node = FnNode(same_text, name="n", inputs={"book": str(book), "text": "a"}, outputs={port: None})
        assert lab.run(Graph("Ports", nodes=[node])).outputs == {port: "a"}


def speak(book: str) -> str:
    print("said on the way")
    print("in two\nlines", end="")
    return "done"


def test_what_a_step_prints_is_in_the_log(lab: Lab, book: Path) -> None:
    run = lab.run(Graph("Speaking", nodes=[FnNode(speak, inputs={"book": str(book)})]))
    said = [entry.line for entry in lab.log(run.job.id)]
    for text in ("said on the way", "in two", "lines"):
        assert f"speak: {text}" in said


def preview(book: str, *, scratch: Path, progress: Progress = silent) -> Path:
    picture = scratch / "half.png"
    picture.write_bytes(b"half a picture")
    progress(0.5, "halfway", picture)
    while not Path(book).exists():
        progress(0.6, "waiting")
        time.sleep(0.01)
    (scratch / "whole.png").write_bytes(b"a whole picture")
    return scratch / "whole.png"


def test_a_preview_can_be_seen_while_the_step_runs_and_after(lab: Lab, book: Path) -> None:
    job = lab.submit(Graph("Preview", nodes=[FnNode(preview, inputs={"book": str(book)}, outputs={"p": None})]), {})
    version = -1
    while (now := lab.watch(job.id, version))[0].preview is None:
        version = now[1]
    seen = now[0]
    assert seen.preview is not None
    assert Path(lab.media(seen.preview).path).read_bytes() == b"half a picture"
    assert 0 < seen.progress < 1
    assert seen.note == "preview: halfway"
    book.touch()
    run = lab.run_of(job)
    assert Path(lab.media(seen.preview).path).read_bytes() == b"half a picture"
    file = run.outputs["p"]
    assert (file.name, run.path(file).read_bytes()) == ("whole.png", b"a whole picture")


def broken(book: str, x: int) -> int:
    raise ValueError(f"cannot use {x}")


def test_a_failure_names_the_step_and_what_went_wrong(lab: Lab, book: Path) -> None:
    one = FnNode(first, inputs={"book": str(book)}, outputs={"y": None})
    node = FnNode(broken, inputs={"book": str(book), "x": one.y})
    with pytest.raises(StepFailed, match="broken: ValueError: cannot use 2") as failure:
        lab.run(Graph("Broken", nodes=[node]))
    assert 'raise ValueError(f"cannot use {x}")' in failure.value.detail
    job = lab.jobs(limit=1)[0]
    states = {step.name: step.state for step in lab.steps(job.id)}
    assert states == {"first": "done", "broken": "failed"}


def refuse(book: str) -> int:
    raise InputError("The picture has no pixels; choose another.")


def test_an_error_of_the_labs_own_keeps_its_advice(lab: Lab, book: Path) -> None:
    with pytest.raises(StepFailed, match=r"refuse: The picture has no pixels; choose another\."):
        lab.run(Graph("Refused", nodes=[FnNode(refuse, inputs={"book": str(book)})]))


def strange(book: str) -> Any:
    return object()


def test_an_output_that_cannot_be_kept_is_refused_by_name(lab: Lab, book: Path) -> None:
    with pytest.raises(StepFailed, match=r"strange: .*builtins\.object cannot be kept"):
        lab.run(Graph("Strange", nodes=[FnNode(strange, inputs={"book": str(book)})]))


def flaky(book: str, times: int) -> str:
    write(book, "try")
    if len(Path(book).read_text().split()) <= times:
        raise TransientError("The line was busy.")
    return "through"


def test_a_failure_that_can_pass_is_tried_again(lab: Lab, book: Path) -> None:
    run = lab.run(Graph("Flaky", nodes=[FnNode(flaky, inputs={"book": str(book), "times": 2})]))
    assert run.outputs == {"output": "through"}
    assert run.job.attempt == 3
    assert [
        (e["action"], json.loads(e["detail"])["attempt"]) for e in lab.history(run.job.id) if "attempt" in e["detail"]
    ] == [
        ("job.running", 1),
        ("job.queued", 2),
        ("job.running", 2),
        ("job.queued", 3),
        ("job.running", 3),
        ("job.succeeded", 3),
    ]


def test_tries_come_to_an_end(lab: Lab, book: Path) -> None:
    with pytest.raises(StepFailed, match="flaky: The line was busy"):
        lab.run(Graph("Flaky", nodes=[FnNode(flaky, inputs={"book": str(book), "times": 99})]))
    assert written(book) == ["try"] * 3


def copy_file(book: str, file: Path, *, scratch: Path) -> Path:
    (scratch / file.name).write_bytes(file.read_bytes() + b"!")
    return scratch / file.name


def test_a_file_goes_in_and_comes_out_under_its_name(lab: Lab, book: Path, tmp_path: Path) -> None:
    (tmp_path / "my file.txt").write_text("hello")
    graph = Graph("Copy", nodes=[FnNode(copy_file, inputs={"book": str(book), "file": gr.File()}, outputs={"f": None})])
    run = lab.run(graph, file=str(tmp_path / "my file.txt"))
    file = run.outputs["f"]
    assert isinstance(file, FileRef)
    assert (file.name, run.path(file).read_text()) == ("my file.txt", "hello!")
    assert run.job.title == "Copy: my file.txt"
    assert run["copy_file"].inputs["file"].name == "my file.txt"


def test_a_file_that_is_not_there_is_refused_at_once(lab: Lab, book: Path) -> None:
    graph = Graph("Copy", nodes=[FnNode(copy_file, inputs={"book": str(book), "file": gr.File()}, outputs={"f": None})])
    for path in ("nowhere.txt", "x" * 5000):
        with pytest.raises(InputError, match="There is no file"):
            lab.submit(graph, {"file": path})
    with pytest.raises(InputError, match="needs 'file'"):
        lab.submit(graph, {})
