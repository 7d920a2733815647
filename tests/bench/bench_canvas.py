"""A chain run from the canvas, over the websocket, against daggr's own server: milliseconds a step."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

__all__ = ["measure"]

SIZES = (10, 100)
ROUNDS = 3

CHAIN = '''
"""A long chain of small steps."""

def start(x: int) -> int:
    return x

def plus(v: int) -> int:
    return v + 1

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    node = FnNode(start, name="step0", inputs={"x": gr.Number(1)}, outputs={"v": gr.Number()})
    for n in range(1, COUNT):
        node = FnNode(plus, name=f"step{n}", inputs={"v": node.v}, outputs={"v": gr.Number()})
    return Graph("Chain", nodes=[node])
'''


def measure() -> Iterator[dict[str, Any]]:
    """A first run, and the same run again, of 10 and of 100 steps."""
    for count in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            ours = _ours(Path(folder), count)
            rival = _daggrs(Path(folder), count)
        for what, mine, theirs in (("run", ours[0], rival[0]), ("run again, nothing changed", ours[1], rival[1])):
            yield {
                "name": f"canvas, {count} steps, {what}",
                "ours": mine / count * 1000,
                "rival": theirs / count * 1000,
                "rival_name": "daggr's own server",
                "ratio": mine / theirs,
                "unit": "ms a step",
                "better": "lower",
            }


def _ours(folder: Path, count: int) -> tuple[float, float]:
    from pipelines import Lab, Settings
    from workbench.canvas import Canvases

    home = folder / "home"
    (home / "pipelines").mkdir(parents=True)
    (home / "pipelines" / "chain.py").write_text(CHAIN.replace("COUNT", str(count)))
    with Lab.open(settings=Settings(home=home, cpu_slots=2, warm=2)) as lab:
        app = Canvases(_nothing, lab, 1)
        with TestClient(app) as client:
            return _times(client, "/canvas/chain/ws/bench", f"step{count - 1}")


def _daggrs(folder: Path, count: int) -> tuple[float, float]:
    from daggr.server import DaggrServer

    os.environ["DAGGR_DB_PATH"] = str(folder / "daggr.db")
    names: dict[str, Any] = {}
    exec(CHAIN.replace("COUNT", str(count)), names)
    with TestClient(DaggrServer(names["build"]()).app) as client:
        return _times(client, "/ws/bench", f"step{count - 1}")


def _times(client: TestClient, path: str, last: str) -> tuple[float, float]:
    """The best of some first runs with a new input each, and of some with the same.

    Each first run has a websocket of its own: on one, daggr's server would hand out what it made of the old input.
    """
    first, again = [], []
    for number in range(ROUNDS + 1):
        with client.websocket_connect(path) as socket:
            socket.send_json({"action": "get_graph"})
            while json.loads(socket.receive_text())["type"] != "graph":
                pass
            first.append(_run(socket, last, number))
            again.append(_run(socket, last, number))
    return min(first[1:]), min(again[1:])  # in the first, whatever starts lazily starts


def _run(socket: Any, last: str, value: int) -> float:
    began = time.perf_counter()
    run = f"{time.time_ns()}"
    words = {"action": "run", "node_name": last, "inputs": {"step0__x": {"value": value}}, "run_id": run}
    socket.send_json(words)
    while True:
        message = json.loads(socket.receive_text())
        if message.get("type") == "error":
            raise RuntimeError(message["error"])
        whole = message.get("completed_node") == last and "nodes" in message  # daggr's last word on a run
        if whole or (message["type"] == "cancelled" and message["run_id"] == run):  # ours, after the result is shown
            return time.perf_counter() - began


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """What lies behind the canvases' addresses is not asked for."""
    while scope["type"] == "lifespan":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
