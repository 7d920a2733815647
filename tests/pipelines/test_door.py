"""A second process beside the lab that owns the home."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, Graph

from blocks.errors import HomeBusy, InputError, StoreError, UnknownName
from pipelines.door import CALLS, ClientLab, socket_path
from pipelines.lab import Lab
from pipelines.settings import Settings

OpenLab = Callable[..., Lab]

BESIDE = """
import os, sys
from pathlib import Path
import gradio as gr
from daggr import FnNode, Graph
from pipelines import Lab, Settings

GREETING = "hello"

def greet(name: Path, times: int, drawn: int) -> list:
    return [f"{GREETING} {name.name} {name.read_text()} {drawn}"] * times

if __name__ == "__main__":
    lab = Lab.open(settings=Settings(home=Path(sys.argv[1]), gpu_slots=0))
    inputs = {"name": gr.File(), "times": gr.Number(2, precision=0), "drawn": lambda: 7}
    graph = Graph("Greet", nodes=[FnNode(greet, inputs=inputs, outputs={"text": None})])
    run = lab.run(graph, name="who.txt")
    print(type(lab).__name__, run.job.id, run.outputs["text"], flush=True)
    again = run.rerun("greet", times=1)
    print(again.outputs["text"], flush=True)
    lab.close()
"""


def test_a_second_process_submits_its_own_graph_and_gets_the_results(lab: Lab, tmp_path: Path) -> None:
    """Its functions exist only there, its file is named from its own folder, and it draws for itself."""
    (tmp_path / "who.txt").write_text("moon")
    (tmp_path / "beside.py").write_text(BESIDE)
    command = [sys.executable, str(tmp_path / "beside.py"), str(lab.home)]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    one, two = done.stdout.splitlines()
    kind, job, text = one.split(maxsplit=2)
    assert kind == "ClientLab"
    assert text == "['hello who.txt moon 7', 'hello who.txt moon 7']"
    assert two == "['hello who.txt moon 7']"
    assert lab.job(job).title == "Greet: who.txt"
    assert lab.job(job).inputs["drawn"] == 7


@pytest.fixture
def beside(lab: Lab) -> Lab:
    found = Lab.open(settings=lab.settings)
    assert isinstance(found, ClientLab)
    return found


def double(x: int) -> int:
    return 2 * x


def test_both_see_the_same(lab: Lab, beside: Lab) -> None:
    run = beside.run(Graph("Double", nodes=[FnNode(double, inputs={"x": gr.Number(4)})]))
    assert run.outputs == {"output": 8}
    assert lab.job(run.job.id) == beside.job(run.job.id)
    assert lab.steps(run.job.id) == beside.steps(run.job.id)
    assert [p.name for p in beside.pipelines()] == [p.name for p in lab.pipelines()]
    assert beside.home == lab.home


def test_what_is_refused_is_refused_in_the_same_words(lab: Lab, beside: Lab) -> None:
    for one in (lab, beside):
        with pytest.raises(UnknownName, match="There is no job nothing"):
            one.job("nothing")
        with pytest.raises(UnknownName, match="There is no pipeline 'nothing'"):
            one.submit("nothing", {})


def test_what_cannot_travel_is_refused_before_it_is_sent(beside: Lab) -> None:
    with pytest.raises(InputError, match="cannot be handed"):
        beside.submit(Graph("Double", nodes=[FnNode(double, inputs={"x": gr.Number(4)})]), {"x": lambda: 1})
    assert beside.jobs(limit=1) is not None


def ask(lab: Lab, *said: Any) -> Any:
    with Client(str(socket_path(lab.home)), "AF_UNIX") as door:
        door.send(said)
        return door.recv()


@pytest.mark.parametrize("name", ["close", "_store", "__init__", "run_of", "wait", "settings", ["unhashable"], None])
def test_nothing_but_the_facade_can_be_asked_for(lab: Lab, name: Any) -> None:
    well, answer = ask(lab, name, (), {})
    assert not well
    assert isinstance(answer, StoreError)
    assert "does not know" in str(answer)
    assert {"submit", "cancel", "media"} <= CALLS


def test_garbage_at_the_door_harms_nobody(lab: Lab, beside: Lab) -> None:
    for garbage in (b"", b"\xff" * 3, b"\0\0\0\4abcd", pickle.dumps(1)):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(socket_path(lab.home)))
            raw.sendall(garbage)
    with Client(str(socket_path(lab.home)), "AF_UNIX") as door:
        door.send_bytes(b"not a pickle")
        well, answer = door.recv()
    assert not well
    assert "cannot read what was asked" in str(answer)
    assert beside.jobs(limit=1) is not None


def test_a_call_that_was_interrupted_does_not_confuse_the_next(lab: Lab, beside: Lab) -> None:
    """Ctrl-C while waiting, then a question about something else."""
    job = lab.run(Graph("Double", nodes=[FnNode(double, inputs={"x": gr.Number(5)})])).job
    waiting = threading.Thread(target=beside.watch, args=(job.id, 10**9, 2.0))
    waiting.start()
    assert beside.job(job.id) == job
    assert waiting.is_alive()
    waiting.join()


def test_the_socket_is_for_nobody_else(lab: Lab) -> None:
    assert socket_path(lab.home).stat().st_mode & 0o077 == 0


def test_when_the_owner_is_gone_a_caller_is_told_so(open_lab: OpenLab) -> None:
    owner = open_lab()
    beside = Lab.open(settings=owner.settings)
    assert isinstance(beside, ClientLab)
    failures: list[BaseException] = []

    def watch() -> None:
        try:
            beside.watch("nothing yet", 5, 30.0)
        except HomeBusy as gone:
            failures.append(gone)

    watching = threading.Thread(target=watch)
    watching.start()
    time.sleep(0.1)
    owner.close()
    watching.join(10)
    assert [str(f) for f in failures] == [f"The lab that owned {owner.home} is gone; run the command again."]
    with pytest.raises(HomeBusy, match="is gone; run the command again"):
        beside.jobs()
    assert not socket_path(owner.home).exists()


def test_a_socket_that_a_killed_owner_left_is_no_obstacle(open_lab: OpenLab, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(home)))
    assert not isinstance(open_lab(home), ClientLab)


def test_closing_twice_leaves_the_next_owner_alone(open_lab: OpenLab) -> None:
    first = open_lab()
    first.close()
    second = open_lab()
    first.close()
    assert isinstance(Lab.open(settings=second.settings), ClientLab)


def test_a_home_with_a_very_long_path_works_the_same(open_lab: OpenLab, tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20) / ("path" * 20)
    owner = open_lab(home)
    assert len(str(socket_path(home))) < 108
    assert socket_path(home).parent.stat().st_mode & 0o077 == 0
    beside = Lab.open(settings=owner.settings)
    assert isinstance(beside, ClientLab)
    assert beside.run(Graph("Double", nodes=[FnNode(double, inputs={"x": gr.Number(3)})])).outputs == {"output": 6}


def test_a_trap_in_the_temporary_folder_is_refused(
    tmp_path: Path, open_lab: OpenLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes our folder first, open to all, must not get our calls."""
    shared = tempfile.TemporaryDirectory(prefix="lab")
    monkeypatch.setattr(tempfile, "tempdir", shared.name)
    home = tmp_path / ("long" * 30)
    trap = socket_path(home).parent
    trap.mkdir(parents=True)
    trap.chmod(0o777)
    with pytest.raises(StoreError, match="open to other people"):
        open_lab(home)
    with pytest.raises(StoreError, match="open to other people"):
        ClientLab.reach(Settings(home=home))
    trap.chmod(0o700)
    lab = open_lab(home)
    assert not isinstance(lab, ClientLab)
    lab.close()
    shared.cleanup()
