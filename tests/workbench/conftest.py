"""A lab of its own for each test module, and the whole app over it, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pipelines.lab import Lab
from pipelines.settings import Settings
from workbench.app import create_app


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("lab") / "home"
    with Lab.open(settings=Settings(home=home, warm=0, cpu_slots=1)) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[TestClient]:
    """Speaks to the app as a program on this machine does."""
    with TestClient(create_app(lab), base_url="http://127.0.0.1:7860", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A photograph with a place in its metadata and a name that needs care."""
    from PIL import Image

    path = tmp_path / 'a "ü" <b>.jpg'
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.radial_gradient("L").resize((300, 200)).convert("RGB").save(path, exif=exif)
    return path
