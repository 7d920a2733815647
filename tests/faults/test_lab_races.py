"""Two at once: a cancel and a success, two clicks, two processes. There is always one outcome, and all see the same."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from daggr import FnNode, Graph

from data.records import FINAL
from pipelines import Lab

ROOT = Path(__file__).parents[2]
ROUNDS = 60

CHAIN = '''
"""One quick step that notes that it ran."""
from pathlib import Path

def note(book: str, word: str) -> str:
    with Path(book).open("a") as file:
        file.write(f"{word}\\n")
    return word

def build():
    from daggr import FnNode, Graph

    return Graph("Note", nodes=[FnNode(note, name="note", inputs={"book": "", "word": ""}, outputs={"word": None})])
'''

CLICK = """
import sys
from pipelines import Lab
with Lab.open() as lab:
    print(type(lab).__name__)
    for once in sys.argv[2:]:
        job = lab.submit("note", {"note.book": sys.argv[1], "note.word": once}, once=once)
        print(job.id, lab.wait(job.id, timeout=60).state, flush=True)
"""


def add(number: int, also: int) -> int:
    return number + also


def sums(number: int) -> Graph:
    first = FnNode(add, name="first", inputs={"number": number, "also": 1}, outputs={"sum": None})
    return Graph(
        "Sums", nodes=[FnNode(add, name="second", inputs={"number": first.sum, "also": 1}, outputs={"sum": None})]
    )


def beside(home: Path, *command: str) -> str:
    """What another process prints while the lab is open here."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "LAB_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_cancel_racing_success_ends_in_one_state(open_lab: Callable[..., Lab]) -> None:
    lab, moments, states = open_lab(warm=2), random.Random(1), Counter[str]()
    lab.run(sums(-1))
    for number in range(ROUNDS):
        job = lab.submit(sums(number), {})
        time.sleep(moments.uniform(0, 0.012))
        lab.cancel(job.id)
        ended = lab.wait(job.id, timeout=30)
        states[ended.state] += 1
        ends = [e["action"] for e in lab.history(job.id) if e["action"].split(".")[1].upper() in FINAL]
        assert ends == [f"job.{ended.state.lower()}"]
        outputs = {step.name: step.outputs for step in lab.steps(job.id)}
        assert (outputs["second"] == {"sum": number + 2}) or ended.state == "CANCELLED"
    assert set(states) <= {"SUCCEEDED", "CANCELLED"}
    assert lab.run(sums(ROUNDS)).outputs == {"sum": ROUNDS + 2}


def test_many_clicks_from_two_processes_are_one_job_each(open_lab: Callable[..., Lab], book: Path) -> None:
    lab = open_lab()
    (lab.home / "pipelines").mkdir()
    (lab.home / "pipelines" / "note.py").write_text(CHAIN.lstrip())
    clicks = [f"click-{n}" for n in range(5)]

    def click(once: str) -> str:
        return lab.submit("note", {"note.book": str(book), "note.word": once}, once=once).id

    with ThreadPoolExecutor(8) as many:
        other = many.submit(beside, lab.home, "-c", CLICK, str(book), *clicks)
        here = list(many.map(click, clicks * 6))
        kind, *there = other.result().splitlines()
    assert kind == "ClientLab"
    assert [line.split()[1] for line in there] == ["SUCCEEDED"] * 5
    assert {line.split()[0] for line in there} == set(here) == {job.id for job in lab.jobs()}
    assert len(set(here)) == 5
    assert sorted(book.read_text().split()) == clicks


def test_the_command_line_beside_a_running_lab_sees_and_stops_its_jobs(lab: Lab, tmp_path: Path) -> None:
    wait = FnNode(stay, name="stay", inputs={"there": str(tmp_path / "there")}, outputs={"out": None})
    job = lab.submit(Graph("Stay", nodes=[wait]), {})
    while not (tmp_path / "there").exists():
        time.sleep(0.01)
    [seen] = json.loads(beside(lab.home, "-m", "workbench", "jobs", "--json"))
    assert (seen["id"], seen["state"]) == (job.id, "RUNNING")
    beside(lab.home, "-m", "workbench", "jobs", "cancel", job.id)
    assert lab.wait(job.id, timeout=30).state == "CANCELLED"


def stay(there: str) -> None:
    Path(there).touch()
    while True:
        time.sleep(0.01)
