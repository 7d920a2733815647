"""A recipe for strangers: parameters as they were, files by their hashes, and short enough for a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
from daggr import FnNode, Graph, InputNode

from data.blobs import Blobs
from pipelines.engine.compile import compile_graph
from pipelines.engine.lineage import lineage
from pipelines.engine.plan import bind
from pipelines.engine.values import encode


def look(files: list[Path], word: str = "", models: str = "") -> str:
    return word


def end(word: str) -> str:
    return word


def made(blobs: Blobs, **given: Any) -> dict[str, Any]:
    asked = InputNode("asked", ports={"word": gr.Textbox("")})
    seen = FnNode(look, name="look", inputs={"files": gr.JSON(), "word": asked.word}, outputs={"word": None})
    plan = compile_graph(
        Graph("G", nodes=[FnNode(end, name="end", inputs={"word": seen.word}, outputs={"w": None})]), blobs
    )
    bound = bind(plan, {name: encode(value, blobs) for name, value in given.items()})
    return lineage(bound, bound.step("end"), bound.keys())


def files(folder: Path, count: int) -> list[Path]:
    for number in range(count):
        (folder / f"{number}.png").write_text(str(number))
    return [folder / f"{number}.png" for number in range(count)]


def test_what_was_asked_once_stands_where_it_is_used(blobs: Blobs, tmp_path: Path) -> None:
    found = made(blobs, word="red coat", files=files(tmp_path, 1))
    inputs = next(step["inputs"] for step in found["steps"] if step["step"] == "look")
    assert inputs["word"] == "red coat"
    assert inputs["files"][0]["name"] == "0.png" and len(inputs["files"][0]["sha256"]) == 64


def test_folders_of_this_machine_are_left_out(blobs: Blobs, tmp_path: Path) -> None:
    found = made(blobs, files=[], **{"look.models": "/home/kim/models"})
    assert "kim" not in json.dumps(found)


def test_a_long_list_of_files_is_one_hash_that_tells_it_from_others(blobs: Blobs, tmp_path: Path) -> None:
    many = files(tmp_path, 500)
    found, same, other = (made(blobs, files=some) for some in (many, many, many[1:]))
    assert len(json.dumps(found)) < 4000
    assert found == same != other
