"""The engine against daggr's own executor and server, on the same graphs in the same run.

Ours is timed from `submit` until `wait` returns, which is when the last fact of the job is on the disk: queued,
planned, run by a warm worker in a process of its own, every result recorded, the audit chain continued. daggr's
executor calls the functions in this process and keeps what they give in memory; its server does the same and
reports every node to the page. Inputs are new in every round, so that nothing is known beforehand. Rounds
alternate, figures are medians.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench._server import seconds_to_first_page

__all__ = ["measure"]

ROOT = Path(__file__).parents[2]
SIZES = (10, 50, 100, 200)
ROUNDS = {10: 15, 50: 9, 100: 7, 200: 5}
SERVER_ROUNDS = 3
EXECUTOR = "daggr's executor: in this process, in memory, nothing kept"
SERVER = "daggr's server: its streaming run, in this process, in memory"

CHAIN = '''
"""A chain of steps that do nothing."""
from daggr import FnNode, Graph

def pass_on(x: int) -> int:
    return x

def build():
    nodes = [FnNode(pass_on, name="s0", inputs={{"x": 0}}, outputs={{"y": None}})]
    for n in range(1, {size}):
        nodes.append(FnNode(pass_on, name=f"s{{n}}", inputs={{"x": nodes[-1].y}}, outputs={{"y": None}}))
    return Graph("Nothing {size} times", nodes=nodes)
'''

BRANCHES = '''
"""Half-second steps side by side."""
import time
from daggr import FnNode, Graph

def rest(x: int) -> int:
    time.sleep(0.5)
    return x

def build():
    nodes = [FnNode(rest, name=f"s{{n}}", inputs={{"x": n}}, outputs={{"y": None}}) for n in range({size})]
    return Graph("Rest {size} times", nodes=nodes)
'''

Timed = Callable[[], float]
"""Does a thing once and returns how long it took."""


def measure() -> list[dict[str, Any]]:
    """Rows on steps, growth, reruns, branches and start."""
    with tempfile.TemporaryDirectory() as folder, _quiet_daggr(Path(folder)):
        from pipelines import Lab
        from pipelines.settings import Settings

        home = Path(folder, "home")
        _write_chains(home / "pipelines")
        with Lab.open(settings=Settings(home=home, warm=2, cpu_slots=2)) as lab:
            bench = _Engine(lab, home)
            return [*bench.steps(), bench.rerun(), bench.notebook(), *bench.branches(), _first_page(Path(folder))]


class _Engine:
    def __init__(self, lab: Any, home: Path) -> None:
        self._lab, self._home = lab, home
        self._numbers = itertools.count(1)

    def steps(self) -> Iterator[dict[str, Any]]:
        """Milliseconds a step at every size, and how they grow."""
        timed: dict[str, Timed] = {}
        for size in SIZES:
            timed[f"ours {size}"] = self._ours(f"chain_{size}", "s0.x")
            timed[f"executor {size}"] = self._executor(size)
        servers = {f"server {size}": self._server(size) for size in SIZES}
        rounds = {name: ROUNDS[int(name.split()[1])] for name in timed} | dict.fromkeys(servers, SERVER_ROUNDS)
        found = _medians(timed | servers, rounds, in_a_row=5)
        per_step = {name: 1000 * seconds / int(name.split()[1]) for name, seconds in found.items()}
        for rival, rival_name in (("executor", EXECUTOR), ("server", SERVER)):
            for size in SIZES:
                name = f"{size} steps that do nothing, against daggr's {rival}"
                yield _row(name, per_step[f"ours {size}"], per_step[f"{rival} {size}"], rival_name, "ms a step")
        fifty, most = per_step["ours 50"], per_step["ours 200"]
        yield _row("growth: a step of 200 against a step of 50", most, fifty, "ours at 50 steps", "ms a step")

    def rerun(self) -> dict[str, Any]:
        """Fifty steps whose results are all known."""
        again = self._ours("chain_50", "s0.x", number=lambda: 0)
        again()
        found = _medians({"ours": again, "rival": self._executor(50)}, dict.fromkeys(("ours", "rival"), 15))
        rival = "daggr's executor, which runs them again"
        return _row("50 steps rerun with nothing new", 1000 * found["ours"], 1000 * found["rival"], rival, "ms")

    def notebook(self) -> dict[str, Any]:
        """A graph that is handed over as an object is compiled and kept at every submission."""
        ours = self._ours(_graph(self._home, "chain_50"), "s0.x")
        found = _medians({"ours": ours, "rival": self._executor(50)}, dict.fromkeys(("ours", "rival"), 9))
        ours_ms, rival_ms = (1000 * found[who] / 50 for who in ("ours", "rival"))
        return _row("50 steps of a graph from a notebook", ours_ms, rival_ms, EXECUTOR, "ms a step")

    def branches(self) -> Iterator[dict[str, Any]]:
        """Two independent half-second steps."""
        from daggr.executor import SequentialExecutor

        def rival() -> float:
            began = time.perf_counter()
            SequentialExecutor(_graph(self._home, "rest_2")).execute_all({})
            return time.perf_counter() - began

        one, two = self._ours("rest_1", "s0.x"), self._ours("rest_2", "s0.x", "s1.x")
        found = _medians({"one": one, "two": two, "rival": rival}, dict.fromkeys(("one", "two", "rival"), 3))
        yield _row("two independent half-second steps", found["two"], found["one"], "ours, one such step", "s")
        yield _row("the same, against daggr", found["two"], found["rival"], EXECUTOR, "s")

    def _ours(self, chain: str | Any, *ports: str, number: Callable[[], int] | None = None) -> Timed:
        draw = number or self._numbers.__next__

        def run() -> float:
            inputs = {port: draw() for port in ports}
            began = time.perf_counter()
            self._finish(self._lab.submit(chain, inputs))
            return time.perf_counter() - began

        run()  # compiles the chain and warms the workers
        return run

    def _finish(self, job: Any) -> None:
        job = self._lab.wait(job.id)
        if job.state != "SUCCEEDED":
            raise RuntimeError(f"{job.title} ended {job.state}: {job.error}")

    def _executor(self, size: int) -> Timed:
        from daggr.executor import SequentialExecutor

        graph = _graph(self._home, f"chain_{size}")

        def run() -> float:
            executor = SequentialExecutor(graph)
            began = time.perf_counter()
            given = executor.execute_all({"s0": {"x": next(self._numbers)}})
            taken = time.perf_counter() - began
            if f"s{size - 1}" not in given:
                raise RuntimeError("daggr's executor did not reach the last step")
            return taken

        return run

    def _server(self, size: int) -> Timed:
        from daggr.server import DaggrServer
        from daggr.session import ExecutionSession

        graph = _graph(self._home, f"chain_{size}")
        server = DaggrServer(graph)

        async def stream() -> int:
            said = 0
            session = ExecutionSession(graph)
            async for event in server._execute_to_node_streaming(session, f"s{size - 1}", None, {}, {}, {}, "run"):
                said += event["type"] == "node_complete"
            return said

        def run() -> float:
            began = time.perf_counter()
            done = asyncio.run(stream())
            taken = time.perf_counter() - began
            if done != size:
                raise RuntimeError(f"daggr's server finished {done} steps of {size}")
            return taken

        return run


def _first_page(folder: Path) -> dict[str, Any]:
    """Seconds from starting a process to the first page it serves."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); from chain_10 import build; "
    program += "build().launch(port=int(sys.argv[2]), open_browser=False)"
    daggr = [sys.executable, "-c", program, str(folder / "home" / "pipelines")]
    ours = [sys.executable, "-m", "workbench", "serve", "--no-browser", "--port"]
    homes = itertools.count()

    def lab() -> float:
        return seconds_to_first_page(ours, ROOT, {"LAB_HOME": str(folder / f"start-{next(homes)}")})

    def rival() -> float:
        return seconds_to_first_page(daggr, ROOT, {"DAGGR_DEPENDENCY_CHECK": "skip"})

    found = _medians({"ours": lab, "rival": rival}, dict.fromkeys(("ours", "rival"), 3))
    return _row("from start to the first page, a new home", found["ours"], found["rival"], "daggr's launch", "s")


