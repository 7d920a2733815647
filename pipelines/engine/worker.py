"""A worker: one warm process that runs one step at a time and tells the owner how it goes.

It never opens the database. It gets a `Task`, reads and writes blobs, and sends messages over one socket:

    ("ready",)                                          once, when it can take work
    ("progress", ticket, fraction, note, preview)       preview: digest of a small picture, or None
    ("log", ticket, line)                               what the step printed
    ("done", ticket, outputs, seconds, units)           outputs: wire values by port
    ("failed", ticket, kind, message, detail)           kind: class name from blocks.errors, or "error"

The owner sends ("run", Task), ("cancel", ticket) and ("stop",). When the owner dies, so does the worker.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import os
import pickle
import queue
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from blocks.block import INJECTED, block_of
from blocks.errors import Cancelled, InputError
from data._disk import full
from data.blobs import Blobs
from pipelines.engine.allowed import Allowed, models_of
from pipelines.engine.plan import Call
from pipelines.engine.values import decode, encode

__all__ = ["Task", "main", "run_task"]

_PR_SET_PDEATHSIG = 1
_EVERY = 0.2  # seconds between two progress messages
_LINE = 2000  # characters of a printed line that are kept


@dataclass(frozen=True, slots=True)
class Task:
    """One run of one step, as it travels to a worker.

    Attributes:
        ticket: stands for (job, attempt, step, item) with the owner.
        inputs: wire values by port.
        scratch: folder for this run alone; made here, removed here.
        device: the slot's device, as in "cpu" or "cuda:0".
        recipe: how the inputs were made, for a block that asks for it.
        unfinished: folder of this step's key, for a block that goes on where an earlier run was stopped.
        allowed: which models may run, for a block that opens some.
    """

    ticket: str
    call: Call
    inputs: dict[str, Any]
    outputs: tuple[str, ...]
    files: frozenset[str]
    scratch: Path
    blobs: str
    device: str = "cpu"
    recipe: dict[str, Any] | None = None
    unfinished: Path | None = None
    allowed: Allowed | None = None


Send = Callable[..., None]


class Teller:
    """The `progress` of one run: tells the owner, not too often, and stops the work when asked to."""

    def __init__(self, ticket: str, send: Send, cancelled: threading.Event, blobs: Blobs) -> None:
        self._ticket, self._send, self._cancelled, self._blobs = ticket, send, cancelled, blobs
        self._told = 0.0

    def __call__(self, fraction: float, note: str = "", preview: Path | None = None) -> None:
        if self._cancelled.is_set():
            raise Cancelled("Stopped on request.")
        now = time.monotonic()
        if now - self._told < _EVERY and fraction < 1 and preview is None:
            return
        self._told = now
        digest = self._blobs.put_file(preview).digest if preview is not None else None
        self._send("progress", self._ticket, min(1.0, max(0.0, float(fraction))), str(note), digest)


class _Lines(io.TextIOBase):
    """A stream that sends each whole line to the owner's log."""

    def __init__(self, ticket: str, send: Send) -> None:
        self._ticket, self._send, self._rest = ticket, send, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
        for line in lines:
            self._say(line)
        return len(text)

    def close(self) -> None:
        """Send what was printed without a line's end."""
        self._say(self._rest)
        self._rest = ""

    def _say(self, line: str) -> None:
        if line.strip():
            self._send("log", self._ticket, line if len(line) <= _LINE else f"{line[:_LINE]} …")


def run_task(task: Task, send: Send, cancelled: threading.Event) -> None:
    """Run one step and send how it ended, with its scratch gone; never raises for what the step does."""
    try:
        kind, *facts = _work(task, send, cancelled)
    except Cancelled as stop:
        kind, *facts = "failed", "Cancelled", str(stop), ""
    except BaseException as error:  # a step may raise anything; the owner decides what it means
        kind, *facts = "failed", *_said(error), traceback.format_exc()
    shutil.rmtree(task.scratch, ignore_errors=True)
    send(kind, task.ticket, *facts)


def _work(task: Task, send: Send, cancelled: threading.Event) -> tuple[Any, ...]:
    blobs = _blobs(task.blobs)
    out = _Lines(task.ticket, send)
    with contextlib.closing(out), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        function = _function(task.call)
        began = time.monotonic()
        inputs, result = _invoke(function, task, blobs, Teller(task.ticket, send, cancelled, blobs))
        seconds = time.monotonic() - began
        outputs = _outputs(result, task, blobs)
    return "done", outputs, seconds, _units(function, inputs)


def _said(error: BaseException) -> tuple[str, str]:
    """The name in the lab's tree of what a step raised, "error" for any other, and its message."""
    if isinstance(error, OSError) and full(error):
        return "DiskFull", f"No space is left for what this step makes ({error}). Free some and try again."
    if type(error).__module__ == "blocks.errors":
        return type(error).__name__, str(error)
    return "error", f"{type(error).__name__}: {error}"


