"""Workers that die, owners that go, and clicks that come twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, Graph

from blocks.errors import Conflict, UnknownName
from data import jobs
from data.records import FileRef
from pipelines import recovery
from pipelines.lab import Lab
from pipelines.owner import OwnerLab

OpenLab = Callable[..., Lab]


def until(written: Path) -> None:
    while not written.exists() or not written.stat().st_size:  # it is there before anything stands in it
        time.sleep(0.005)


def runs(pid: int) -> bool:
    """Whether a process is there and more than a name in the table (its new parent may not have asked for it)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def words(book: Path) -> list[str]:
    return book.read_text().split() if book.exists() else []


def note(book: str, word: str) -> None:
    with Path(book).open("a") as file:
        file.write(f"{word}\n")


def first(book: str) -> str:
    note(book, "first")
    return "made first"


def gated(book: str, text: str, go: str) -> str:
    note(book, "second")
    Path(book).with_suffix(".pid").write_text(str(os.getpid()))
    while not Path(go).exists():
        time.sleep(0.005)
    return f"{text}, then second"


def two_steps(book: Path, go: Path) -> Graph:
    one = FnNode(first, inputs={"book": str(book)}, outputs={"text": None})
    two = FnNode(gated, inputs={"book": str(book), "text": one.text, "go": str(go)}, outputs={"text": None})
    return Graph("Two steps", nodes=[two])


def test_a_worker_that_is_killed_costs_one_step_and_the_job_succeeds(lab: Lab, book: Path, tmp_path: Path) -> None:
    job = lab.submit(two_steps(book, tmp_path / "go"), {})
    pid = book.with_suffix(".pid")
    until(pid)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    (tmp_path / "go").touch()
    ended = lab.wait(job.id, timeout=30)
    assert (ended.state, ended.attempt) == ("SUCCEEDED", 2)
    assert lab.result(job.id)["text"] == "made first, then second"
    assert words(book) == ["first", "second", "second"]
    assert any("is gone" in line.line for line in lab.log(job.id))


def test_an_idle_worker_that_is_killed_is_not_missed(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(cpu_slots=1)
    pid = lab.run(Graph("Pid", nodes=[FnNode(whoami, inputs={"n": 1}, outputs={"pid": None})])).outputs["pid"]
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.05)
    run = lab.run(Graph("Pid", nodes=[FnNode(whoami, inputs={"n": 2}, outputs={"pid": None})]))
    assert run.outputs["pid"] != pid


def whoami(n: int) -> int:
    return os.getpid()


def test_a_lab_that_is_closed_and_opened_goes_on_where_it_was(open_lab: OpenLab, book: Path, tmp_path: Path) -> None:
    """The job comes from a graph that exists nowhere but in this test."""
    lab = open_lab()
    job = lab.submit(two_steps(book, tmp_path / "go"), {})
    until(book.with_suffix(".pid"))
    lab.close()
    (tmp_path / "go").touch()
    lab = open_lab()
    ended = lab.wait(job.id, timeout=30)
    assert (ended.state, ended.attempt) == ("SUCCEEDED", 2)
    assert words(book) == ["first", "second", "second"]
    assert {s.name: s.state for s in lab.steps(job.id)} == {"first": "reused", "gated": "done"}
    assert any(e["who"] == "lab" and e["action"] == "job.queued" for e in lab.history(job.id))


def test_queued_jobs_start_after_a_restart_in_the_order_they_came(
    open_lab: OpenLab, book: Path, tmp_path: Path
) -> None:
    lab = open_lab(cpu_slots=1)
    go = tmp_path / "go"
    running = lab.submit(two_steps(book, go), {})
    until(book.with_suffix(".pid"))
    waiting = [lab.submit(Graph("Pid", nodes=[FnNode(whoami, inputs={"n": n})]), {}) for n in (3, 4)]
    lab.close()
    go.touch()
    lab = open_lab(cpu_slots=1)
    assert [lab.wait(j.id, timeout=30).state for j in (running, *waiting)] == ["SUCCEEDED"] * 3
    assert [lab.job(j.id).attempt for j in (running, *waiting)] == [2, 1, 1]


