"""A real lab, served by its own command on a free port, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


PATIENCE = 120_000  # milliseconds: a machine that does other work besides is slow, not wrong
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for a page waits longer than a test elsewhere may take."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the lab answers; no slash at the end."""
    lab = str(tmp_path_factory.mktemp("home") / "lab")
    environment = {**os.environ, "LAB_HOME": lab, "LAB_CONFIRM_MINUTES": "5", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--no-browser"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield _wait_for_address(server)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for_address(server: subprocess.Popen[str]) -> str:
    said = ""
    for line in server.stdout or ():
        said += line
        found = re.search(r"http://[\w.:\[\]]+", line)
        if found:
            return found.group()
    raise RuntimeError(f"The lab ended before it was ready: {said}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: the system's, or else the one that Playwright installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def new_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Makes pages in contexts of their own. Afterwards: no script failed, and nothing outside was asked for."""
    contexts = []
    strangers: list[str] = []
    faults: list[str] = []

    def make(width: int = 1280, height: int = 800, **options: object) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda request: strangers.append(request.url) if _is_outside(request.url, address) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not strangers
    assert not faults


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of usual size."""
    return new_page()


def _is_outside(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:", "about:"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`small.png` takes a moment; `large.png` takes long enough to stop it; no two sessions share a result."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(int.from_bytes(os.urandom(4), "big"))
    for name, size in (("small.png", (24, 32)), ("large.png", (240, 320))):
        coarse = Image.fromarray(noise.integers(0, 255, (size[0] // 8, size[1] // 8, 3), dtype=np.uint8))
        coarse.resize(size[::-1], Image.Resampling.BICUBIC).save(folder / name)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames at 60 a second."""
    import av

    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=60, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        ramp = np.add.outer(np.arange(96), np.arange(160)).astype(np.uint8)
        for shift in range(20):
            picture = np.repeat(np.roll(ramp, 2 * shift, axis=1)[..., None], 3, axis=2)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path
