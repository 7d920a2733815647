"""How a model takes references is told from its folder, before anything is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blocks.models.families import FAMILIES
from blocks.models.recognise import recognise
from blocks.models.taking import Taking, taking
from tests.blocks.conftest import Tiny
from tests.blocks.models import _adapters


@pytest.mark.parametrize(
    ("family", "way", "most"),
    [("flux1-kontext", "images", 1), ("qwen-edit-plus", "images", 3), ("z-image", "start", 1), ("sdxl", "start", 1)],
)
def test_without_an_adapter_a_family_takes_what_it_takes_by_itself(
    tmp_path: Path, family: str, way: str, most: int
) -> None:
    assert taking(tmp_path, FAMILIES[family]) == Taking(way, most)


def test_an_adapter_in_its_folder_is_used_and_one_that_is_given_comes_first(tiny: Tiny, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny("pocket"), model)
    profile = recognise(model).profile
    _adapters.faceid(model, tmp_path / "face.safetensors", with_lora=False)
    assert taking(model, profile).way == "start"
    assert taking(model, profile, tmp_path / "face.safetensors") == Taking("faceid", 0)
    _adapters.faceid(model, model / "faceid.safetensors", with_lora=False)
    assert taking(model, profile) == Taking("faceid", 0)
    _adapters.ip_adapter(model, tmp_path / "seen.safetensors")
    assert taking(model, profile, tmp_path / "seen.safetensors") == Taking("ip-adapter", profile.max_references)


def test_a_damaged_adapter_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "faceid.safetensors").write_bytes(b"nothing of it")
    assert taking(tmp_path, FAMILIES["pocket"]).way == "start"
