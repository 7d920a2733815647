"""One task in this process, without a socket: what a worker hands over, takes back and says."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle
import pytest

from blocks.block import block
from blocks.errors import Cancelled, InputError
from blocks.progress import Progress, silent
from data.blobs import Blobs
from pipelines.engine.plan import Call
from pipelines.engine.values import encode
from pipelines.engine.worker import Task, run_task

Said = list[tuple[Any, ...]]
RunStep = Callable[..., Said]


@pytest.fixture
def run_step(blobs: Blobs, tmp_path: Path) -> RunStep:
    def run(
        function: Any,
        before: Any = None,
        after: Any = None,
        *,
        outputs: tuple[str, ...] = ("output",),
        files: frozenset[str] = frozenset(),
        cancelled: threading.Event | None = None,
        **inputs: Any,
    ) -> Said:
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        call = Call("function", "", cloudpickle.dumps((function, before, after)))
        wire = {name: encode(value, blobs) for name, value in inputs.items()}
        task = Task("ticket", call, wire, outputs, files, tmp_path / "scratch", str(blobs.root))
        said: Said = []
        run_task(task, lambda *message: said.append(message), cancelled or threading.Event())
        assert not (tmp_path / "scratch").exists()
        return said

    return run


def given(said: Said) -> dict[str, Any]:
    assert said[-1][0] == "done", said
    return dict(said[-1][2])


def failure(said: Said) -> tuple[str, str]:
    assert said[-1][0] == "failed", said
    return said[-1][2], said[-1][3]


def kinds(file: Path, maybe: Path | None, many: list[Path], text: str, plain: Any) -> list[str]:
    return [type(v).__name__ for v in (file, maybe, many[0], text, plain)]


def test_files_come_as_paths_where_the_signature_says_so_and_else_as_strings(run_step: RunStep, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    file = tmp_path / "a.txt"
    said = run_step(kinds, file=file, maybe=file, many=[file], text=file, plain=file)
    assert given(said)["output"] == ["PosixPath", "PosixPath", "PosixPath", "str", "str"]


class Both(NamedTuple):
    low: int
    high: Path


def named(*, scratch: Path) -> Both:
    (scratch / "high.txt").write_text("high")
    return Both(1, scratch / "high.txt")


def test_a_named_tuple_fills_the_ports_in_order(run_step: RunStep) -> None:
    outputs = given(run_step(named, outputs=("low", "high")))
    assert outputs["low"] == 1
    assert outputs["high"]["name"] == "high.txt"


@pytest.mark.parametrize(
    ("value", "outputs"),
    [
        (None, {}),
        (5, {"a": 5}),
        ([1, 2], {"a": [1, 2]}),
        ((1, 2), {"a": 1, "b": 2}),
        ((1,), {"a": 1, "b": None}),
        ((1, 2, 3), {"a": 1, "b": 2}),
        ((), {"a": None, "b": None}),
    ],
)
def test_what_is_returned_is_spread_as_daggr_does(run_step: RunStep, value: Any, outputs: dict[str, Any]) -> None:
    assert given(run_step(lambda: value, outputs=("a", "b"))) == outputs


def test_a_string_is_a_file_only_at_a_file_port(run_step: RunStep, tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    name = str(tmp_path / "a.txt")
    outputs = given(run_step(lambda: (name, name), outputs=("file", "text"), files=frozenset({"file"})))
    assert outputs["file"]["name"] == "a.txt"
    assert outputs["text"] == name


@block(version="1", units=lambda x, **_: x / 2)
def whole(x: int, *, scratch: Path, progress: Progress = silent, recipe: dict[str, Any]) -> tuple[bool, int, bool]:
    progress(0.5, "half")
    return scratch.is_dir(), x, recipe is None


def test_the_engines_own_parameters_reach_a_step_that_is_wrapped(run_step: RunStep) -> None:
    plain = run_step(whole, outputs=("a", "x", "b"), x=3)
    wrapped = run_step(
        whole, lambda inputs: {"x": inputs["x"] + 1}, lambda a, x, b: (a, x * 10, b), outputs=("a", "x", "b"), x=3
    )
    assert given(plain) == {"a": True, "x": 3, "b": True}
    assert given(wrapped) == {"a": True, "x": 40, "b": True}
    assert plain[0] == wrapped[0] == ("progress", "ticket", 0.5, "half", None)
    assert plain[-1][4] == wrapped[-1][4] == 1.5


def chatty(steps: int, *, progress: Progress) -> None:
    for n in range(steps):
        progress(n / steps, f"step {n}")
    progress(float("nan"), ["not", "text"])  # type: ignore[arg-type]
    progress(7.0)


def test_progress_is_told_now_and_then_and_always_in_bounds(run_step: RunStep) -> None:
    told = [m for m in run_step(chatty, steps=10_000) if m[0] == "progress"]
    assert 2 <= len(told) < 100
    assert told[-1][2] == 1.0
    assert all(0 <= m[2] <= 1 and isinstance(m[3], str) for m in told)


def stubborn(*, progress: Progress) -> str:
    try:
        progress(0.1)
    except Cancelled:
        print("tidying up")
        raise
    return "never"


def test_a_step_that_was_asked_to_stop_stops_at_its_next_word(run_step: RunStep) -> None:
    asked = threading.Event()
    asked.set()
    said = run_step(stubborn, cancelled=asked)
    assert failure(said)[0] == "Cancelled"
    assert ("log", "ticket", "tidying up") in said


def talk() -> None:
    print("one\n\ntwo\rthree")
    print("to stderr", file=sys.stderr)
    print("x" * 100_000)
    print("unfinished", end="")


def test_what_is_printed_is_sent_line_by_line_and_kept_short(run_step: RunStep) -> None:
    lines = [m[2] for m in run_step(talk) if m[0] == "log"]
    assert [*lines[:4], lines[-1]] == ["one", "two", "three", "to stderr", "unfinished"]
    assert len(lines) == 6
    assert len(lines[4]) < 3000


def raise_(error: BaseException) -> Callable[[], None]:
    def raises() -> None:
        print("last words", end="")
        raise error

    return raises


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (InputError("Choose another."), "InputError", "Choose another."),
        (ValueError("wrong"), "error", "ValueError: wrong"),
        (SystemExit(3), "error", "SystemExit: 3"),
        (KeyboardInterrupt(), "error", "KeyboardInterrupt: "),
        (
            OSError(errno.ENOSPC, "full"),
            "DiskFull",
            "No space is left for what this step makes ([Errno 28] full). Free some and try again.",
        ),
        (MemoryError("too large"), "error", "MemoryError: too large"),
    ],
)
def test_whatever_a_step_raises_is_sent_and_the_worker_lives(
    run_step: RunStep, error: BaseException, kind: str, text: str
) -> None:
    said = run_step(raise_(error))
    assert failure(said) == (kind, text)
    assert "in raises" in said[-1][4]
    assert ("log", "ticket", "last words") in said


def test_a_function_that_is_gone_is_told(blobs: Blobs, tmp_path: Path) -> None:
    said: Said = []
    for target in ("no_such_module:f", "pipelines.engine.worker:no_such_function"):
        task = Task("t", Call("function", target), {}, ("o",), frozenset(), tmp_path / "s", str(blobs.root))
        run_task(task, lambda *message: said.append(message), threading.Event())
    assert [(m[0], m[2]) for m in said] == [("failed", "error")] * 2
    strange = Task("t", Call("strange", ""), {}, ("o",), frozenset(), tmp_path / "s", str(blobs.root))
    run_task(strange, lambda *message: said.append(message), threading.Event())
    assert said[-1][2:4] == ("InputError", "A worker cannot run a step of the kind 'strange'.")
