"""Tiny models and a few portraits to train on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.blocks.conftest import Tiny, draw, reference, tiny

__all__ = ["Tiny", "draw", "pictures", "reference", "tiny", "train"]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six portraits of one person, 64x64, each in another look."""
    import numpy as np
    from PIL import Image

    from blocks.pocket.identity import identity
    from blocks.pocket.look import random_look
    from blocks.pocket.portrait import draw_portrait

    folder, random = tmp_path_factory.mktemp("portraits"), np.random.default_rng(0)
    made = []
    for number in range(6):
        drawn = draw_portrait(identity(700_123), random_look(random), 64, seed=number)
        made.append(folder / f"portrait-{number}.png")
        Image.fromarray(drawn.picture).save(made[-1])
    return made


Train = Callable[..., "list[object]"]


@pytest.fixture
def train(tiny: Tiny, pictures: list[Path], tmp_path: Path) -> Train:
    """Trains a family's tiny model on 32x32 pictures and gives the events; the model is then as it was."""
    from blocks.models.loading import load
    from lora.training.config import TrainConfig
    from lora.training.encoding import Example
    from lora.training.loop import Training

    def trained(family: str, folder: Path | None = None, stop: int = 0, **settings: object) -> list[object]:
        folder = folder or tmp_path / "run"
        folder.mkdir(exist_ok=True)
        chosen = {"steps": 4, "batch": 2, "rank": 2, "alpha": 1.0, "save_every": 2, "warmup": 0, "rate": 1e-3}
        config = TrainConfig(**{**chosen, **settings})
        examples = [Example(one, f"sks, look {n}", (32, 32)) for n, one in enumerate(pictures)]
        events: list[object] = []
        training = Training(load(tiny(family)), examples, config)
        try:
            run = training.run(folder)
            for event in run:
                events.append(event)
                if stop and training.step == stop:
                    run.close()
                    break
        finally:
            training.take_off()
        return events

    return trained