def test_results_inputs_and_logs_are_there_after_a_restart(open_lab: OpenLab, book: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("text")
    lab = open_lab()
    node = FnNode(read_it, inputs={"file": gr.File(), "times": gr.Number(2, precision=0)}, outputs={"text": None})
    end = FnNode(wrap, inputs={"text": node.text}, outputs={"wrapped": None})
    before = lab.run(Graph("Reading", nodes=[end]), file=tmp_path / "in.txt")
    (tmp_path / "in.txt").unlink()
    lab.close()
    lab = open_lab()
    steps = {step.name: step for step in lab.steps(before.job.id)}
    assert steps["read_it"].inputs["times"] == 2
    assert isinstance(steps["read_it"].inputs["file"], FileRef)
    assert steps["read_it"].outputs == {"text": "texttext"}
    assert steps["wrap"].inputs == {"text": "read_it.text"}
    assert lab.result(before.job.id)["wrapped"] == "<texttext>"
    assert lab.job(before.job.id) == before.job
    assert [line.line for line in lab.log(before.job.id)] == ["read_it: reading"]
    assert lab.run_of(lab.rerun(before.job.id, "read_it", times=1)).outputs["wrapped"] == "<text>"


def read_it(file: Path, times: int) -> str:
    print("reading")
    return file.read_text() * int(times)


def wrap(text: str) -> str:
    return f"<{text}>"


OWNER = """
import sys, time
from pathlib import Path
from pipelines import Lab, Settings
if __name__ == "__main__":
    lab = Lab.open(settings=Settings(home=Path(sys.argv[1]), cpu_slots=1, gpu_slots=0))
    book, go = sys.argv[2:]
    job = lab.submit("slow_words", {"first.book": book, "second.book": book, "go": go})
    print(job.id, flush=True)
    time.sleep(600)
"""

CHAIN = '''"""Words, slowly."""
import os, time
from pathlib import Path
from daggr import FnNode, Graph
import gradio as gr

def first(book):
    with open(book, "a") as file:
        file.write("first\\n")
    return "one"

def second(book, text, go):
    with open(book, "a") as file:
        file.write("second\\n")
    Path(book).with_suffix(".pid").write_text(str(os.getpid()))
    while not Path(go).exists():
        time.sleep(0.005)
    return text + " two"

def build():
    a = FnNode(first, inputs={"book": gr.Textbox("")}, outputs={"text": None})
    b = FnNode(second, inputs={"book": gr.Textbox(""), "text": a.text, "go": gr.Textbox("")}, outputs={"text": None})
    return Graph("Slow words", nodes=[b])
'''


def test_an_owner_that_is_killed_takes_its_workers_along_and_the_next_goes_on(
    open_lab: OpenLab, book: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "pipelines").mkdir(parents=True)
    (home / "pipelines" / "slow_words.py").write_text(CHAIN)
    (tmp_path / "owner.py").write_text(OWNER)
    command = [sys.executable, str(tmp_path / "owner.py"), str(home), str(book), str(tmp_path / "go")]
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}) as owner:
        assert owner.stdout is not None
        job = owner.stdout.readline().strip()
        until(book.with_suffix(".pid"))
        time.sleep(0.3)  # facts that nobody waits for may take a moment to reach the disk
        owner.kill()
    worker = int(book.with_suffix(".pid").read_text())
    (tmp_path / "go").touch()
    lab = open_lab(home)
    assert lab.wait(job, timeout=30).state == "SUCCEEDED"
    assert words(book) == ["first", "second", "second"]
    assert lab.result(job)["text"] == "one two"
    assert not runs(worker)


def test_a_late_result_of_an_old_attempt_is_refused(lab: Lab, book: Path, tmp_path: Path) -> None:
    assert isinstance(lab, OwnerLab)
    job = lab.submit(two_steps(book, tmp_path / "go"), {})
    until(book.with_suffix(".pid"))
    os.kill(int(book.with_suffix(".pid").read_text()), signal.SIGKILL)
    (tmp_path / "go").touch()
    assert lab.wait(job.id, timeout=30).attempt == 2
    late = lab._store.write(lambda c: jobs.move(c, job.id, "FAILED", who="late", attempt=1))
    with pytest.raises(Conflict, match="attempt 1 came too late"):
        late.result()
    assert lab.job(job.id).state == "SUCCEEDED"
    assert not [e for e in lab.history(job.id) if e["who"] == "late"]


def once_only(book: str, go: str) -> str:
    note(book, "computed")
    while not Path(go).exists():
        time.sleep(0.005)
    return "shared"


