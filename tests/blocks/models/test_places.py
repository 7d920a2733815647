"""Where a model lies: never outside the models folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.errors import InputError
from blocks.generate import models_used
from blocks.models.places import check_name, place_of


def test_a_name_is_that_of_something_in_the_models_folder(tmp_path: Path) -> None:
    assert place_of("sdxl", tmp_path) == tmp_path / "sdxl"
    assert place_of("loras/ada.safetensors", str(tmp_path)) == tmp_path / "loras" / "ada.safetensors"


def test_without_a_models_folder_names_are_whole_paths(tmp_path: Path) -> None:
    assert place_of(str(tmp_path / "sdxl")) == tmp_path / "sdxl"


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a/../../b", "..", "a\0b", "..\\up"])
def test_a_name_does_not_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the name of a model"):
        place_of(name, tmp_path)


def test_nothing_is_no_name() -> None:
    with pytest.raises(InputError):
        check_name("")


def test_everything_that_a_picture_is_drawn_with_is_named(tmp_path: Path) -> None:
    used = models_used("sdxl", "face.safetensors", "pose", [{"path": "ada.safetensors"}], str(tmp_path))
    assert [path.name for path in used] == ["sdxl", "face.safetensors", "pose", "ada.safetensors"]
    with pytest.raises(InputError):
        models_used("sdxl", loras=[{"path": "../ada.safetensors"}], models=str(tmp_path))
