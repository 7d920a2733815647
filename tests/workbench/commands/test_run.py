"""Any chain from the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHAIN = '''
"""Draw a square."""
from pathlib import Path

def square(side: int = 8, mark: str = "", *, scratch: Path) -> Path:
    from PIL import Image
    if side < 1:
        raise ValueError("no side")
    Image.new("L", (side, side)).save(scratch / "square.png")
    return scratch / "square.png"

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    return Graph("Square", nodes=[FnNode(square, name="square", inputs={"side": gr.Number(8, label="Side")})])
'''


@pytest.fixture(autouse=True)
def chain(home: Path) -> None:
    (home / "pipelines").mkdir(exist_ok=True)
    (home / "pipelines" / "square.py").write_text(CHAIN)


def test_a_chain_is_run_and_its_files_put_where_they_are_wanted(run: Callable[..., Any], tmp_path: Path) -> None:
    said = run("run", "square", "side=12", "--out", tmp_path / "results", "--json")
    assert said.code == 0, said.err
    assert said.json["files"] == [str(tmp_path / "results" / "square.png")]
    assert said.json["job"]["inputs"] == {"side": 12}
    again = run("run", "square", "side=12")
    assert "0 run, 1 reused" in again.out


def test_what_fails_ends_with_one_and_says_why(run: Callable[..., Any]) -> None:
    said = run("run", "square", "side=0")
    assert said.code == 1
    assert "no side" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["square", "side"], "NAME=VALUE"),
        (["square", "size=3"], "no input 'size'"),
        (["circle"], "no pipeline 'circle'"),
        (["enhance_picture", "picture=/no/such/file.png"], "no file /no/such/file.png"),
        (["square", "side=sha256:abc"], "abc"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_way_out(run: Callable[..., Any], words: list[str], says: str) -> None:
    said = run("run", *words)
    assert said.code == 1
    assert says in said.err


def test_chains_are_listed_and_one_is_explained(run: Callable[..., Any]) -> None:
    assert "Draw a square." in run("pipelines").out
    assert {chain["name"] for chain in run("pipelines", "--json").json} >= {"enhance_picture", "square"}
    assert "side" in run("pipelines", "square").out
    assert run("pipelines", "square", "--json").json["steps"] == ["square"]
