"""What the forms offer follows what lies in the models folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from workbench.catalogue import installed


def compact(path: Path) -> None:
    shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,)}
    shapes |= {"body.2.weight": (12, 4, 3, 3), "body.2.bias": (12,)}
    save_file({key: np.zeros(shape, np.float32) for key, shape in shapes.items()}, path)


def names(models: Path) -> set[str]:
    return {choice.name for choice in installed(models).present("upscale")}


def test_a_model_is_offered_as_soon_as_its_file_is_there_and_no_longer_than_that(tmp_path: Path) -> None:
    before = names(tmp_path)
    compact(tmp_path / "mine.safetensors")
    assert names(tmp_path) == before | {"mine"}
    (tmp_path / "mine.safetensors").unlink()
    assert names(tmp_path) == before


def test_as_long_as_nothing_changes_nothing_is_looked_at_again(tmp_path: Path) -> None:
    assert installed(tmp_path) is installed(tmp_path)


def test_a_folder_that_is_not_there_offers_what_came_with_the_lab(tmp_path: Path) -> None:
    assert "realesrgan-x4plus" in names(tmp_path / "nowhere")
