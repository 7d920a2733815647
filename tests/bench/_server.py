"""How long a program takes from its start to its first page."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["free_port", "seconds_to_first_page"]

_PATIENCE = 120.0
_EVERY = 0.01


def seconds_to_first_page(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Start a server, ask for its page until it answers with one, and stop it.

    Args:
        command: without the port, which is added as its last argument.
        folder: to start it in.

    Raises:
        RuntimeError: it ended, or did not answer in two minutes.
    """
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, str(port)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                raise RuntimeError(f"{' '.join(command)} served no page (exit code {process.poll()})")
            time.sleep(_EVERY)
        return time.perf_counter() - began
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            return page.status == 200 and bool(page.read())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
