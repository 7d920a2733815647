"""Labs of a test's own, with two slots, whose retries need not be waited for."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before Gradio and its clients are imported: no telemetry, and no file outside the temporary folder.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HOME=tempfile.mkdtemp(prefix="hub-"),
    GRADIO_TEMP_DIR=tempfile.mkdtemp(prefix="gradio-"),
)

from pipelines import Lab, Settings
from pipelines.engine import endings

OpenLab = Callable[..., Lab]


@pytest.fixture
def open_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenLab]:
    """Opens the home of the test, again and again if need be; what is still open in the end is closed."""
    monkeypatch.setattr(endings, "_BACKOFF", (0.02, 0.02, 0.02))
    monkeypatch.setattr(endings, "_STALL", 0.05)
    opened: list[Lab] = []

    def open_(**changes: Any) -> Lab:
        given = {"home": tmp_path / "home", "cpu_slots": 2, "gpu_slots": 0, "warm": 1, **changes}
        opened.append(Lab.open(settings=Settings(**given)))
        return opened[-1]

    yield open_
    for lab in opened:
        lab.close()


@pytest.fixture
def lab(open_lab: OpenLab) -> Lab:
    """An open lab."""
    return open_lab()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A file in which steps write what they do."""
    return tmp_path / "book.txt"