def test_two_jobs_that_need_the_same_thing_at_once_compute_it_once(lab: Lab, book: Path, tmp_path: Path) -> None:
    node = FnNode(once_only, inputs={"book": str(book), "go": str(tmp_path / "go")}, outputs={"out": None})
    graph = Graph("Shared", nodes=[node])
    both = [lab.submit(graph, {}) for _ in range(2)]
    until(book)
    (tmp_path / "go").touch()
    assert [lab.run_of(job).outputs for job in both] == [{"out": "shared"}] * 2
    assert words(book) == ["computed"]


def test_a_double_click_is_one_job(lab: Lab, book: Path) -> None:
    graph = Graph("Pid", nodes=[FnNode(whoami, inputs={"n": gr.Number(1)})])
    seen: list[str] = []
    clicks = [
        threading.Thread(target=lambda n=n: seen.append(lab.submit(graph, {"n": n}, once=f"click {book}").id))
        for n in range(4)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert len(set(seen)) == 1
    assert lab.wait(seen[0], timeout=20).state == "SUCCEEDED"
    assert [e["action"] for e in lab.history(seen[0])].count("job.submit") == 1
    assert lab.submit(graph, {"n": 9}, once="another click").id != seen[0]


def test_only_a_job_that_failed_or_was_stopped_can_be_tried_again(lab: Lab, book: Path, tmp_path: Path) -> None:
    fails = Graph("Fails", nodes=[FnNode(needs_file, inputs={"book": str(book)}, outputs={"text": None})])
    job = lab.wait(lab.submit(fails, {}).id)
    assert job.state == "FAILED"
    book.write_text("now it is there")
    assert lab.retry(job.id, user="kim").state == "QUEUED"
    again = lab.wait(job.id, timeout=20)
    assert (again.state, again.attempt, again.error) == ("SUCCEEDED", 2, None)
    assert lab.result(job.id) == {"text": "now it is there"}
    with pytest.raises(Conflict, match="is SUCCEEDED"):
        lab.retry(job.id)
    with pytest.raises(UnknownName):
        lab.retry("nothing")
    queued = [json.loads(e["detail"]) for e in lab.history(job.id) if (e["who"], e["action"]) == ("kim", "job.queued")]
    assert queued[0]["from"] == "FAILED"


def needs_file(book: str) -> Any:
    return Path(book).read_text()


def make_file(book: str, *, scratch: Path) -> Path:
    note(book, "made")
    (scratch / "made.txt").write_text("content")
    return scratch / "made.txt"


def use_file(book: str, file: Path, n: int) -> str:
    return file.read_text()


def making(book: Path, n: int) -> Graph:
    made = FnNode(make_file, inputs={"book": str(book)}, outputs={"file": None})
    return Graph(
        "Made", nodes=[FnNode(use_file, inputs={"book": str(book), "file": made.file, "n": n}, outputs={"t": None})]
    )


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_file_in_between_that_is_damaged_is_made_again(lab: Lab, book: Path, damage: str) -> None:
    run = lab.run(making(book, 1))
    file = Path(lab.media(run["make_file"].outputs["file"].digest).path)
    file.chmod(0o644)
    if damage == "changed":
        file.write_text("rotten!")
    else:
        file.unlink()
    assert lab.run(making(book, 2)).outputs["t"] == "content"
    assert words(book) == ["made", "made"]


def test_a_chains_default_file_survives_cleaning(open_lab: OpenLab, tmp_path: Path) -> None:
    (tmp_path / "default.txt").write_text("default")
    lab = open_lab()
    source = gr.File(str(tmp_path / "default.txt"))
    run = lab.run(
        Graph("Default", nodes=[FnNode(read_it, inputs={"file": source, "times": 1}, outputs={"text": None})])
    )
    (tmp_path / "default.txt").unlink()
    lab.clean(classes=("transient", "cache"), dry=False)
    lab.empty_trash()
    assert run.rerun("read_it").outputs == {"text": "default"}


def test_a_job_that_may_be_what_ends_the_lab_is_given_up_in_the_end(
    open_lab: OpenLab, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_MOST_RECOVERIES", 1)
    lab = open_lab()
    job = lab.submit(two_steps(book, tmp_path / "never"), {})
    for lives in (1, 2):
        while words(book).count("second") < lives:  # the step that never ends has begun once more
            time.sleep(0.01)
        lab.close()
        lab = open_lab()
    ended = lab.wait(job.id, timeout=20)
    assert ended.state == "FAILED"
    assert "stopped 1 times" in (ended.error or "")
