"""``models``: list, add, remove, restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.workbench.commands.conftest import SAMPLES, Said

Run = Callable[..., Said]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,)}
    shapes |= {"body.2.weight": (12, 4, 3, 3), "body.2.bias": (12,)}
    save_file({key: np.zeros(shape, np.float32) for key, shape in shapes.items()}, tmp_path / "2x-cli.safetensors")
    return tmp_path / "2x-cli.safetensors"


def test_the_list_says_what_is_here_and_how_to_get_the_rest(run: Run) -> None:
    said = run("models")
    assert said.code == 0
    assert "realesrgan-x4plus" in said.out and "2* 3* 4" in said.out
    assert "rife425: Download" in said.out


def test_a_model_is_added_removed_and_restored(run: Run, weights: Path) -> None:
    assert run("models", "add", weights, "--json").json["state"] == "here"
    assert "restore 2x-cli.safetensors" in run("models", "remove", "2x-cli").out
    assert "2x-cli" not in {model["name"] for model in run("models", "--json").json}
    assert run("models", "restore", "2x-cli.safetensors").code == 0
    assert "2x-cli" in {model["name"] for model in run("models", "--json").json}


def test_a_name_may_be_given(run: Run, weights: Path) -> None:
    assert run("models", "add", weights, "--name", "2x-other.safetensors", "--json").json["name"] == "2x-other"


def test_what_is_refused_says_why(run: Run) -> None:
    said = run("models", "add", SAMPLES / "astronaut.png")
    assert (said.code, said.out) == (1, "")
    assert "no model file by its name" in said.err


@pytest.mark.parametrize("action", ["add", "remove", "restore"])
def test_a_change_needs_a_model(run: Run, action: str) -> None:
    assert "Which model?" in run("models", action).err
