"""``models``: list, show, add, pull, approve, block, remove, restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.blocks.models._hub import FakeHub, serving
from tests.blocks.models._tiny import build
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


def test_a_model_that_is_added_waits_until_it_is_approved(run: Run, weights: Path) -> None:
    said = run("models", "add", weights, "--name", "2x-waits.safetensors")
    assert "pending. It runs once it is approved: python -m workbench models approve 2x-waits.safetensors" in said.out
    assert run("models", "approve", "2x-waits", "--why", "tried it").out.startswith("2x-waits: ")
    shown = run("models", "show", "2x-waits", "--json").json
    assert shown["model"]["approval"] == "approved" and shown["form"] is None
    assert "approved by admin" in shown["model"]["decided"] and "tried it" in shown["model"]["decided"]
    assert run("models", "block", "2x-waits", "--json").json["approval"] == "blocked"
    assert "blocked" in run("models", "show", "2x-waits").out


def test_a_model_may_be_approved_as_it_is_added(run: Run, weights: Path) -> None:
    added = run("models", "add", weights, "--name", "2x-once.safetensors", "--approve", "--json").json
    assert added["approval"] == "approved"


def test_a_model_is_fetched_from_the_hub_and_shown_with_its_form(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub()
    hub.take_in("somebody/tiny-model", build("pocket", tmp_path / "tiny"))
    with serving(hub):
        monkeypatch.setenv("LAB_HUB", hub.url)
        said = run("models", "pull", "somebody/tiny-model", "--json")
        assert (said.code, said.json["model"]["approval"]) == (0, "pending")
        again = run("models", "pull", "somebody/tiny-model")
        assert again.code == 1 and "remove it first" in again.err
        assert run("models", "pull", "somebody/tiny-model", "--name", "other", "--approve").out.endswith("approved\n")
    shown = run("models", "show", "tiny-model")
    assert "apache-2.0" in shown.out and "reference_scale" in shown.out and "memory" in shown.out
    fields = run("models", "show", "tiny-model", "--json").json["form"]["fields"]
    assert {"prompt", "seed", "steps"} <= {field["name"] for field in fields}


def test_a_name_may_be_given(run: Run, weights: Path) -> None:
    assert run("models", "add", weights, "--name", "2x-other.safetensors", "--json").json["name"] == "2x-other"


def test_what_is_refused_says_why(run: Run) -> None:
    said = run("models", "add", SAMPLES / "astronaut.png")
    assert (said.code, said.out) == (1, "")
    assert "no model file by its name" in said.err


@pytest.mark.parametrize("action", ["add", "remove", "restore", "approve", "block", "show", "pull"])
def test_a_change_needs_a_model(run: Run, action: str) -> None:
    assert "Which model?" in run("models", action).err