def _invoke(function: Callable[..., Any], task: Task, blobs: Blobs, progress: Teller) -> tuple[dict[str, Any], Any]:
    if task.call.kind != "function":
        inputs = {k: decode(v, blobs, task.scratch / "in" / k, paths=False) for k, v in task.inputs.items()}
        task.scratch.mkdir(parents=True, exist_ok=True)
        return inputs, function(inputs, task.scratch)
    block = block_of(function)
    types = {port.name: str(port.type) for port in block.inputs}
    inputs = {
        port: decode(value, blobs, task.scratch / "in" / port, paths="Path" in types.get(port, ""))
        for port, value in task.inputs.items()
    }
    if block.models is not None and task.allowed is not None:
        task.allowed.check(models_of(block.models, inputs))
    given: dict[str, Any] = {}
    if "progress" in block.takes:
        given["progress"] = progress
    if "recipe" in block.takes:
        given["recipe"] = task.recipe
    if "unfinished" in block.takes and task.unfinished is not None:
        task.unfinished.mkdir(parents=True, exist_ok=True)
        given["unfinished"] = task.unfinished
    if "scratch" in block.takes:
        given["scratch"] = task.scratch / "out"
        given["scratch"].mkdir(parents=True, exist_ok=True)
    return inputs, function(**inputs, **given)


def _outputs(result: Any, task: Task, blobs: Blobs) -> dict[str, Any]:
    """daggr's mapping: a tuple fills the ports in order, None fills none, anything else is the first port."""
    if result is None:
        return {}
    values = result if isinstance(result, tuple) else (result,)
    if task.call.kind == "space" and isinstance(result, list):
        values = tuple(result)
    if isinstance(result, tuple) and len(values) < len(task.outputs):
        values = values + (None,) * (len(task.outputs) - len(values))
    pairs = zip(task.outputs, values, strict=False)
    return {port: encode(value, blobs, files=port in task.files) for port, value in pairs}


def _units(function: Callable[..., Any], inputs: dict[str, Any]) -> float | None:
    units = getattr(getattr(function, "__block__", None), "units", None)
    if units is None:
        return None
    known = {name: value for name, value in inputs.items() if name in _argument_names(units)}
    return float(units(**known))


def _argument_names(function: Callable[..., Any]) -> tuple[str, ...]:
    code = getattr(function, "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()


def _function(call: Call) -> Callable[..., Any]:
    if call.kind == "function" and call.payload is None:
        module, _, qualname = call.target.partition(":")
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
        return found  # type: ignore[no-any-return]
    if call.kind == "function":
        return _unpickled(call.payload or b"")
    from pipelines.engine import remote

    ask = {"space": remote.call_space, "inference": remote.call_inference}.get(call.kind)
    if ask is None:
        raise InputError(f"A worker cannot run a step of the kind {call.kind!r}.")
    before, after = pickle.loads(call.payload) if call.payload else (None, None)

    def answer(inputs: dict[str, Any], scratch: Path) -> Any:
        result = ask(call.options, before(inputs) if before else inputs, scratch)
        return remote.own_files(_after(after, result), scratch)

    return answer


@lru_cache(maxsize=64)
def _unpickled(payload: bytes) -> Callable[..., Any]:
    """A function that travelled by value; kept, so that what it keeps in its module (a model) stays warm too."""
    function, before, after = pickle.loads(payload)
    return function if before is None and after is None else _wrapped(function, before, after)


def _wrapped(function: Callable[..., Any], before: Any, after: Any) -> Callable[..., Any]:
    @wraps(function)
    def call(**inputs: Any) -> Any:
        ours = {name: inputs.pop(name) for name in INJECTED & inputs.keys()}
        return _after(after, function(**(before(inputs) if before else inputs), **ours))

    return call


def _after(after: Any, result: Any) -> Any:
    if after is None:
        return result
    return after(*result) if isinstance(result, (list, tuple)) else after(result)


_open_blobs: dict[str, Blobs] = {}


def _blobs(root: str) -> Blobs:
    if root not in _open_blobs:
        _open_blobs[root] = Blobs(root)
    return _open_blobs[root]


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux); elsewhere the socket tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main(fd: int, parent: int) -> None:
    """Serve tasks from the socket `fd` until told to stop or the owner is gone."""
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to handle
    channel = Connection(fd)
    lock = threading.Lock()
    tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
    current: dict[str, threading.Event] = {}

    def send(*message: Any) -> None:
        with lock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            channel.send(message)

    def listen() -> None:
        while True:
            try:
                message = channel.recv()
            except (EOFError, OSError):
                os._exit(1)
            match message:
                case ("run", task):
                    current[task.ticket] = threading.Event()
                    tasks.put(task)
                case ("cancel", ticket) if ticket in current:
                    current[ticket].set()
                case ("stop",):
                    tasks.put(None)

    threading.Thread(target=listen, name="listen", daemon=True).start()
    send("ready")
    while (task := tasks.get()) is not None:
        run_task(task, send, current[task.ticket])
        del current[task.ticket]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
