"""One warm lab for all tests that do not need one of their own."""

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

from pipelines.engine import endings
from pipelines.lab import Lab
from pipelines.settings import Settings

OpenLab = Callable[..., Lab]


def settings(home: Path, **changes: Any) -> Settings:
    return Settings(home=home, **{"cpu_slots": 2, "gpu_slots": 0, "warm": 1, **changes})


@pytest.fixture(scope="session", autouse=True)
def short_backoff() -> Iterator[None]:
    """Retries need not be waited for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endings, "_BACKOFF", (0.02, 0.02, 0.02))
        yield


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, short_backoff: None) -> Iterator[Lab]:
    """A warm lab with two slots; tests keep apart by their inputs."""
    with Lab.open(settings=settings(tmp_path_factory.mktemp("shared") / "home", warm=2)) as opened:
        yield opened


@pytest.fixture
def open_lab(tmp_path: Path) -> Iterator[OpenLab]:
    """Opens labs of a test's own; all are closed in the end."""
    opened: list[Lab] = []

    def open_(home: Path | None = None, **changes: Any) -> Lab:
        opened.append(Lab.open(settings=settings(home or tmp_path / "home", **changes)))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A file in which steps write what they do; its path is an input, so no result of another test is reused."""
    return tmp_path / "book.txt"
