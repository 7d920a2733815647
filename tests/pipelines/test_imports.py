"""What is light stays light: a command answers before anything heavy is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("gradio", "daggr", "torch", "duckdb", "cv2", "av", "ncnn", "PIL", "numpy", "cloudpickle", "pandas")


def imported(code: str) -> set[str]:
    """Names of modules that a fresh interpreter has after running some code."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import pipelines",
        "import pipelines.engine.worker",
        "import pipelines.lab",
        "import pipelines.settings, pipelines.catalog; pipelines.catalog.chains()",
        "import pipelines.show",
        "import pipelines.door",
    ],
)
def test_nothing_heavy_comes_along(code: str) -> None:
    assert imported(code).isdisjoint(HEAVY)


def test_the_command_that_starts_a_worker_stays_as_light() -> None:
    """Started as the pool starts it, and ended by its socket."""
    code = (
        "import os, socket, runpy, sys, threading\n"
        "ours, theirs = socket.socketpair()\n"
        "from multiprocessing.connection import Connection\n"
        "channel = Connection(ours.detach())\n"
        "channel.send(('stop',))\n"
        "sys.argv = ['worker', str(theirs.detach()), str(os.getppid())]\n"
        "runpy.run_module('pipelines.engine.worker', run_name='__main__')\n"
        "assert channel.recv() == ('ready',)\n"
    )
    assert imported(code).isdisjoint(HEAVY)


def test_the_owner_imports_the_store_and_no_page() -> None:
    assert imported("import pipelines.owner").isdisjoint({"gradio", "daggr", "torch", "cv2", "av", "ncnn"})
