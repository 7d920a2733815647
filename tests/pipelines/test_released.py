"""A released block whose source changes gets a new version."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def released() -> ModuleType:
    spec = importlib.util.spec_from_file_location("released", Path(__file__).with_name("released.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_released_block_has_changed_under_its_version(released: ModuleType) -> None:
    assert released.problems(released.released(), released.current()) == []


def test_every_block_of_the_lab_is_found(released: ModuleType) -> None:
    names = set(released.current())
    assert {"enhance.upscale.upscale_picture", "enhance.segments.enhance_segment", "enhance.mux.join_segments"} <= names
    steps = {"dataset.make_dataset", "advice.advise", "others.draw_others", "train.train_lora", "pick.pick_version"}
    assert {f"lora.{name}" for name in (*steps, "export.export_lora", "bring.bring_lora")} <= names


def test_a_changed_source_a_new_version_a_new_block_and_a_lost_one_are_told(released: ModuleType) -> None:
    before = {n: {"version": "1", "digest": "x"} for n in ("same", "changed", "raised", "lost")}
    now = {n: {"version": "1", "digest": "x"} for n in ("same", "changed", "raised", "new")}
    now["changed"]["digest"] = "y"
    now["raised"] = {"version": "2", "digest": "y"}
    told = released.problems(before, now)
    assert [text.split()[0] for text in told if "still 1" not in text] == ["raised", "new", "lost"]
    assert next(text for text in told if "still 1" in text).startswith("The source of changed")


def test_a_changed_source_is_only_recorded_when_asked_for_by_name(
    released: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(released, "LIST", tmp_path / "list.json")
    assert released.main([]) == 0
    text = released.LIST.read_text()
    name, about = next(iter(released.current().items()))
    released.LIST.write_text(text.replace(about["digest"], "0" * 16))
    assert released.main([]) == 1
    assert released.main(["--same-results"]) == 0
    assert released.LIST.read_text() == text
    assert name in text
