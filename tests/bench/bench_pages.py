"""What a page costs a browser: its HTML against our limit, the seconds until it can be used against daggr's."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.bench._server import free_port
from workbench.pages import PAGES

__all__ = ["browser", "measure", "served_lab"]

ROOT = Path(__file__).parents[2]
ROUNDS = 3
LIMIT = 300.0  # kilobytes of HTML before any picture
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
RIVAL = """
import sys
import gradio as gr
from daggr import FnNode, Graph

def enlarge(picture, scale):
    return picture

asked = {"picture": gr.Image(label="Picture"), "scale": gr.Slider(1, 4, 2)}
node = FnNode(enlarge, name="enlarge it", inputs=asked, outputs={"picture": gr.Image()})
Graph("A page", nodes=[node]).launch(port=int(sys.argv[1]), open_browser=False)
"""


def measure() -> list[dict[str, Any]]:
    """Kilobytes of HTML, and seconds to the first thing that can be used; medians of rounds in turn."""
    rival_name = "daggr's canvas of one step"
    with tempfile.TemporaryDirectory() as folder, served_lab(Path(folder)) as ours, _rival(Path(folder)) as rival:
        heaviest = max(_kilobytes(f"{ours}{page.SLUG}") for page in PAGES)
        pages: dict[str, tuple[str, str]] = {
            "ours": (f"{ours}enhance", "text=Try the sample picture"),
            "rival": (rival, "text=enlarge it"),
        }
        taken: dict[str, list[float]] = {name: [] for name in pages}
        with browser() as chromium:
            for _ in range(ROUNDS):
                for name, (address, sign) in pages.items():
                    taken[name].append(_seconds_to(chromium, address, sign))
    seconds = [statistics.median(taken[name]) for name in ("ours", "rival")]
    return [
        _row("HTML of the heaviest page", heaviest, LIMIT, "the limit we set", "kB"),
        _row("a new browser to a usable Enhance page", *seconds, rival_name, "s"),
    ]


def _seconds_to(browser: Browser, address: str, sign: str) -> float:
    """From asking for a page, with nothing cached, until what stands for it can be clicked."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.locator(sign).first.click(trial=True, timeout=60_000)
        return time.perf_counter() - began


def _kilobytes(address: str) -> float:
    with urllib.request.urlopen(address, timeout=30) as page:
        return len(page.read()) / 1000


@contextmanager
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    found = next(p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served_lab(folder: Path) -> Iterator[str]:
    """A lab's own server, whose home is in a folder; its address."""
    command = [sys.executable, "-m", "workbench", "serve", "--no-browser", "--port"]
    with _served(command, {"LAB_HOME": str(folder / "home")}) as address:
        yield address


@contextmanager
def _rival(folder: Path) -> Iterator[str]:
    program = folder / "rival.py"
    program.write_text(RIVAL.lstrip())
    environment = {"DAGGR_DEPENDENCY_CHECK": "skip", "DAGGR_DB_PATH": str(folder / "daggr.db")}
    with _served([sys.executable, str(program)], environment) as address:
        yield address


@contextmanager
def _served(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [*command, str(port)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            try:
                _kilobytes(address)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _row(name: str, ours: float, rival: float, rival_name: str, unit: str) -> dict[str, Any]:
    facts = {"ours": ours, "rival": rival, "ratio": ours / rival, "unit": unit, "better": "lower"}
    return {"name": name, "rival_name": rival_name, **facts}