def _medians(timed: Mapping[str, Timed], rounds: Mapping[str, int], *, in_a_row: int = 1) -> dict[str, float]:
    """Median seconds of each, round by round in turn, so that a busy moment of the machine meets all of them.

    Args:
        in_a_row: runs of each in its turn; a processor that has just done the others' work is slower at first.
    """
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(max(rounds.values())):
        for name, run in timed.items():
            if number < rounds[name]:
                taken[name].extend(run() for _ in range(in_a_row))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _row(name: str, ours: float, rival: float, rival_name: str, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours,
        "rival": rival,
        "rival_name": rival_name,
        "ratio": ours / rival,
        "unit": unit,
        "better": "lower",
    }


def _write_chains(folder: Path) -> None:
    folder.mkdir(parents=True)
    for size in SIZES:
        folder.joinpath(f"chain_{size}.py").write_text(CHAIN.format(size=size).lstrip())
    for size in (1, 2):
        folder.joinpath(f"rest_{size}.py").write_text(BRANCHES.format(size=size).lstrip())


def _graph(home: Path, name: str) -> Any:
    """A fresh graph of one of the chains, as daggr reads it."""
    from pipelines import catalog

    return catalog.load_graph(catalog.find(name, home))


@contextmanager
def _quiet_daggr(folder: Path) -> Iterator[None]:
    """daggr with a database of its own, and nothing asked of the network."""
    names = {"DAGGR_DB_PATH": str(folder / "daggr.db"), "HF_HOME": str(folder / "hf"), "HF_HUB_OFFLINE": "1"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
