"""The canvas at work: what it shows is what is known for the inputs as they stand, and what it runs is a job."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from blocks.errors import InputError, UnknownName
from data.records import Estimate, FileRef
from pipelines.board import Board
from pipelines.lab import Lab
from tests.pipelines.conftest import OpenLab

TOY = '''
"""Two numbers, a sum of them, and its double."""
import os, time
from pathlib import Path

def note(book, word):
    with open(book, "a") as file:
        file.write(word + "\\n")

def add(x: int, y: int, book: str) -> int:
    note(book, "add")
    return x + y

def double(v: int, times: int, book: str, wait: float) -> int:
    note(book, "double")
    note(book + ".pid", str(os.getpid()))
    time.sleep(wait)
    return v * times

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    takes = {"x": gr.Number(1, label="X"), "y": gr.Number(2), "book": "BOOK"}
    a = FnNode(add, name="add", inputs=takes, outputs={"sum": gr.Number(label="Sum")})
    takes = {"v": a.sum, "times": gr.Number(2, label="Times"), "book": "BOOK", "wait": gr.Number(0)}
    b = FnNode(double, name="double", inputs=takes, outputs={"product": gr.Number()})
    return Graph("Toy", nodes=[b])
'''


class Window:
    """A browser window, as the board sees one: what it is told is kept, what it says is fed to it."""

    def __init__(self, board: Board, user: str = "admin") -> None:
        self.said: list[dict[str, Any]] = []
        self._words: asyncio.Queue[Any] = asyncio.Queue()
        self._news = asyncio.Event()
        self.inputs: dict[str, dict[str, Any]] = {}
        self.task = asyncio.create_task(board.serve(self, user))
        self.board = board

    async def send_json(self, data: Any) -> None:
        self.said.append(data)
        if data["type"] == "graph" and "inputs" in data["data"]:
            self.inputs = {node: dict(ports) for node, ports in data["data"]["inputs"].items()}
        self._news.set()

    async def receive_json(self) -> Any:
        return await self._words.get()

    async def say(self, action: str, **words: Any) -> None:
        await self._words.put({"action": action, **words})

    async def until(self, holds: Callable[[], Any]) -> Any:
        async with asyncio.timeout(30):
            while not (found := holds()):
                self._news.clear()
                await self._news.wait()
        return found

    async def open(self, sheet: str = "") -> None:
        await self.say("get_graph", sheet_id=sheet)
        await self.until(lambda: self.graph)

    async def set(self, node: str, value: Any, port: str = "value") -> None:
        self.inputs.setdefault(node, {})[port] = value
        before = len(self.said)
        await self.say("save_input", node_id=node, port_name=port, value=value, inputs=self.inputs, lab_seq=before + 1)
        await self.until(lambda: [m for m in self.said[before:] if m.get("lab_seq") == before + 1])

    async def run(self, node: str, *, only: bool = False, run: str = "") -> dict[str, Any]:
        before = len(self.said)
        await self.start(node, only=only, run=run)
        ended: dict[str, Any] = await self.until(lambda: self.job_since(before, "SUCCEEDED", "FAILED", "CANCELLED"))
        await self.until(lambda: [m for m in self.said[before:] if m.get("completed_node") == node or m.get("error")])
        return ended

    async def start(self, node: str, *, only: bool = False, run: str = "") -> None:
        words = {"node_name": node, "inputs": self.inputs, "run_id": run or node, "run_ancestors": not only}
        await self.say("run", **words)

    def job_since(self, before: int, *states: str) -> dict[str, Any] | None:
        jobs = [m["job"] for m in self.said[before:] if m["type"] == "lab" and m.get("job")]
        return next((job for job in jobs if job["state"] in states), None)

    @property
    def graph(self) -> dict[str, Any] | None:
        return next((m["data"] for m in reversed(self.said) if m["type"] == "graph"), None)

    @property
    def shown(self) -> dict[str, Any]:
        """What each step shows as its result; None where it shows none."""
        assert self.graph is not None
        results = {name: entries[0]["result"] for name, entries in self.graph["persisted_results"].items()}
        boxes = {n["name"]: [c["value"] for c in n["output_components"]] for n in self.graph["nodes"]}
        for name, result in results.items():
            assert boxes[name] == (list(result.values()) if result else [None] * len(boxes[name]))
        return {name: next(iter(result.values())) if result else None for name, result in results.items()}

    @property
    def sheet(self) -> str:
        assert self.graph is not None
        return str(self.graph["sheet_id"])


@pytest.fixture
def toy(tmp_path: Path, book: Path) -> Path:
    folder = tmp_path / "home" / "pipelines"
    folder.mkdir(parents=True)
    (folder / "toy.py").write_text(TOY.replace("BOOK", str(book)))
    return folder / "toy.py"


@pytest.fixture
def words(book: Path) -> Callable[[], list[str]]:
    """What steps have written since the last call."""

    def read() -> list[str]:
        found = book.read_text().split() if book.exists() else []
        book.unlink(missing_ok=True)
        return found

    return read


def board_of(lab: Lab, name: str = "toy", ask: Callable[[Estimate], str] = lambda _: "") -> Board:
    def file(address: str) -> FileRef:
        found = re.fullmatch(r"/media/([0-9a-f]{64})", address)
        if found is None:
            raise InputError("not a file of the lab")
        return lab.file(found[1])

    return Board(lab, name, lambda digest: f"/media/{digest}", file, ask)


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        try:
            await scene()
        finally:
            mine = asyncio.current_task()
            for task in asyncio.all_tasks() - {mine}:
                task.cancel()

    asyncio.run(whole())


def test_a_change_hides_at_once_what_rested_on_it_and_only_that_is_run_again(
    open_lab: OpenLab, toy: Path, words: Callable[[], list[str]]
) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        assert window.shown == {"add": None, "double": None}
        await window.run("double")
        assert window.shown == {"add": 3, "double": 6}
        assert words() == ["add", "double"]
        await window.set("double__times", 5)
        assert window.shown == {"add": 3, "double": None}
        assert (await window.run("double"))["reused"] == 1
        assert window.shown == {"add": 3, "double": 15}
        assert words() == ["double"]
        await window.set("add__x", 100)
        assert window.shown == {"add": None, "double": None}
        await window.run("double")
        assert window.shown == {"add": 102, "double": 510}
        await window.set("add__x", 1)
        assert window.shown == {"add": 3, "double": 15}
        words()
        assert (await window.run("double"))["ran"] == 0
        assert words() == []

    play(scene)


def test_run_to_here_runs_no_further(open_lab: OpenLab, toy: Path, words: Callable[[], list[str]]) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        await window.run("add")
        assert window.shown == {"add": 3, "double": None}
        assert words() == ["add"]

    play(scene)


def test_a_single_step_is_run_anyway_and_stays_so_after_a_reload(
    open_lab: OpenLab, toy: Path, words: Callable[[], list[str]]
) -> None:
    lab = open_lab()

    async def scene() -> None:
        board = board_of(lab)
        window = Window(board)
        await window.open()
        await window.run("double")
        words()
        await window.run("add", only=True)
        assert words() == ["add"]
        assert window.shown == {"add": 3, "double": None}
        again = Window(board)
        await again.open(window.sheet)
        assert again.shown == {"add": 3, "double": None}

    play(scene)


def test_inputs_and_results_are_there_after_a_restart(
    open_lab: OpenLab, toy: Path, words: Callable[[], list[str]]
) -> None:
    lab = open_lab()

    async def before() -> None:
        window = Window(board_of(lab))
        await window.open()
        await window.set("double__times", 7)
        await window.run("double")

    play(before)
    lab.close()
    words()
    reopened = open_lab()

    async def after() -> None:
        window = Window(board_of(reopened))
        await window.open()
        assert window.inputs == {"double__times": {"value": 7}}
        assert window.shown == {"add": 3, "double": 21}
        assert (await window.run("double"))["ran"] == 0
        assert words() == []

    play(after)


def test_cancel_stops_the_worker(open_lab: OpenLab, toy: Path, book: Path) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        await window.set("double__wait", 600)
        await window.start("double", run="mine")
        await window.until(lambda: [m for m in window.said if m.get("started_node") == "double"])
        pids = book.with_name(book.name + ".pid")
        async with asyncio.timeout(30):
            while not pids.exists():
                await asyncio.sleep(0.02)
        await window.say("cancel", run_id="mine", node_name="double")
        job = await window.until(lambda: window.job_since(0, "CANCELLED"))
        assert lab.job(job["id"]).state == "CANCELLED"
        assert not _alive(int(pids.read_text()))
        assert {"type": "cancelled", "run_id": "mine"} in window.said
        assert window.shown == {"add": 3, "double": None}

    play(scene)


def test_a_window_that_comes_later_sees_the_run_and_can_stop_it(open_lab: OpenLab, toy: Path) -> None:
    lab = open_lab()

    async def scene() -> None:
        board = board_of(lab)
        window = Window(board)
        await window.open()
        await window.set("double__wait", 600)
        await window.start("double", run="first")
        await window.until(lambda: [m for m in window.said if m.get("started_node") == "double"])
        window.task.cancel()
        later = Window(board_of(lab))  # as after a restart of the server: nothing of the old board is left
        await later.open()
        job = await later.until(lambda: later.job_since(0, "RUNNING"))
        await later.say("cancel", run_id=job["id"], node_name="")
        await later.until(lambda: later.job_since(0, "CANCELLED"))

    play(scene)


def test_two_windows_on_a_sheet_see_the_same_and_the_other_is_told(open_lab: OpenLab, toy: Path) -> None:
    lab = open_lab()

    async def scene() -> None:
        board = board_of(lab)
        one, two = Window(board), Window(board)
        await one.open()
        await two.open()
        assert one.sheet == two.sheet
        await one.set("add__x", 5)
        await two.until(lambda: [m for m in two.said if m.get("notice") == "Another window changed x."])
        assert two.inputs == {"add__x": {"value": 5}}
        await two.run("double")
        await one.until(lambda: one.shown == {"add": 7, "double": 14})
        await two.set("add__x", 6)  # the same field: the last word counts, and the first is told
        await one.until(lambda: one.inputs == {"add__x": {"value": 6}} and one.shown["add"] is None)
        await one.set("double__times", 3)  # another field: what the other window set stays
        assert one.inputs == {"add__x": {"value": 6}, "double__times": {"value": 3}}

    play(scene)


def test_two_people_have_sheets_of_their_own_and_share_what_is_known(
    open_lab: OpenLab, toy: Path, words: Callable[[], list[str]]
) -> None:
    lab = open_lab()

    async def scene() -> None:
        board = board_of(lab)
        ann, ben = Window(board, "ann"), Window(board, "ben")
        await ann.open()
        await ben.open()
        await ann.set("add__x", 5)
        await ann.run("double")
        assert ben.shown == {"add": None, "double": None}
        assert ben.inputs == {}
        assert words() == ["add", "double"]
        await ben.set("add__x", 5)
        assert ben.shown == {"add": 7, "double": 14}
        with pytest.raises(UnknownName, match="gone"):
            board.sheets.get("ben", ann.sheet)
        before = len(ben.said)
        await ben.open(ann.sheet)
        await ben.until(lambda: len(ben.said) > before)
        assert ben.sheet != ann.sheet

    play(scene)


def test_a_failing_step_is_told_with_its_line_and_harms_nothing_else(open_lab: OpenLab, toy: Path) -> None:
    lab = open_lab()
    toy.write_text(toy.read_text().replace("time.sleep(wait)", "raise ValueError(f'no {v}')"))

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        job = await window.run("double")
        assert job["state"] == "FAILED"
        error = next(m for m in window.said if m["type"] == "error")
        assert "no 3" in error["error"]
        assert error["node"] == "double"
        assert window.shown == {"add": 3, "double": None}
        log = "\n".join(line.line for line in lab.log(job["id"]))
        line = toy.read_text().split("\n").index("    raise ValueError(f'no {v}')") + 1
        assert f'toy.py", line {line}' in log

    play(scene)


def test_an_edit_of_the_file_is_seen_and_old_code_is_not_run(open_lab: OpenLab, toy: Path) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        await window.run("double")
        assert window.shown == {"add": 3, "double": 6}
        toy.write_text(toy.read_text().replace("return v * times", "return v * times + 1000"))
        await window.until(lambda: window.shown == {"add": 3, "double": None} or window.shown["add"] is None)
        await window.run("double")
        assert window.shown == {"add": 3, "double": 1006}

    play(scene)


def test_a_file_that_breaks_while_it_is_open_is_told_with_its_line_and_can_be_mended(
    open_lab: OpenLab, toy: Path
) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        whole = toy.read_text()
        toy.write_text(whole.replace("    return Graph", "    nonsense()\n    return Graph"))
        line = toy.read_text().split("\n").index("    nonsense()") + 1
        broken = await window.until(lambda: [m for m in window.said if m.get("broken")])
        assert f"line {line}" in broken[0]["problem"]
        await window.start("double")
        await window.until(lambda: [m for m in window.said if m["type"] == "error"])
        toy.write_text(whole)
        await window.until(lambda: window.said[-1].get("broken") is False)
        await window.run("double")
        assert window.shown == {"add": 3, "double": 6}

    play(scene)


@pytest.mark.parametrize(
    "message",
    [
        {"action": "run", "node_name": "nothing"},
        {"action": "run", "node_name": ["double"]},
        {"action": "run", "node_name": "double", "inputs": {"double__times": {"value": {"deep": [1]}}}},
        {"action": "save_input", "node_id": "double__times", "port_name": 3, "value": 1},
        {"action": "save_transform", "x": "left"},
        {"action": "set_sheet", "sheet_id": "../../../etc/passwd"},
        {"action": "unknown"},
        ["no", "message"],
        None,
    ],
)
def test_a_message_that_makes_no_sense_closes_no_window(open_lab: OpenLab, toy: Path, message: Any) -> None:
    lab = open_lab()

    async def scene() -> None:
        window = Window(board_of(lab))
        await window.open()
        await window._words.put(message)
        await window.set("add__y", 9)
        assert not window.task.done()

    play(scene)


PICTURES = '''
"""A picture turned around, and a gallery of it."""
from pathlib import Path

def flip(picture: Path, *, scratch: Path) -> Path:
    from PIL import Image
    Image.open(picture).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(scratch / "flipped.png")
    return scratch / "flipped.png"

def words(picture: Path) -> str:
    return "<img src=x onerror=alert(1)>"

def build():
    import gradio as gr
    from daggr import FnNode, Graph, InputNode
    source = InputNode("source", ports={"picture": gr.Image(label="Picture")})
    flipped = FnNode(flip, name="flip", inputs={"picture": source.picture}, outputs={"picture": gr.Image()})
    told = FnNode(words, name="words", inputs={"picture": flipped.picture}, outputs={"html": gr.HTML()})
    return Graph("Pictures", nodes=[told])
'''


def test_files_come_and_go_by_digest_and_no_path_is_ever_read(open_lab: OpenLab, toy: Path, tmp_path: Path) -> None:
    from PIL import Image

    (toy.parent / "pictures.py").write_text(PICTURES)
    Image.linear_gradient("L").save(tmp_path / "ramp.png")
    lab = open_lab()
    digest = lab.import_file(tmp_path / "ramp.png").digest

    async def scene() -> None:
        window = Window(board_of(lab, "pictures"))
        await window.open()
        await window.set("source", "/etc/hostname", "picture")
        assert "not a file of the lab" in str(window.said[-1]["problem"])
        await window.start("words")
        await window.until(lambda: [m for m in window.said if m["type"] == "error"])
        await window.set("source", f"/media/{digest}", "picture")
        await window.run("words")
        assert re.fullmatch(r"/media/[0-9a-f]{64}", window.shown["flip"])
        box = next(n for n in window.graph["nodes"] if n["name"] == "words")["output_components"][0]  # type: ignore[index]
        assert box["component"] == "textbox"  # what a step says is text, not markup
        assert lab.jobs()[0].state == "SUCCEEDED"

    play(scene)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


@pytest.fixture(autouse=True)
def quick_glance(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An edit need not be waited for."""
    monkeypatch.setattr("pipelines.board._GLANCE", 0.05)
    yield
