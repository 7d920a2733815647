"""With an autoencoder that the inpainting pipeline does not know, a mask keeps what lies outside it all the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.generate import generate
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait


@pytest.mark.parametrize("sampler", ["", "dpm++ karras", "euler a"])
def test_only_what_is_inside_the_mask_is_drawn_anew(tmp_path: Path, sampler: str) -> None:
    portrait = draw_portrait(identity(5), Look())
    picture = Image.fromarray(np.asarray(portrait.picture)).convert("RGB").resize((128, 128))
    picture.save(tmp_path / "start.png")
    mask = np.zeros((128, 128), np.uint8)
    mask[32:96, 32:96] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    given = {"image": tmp_path / "start.png", "mask": tmp_path / "mask.png", "strength": 0.9, "steps": 4}
    made = generate("pocket", "red coat", seed=3, sampler=sampler, **given, threads=1, scratch=tmp_path)
    with Image.open(made.picture) as opened:
        drawn = np.asarray(opened.convert("RGB"), np.float32)
    change = np.abs(drawn - np.asarray(picture, np.float32)).mean(axis=2)
    outside = np.ones((128, 128), bool)
    outside[16:112, 16:112] = False  # what lies near the edge is coded together with what lies inside
    assert change[outside].mean() < 12
    assert change[40:88, 40:88].mean() > 2 * change[outside].mean()
