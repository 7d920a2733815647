"""New frames are drawn by whom one asked for."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import save_file

from blocks.errors import Conflict, NotAvailable, UnknownName
from enhance.interpolate import open_interpolator, rife_weights
from tests.enhance._clips import enhanced, pan, write_clip
from tests.enhance.rife.conftest import _released


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A models folder with both versions of RIFE, in the layout of the released files."""
    folder = tmp_path_factory.mktemp("models")
    for version in ("4.6", "4.25"):
        tensors = {name: tensor.contiguous() for name, tensor in _released(version).items()}
        save_file(tensors, folder / f"rife{version.replace('.', '')}.safetensors")
    return folder


def test_flow_is_chosen_by_name_and_needs_nothing():
    a, b = (np.full((64, 64, 3), value, np.uint8) for value in (10, 30))
    assert open_interpolator("dis").between(a, b, 0.5).mean() == pytest.approx(20, abs=1)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UnknownName, match="dis, rife"):
        open_interpolator("magic")


def test_missing_weights_are_explained(tmp_path):
    for place in ("", str(tmp_path), str(tmp_path / "gone")):
        with pytest.raises(NotAvailable, match="dis, which needs none"):
            open_interpolator("rife", models=place)


def test_the_newest_rife_in_the_folder_is_taken_or_the_file_that_is_named(models):
    assert rife_weights(str(models)).name == "rife425.safetensors"
    assert rife_weights(str(models / "rife46.safetensors")).name == "rife46.safetensors"


@pytest.mark.parametrize("channels", (3, 4))
@pytest.mark.parametrize("kind", (np.uint8, np.uint16))
def test_rife_draws_frames_of_any_depth_and_with_alpha(models, channels, kind):
    a, b = (np.full((32, 48, channels), value, kind) for value in (40, 80))
    drawn = open_interpolator("rife", str(models)).between(a, b, 0.5)
    assert (drawn.shape, drawn.dtype) == (a.shape, kind)
    if channels == 4:
        assert (drawn[..., 3] == 60).all()


def test_replaced_weights_are_noticed(models):
    with pytest.raises(Conflict, match="replaced"):
        open_interpolator("rife", str(models), digest="0" * 64)


def test_a_clip_is_smoothed_by_rife(models, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, (64, 32)))
    assert enhanced(clip, tmp_path / "out", interpolator="rife", models=str(models)).facts["frames"] == 6
