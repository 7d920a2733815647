"""A real lab, served by its own command on a free port, for the documents to talk to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "lab"


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    """Where the lab answers; no slash at the end."""
    environment = {**os.environ, "LAB_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        line = server.stdout.readline() if server.stdout else ""
        found = re.search(r"http://[\w.:]+", line)
        assert found, f"the lab ended before it was ready: {line}"
        yield found.group()
    finally:
        server.terminate()
        server.wait(timeout=30)
