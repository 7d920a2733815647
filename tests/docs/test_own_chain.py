"""The documented chain and the notebook's lines do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipelines.lab import Lab
from pipelines.settings import Settings
from workbench.chains import EXAMPLE

PAGE = Path(__file__).parents[2] / "docs" / "own_chain.md"


def snippet(name: str) -> str:
    found = re.search(rf"^```python {re.escape(name)}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    assert found is not None
    return found[1]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab's home, and a photograph in the folder where the person works."""
    Image.linear_gradient("L").resize((16, 12)).convert("RGB").save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAB_WARM", "0")
    return tmp_path / "home"


def test_the_page_shows_the_example_as_it_is_written() -> None:
    assert snippet("example.py") == EXAMPLE.read_text(encoding="utf-8")


def test_the_example_runs_by_its_name(home: Path, tmp_path: Path) -> None:
    (home / "pipelines").mkdir(parents=True)
    (home / "pipelines" / "example.py").write_text(snippet("example.py"))
    with Lab.open(settings=Settings()) as lab:
        run = lab.run("example", picture=str(tmp_path / "photo.png"), colour="plum", show=False)
        assert list(run.steps) == ["tint", "upscale_picture"]
        assert Image.open(run.path(run.outputs["picture"])).size == (32, 24)


def test_the_notebook_s_lines_run_as_they_stand(home: Path, tmp_path: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        exec(compile(snippet("notebook"), "notebook", "exec"), names)
        assert names["run"]["mirror"].state == "done"
        states = {name: step.state for name, step in names["again"].steps.items()}
        assert states == {"mirror": "reused", "upscale_picture": "done"}
        saved = list((tmp_path / "results").iterdir())
        assert [Image.open(path).size for path in saved] == [(48, 36)]
    finally:
        names["lab"].close()
