"""Tiny random models of every family, each made once and only when a test asks for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HOME", tempfile.mkdtemp(prefix="hub-"))

Tiny = Callable[[str], Path]
Draw = Callable[..., Any]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """The folder of a family's tiny model; tests leave it as it is."""
    import torch

    from blocks.models import loading
    from tests.blocks.models._tiny import build

    root, made, threads = tmp_path_factory.mktemp("tiny"), {}, torch.get_num_threads()
    torch.set_num_threads(1)

    def get(family: str) -> Path:
        if family not in made:
            made[family] = build(family, root / family)
        return made[family]

    with pytest.MonkeyPatch.context() as patch:
        from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as qwen

        patch.setattr(qwen, "VAE_IMAGE_SIZE", 64 * 64)  # a megapixel is much for a test
        yield get
    loading.release()
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of many colours, 64x64."""
    from PIL import Image

    path = tmp_path_factory.mktemp("reference") / "actor.png"
    parts = [Image.effect_mandelbrot((64, 64), box, 60) for box in ((-2, -1, 1, 1), (-1, -1, 0, 0), (-2, 0, 0, 1))]
    Image.merge("RGB", parts).save(path)
    return path


@pytest.fixture
def draw(tiny: Tiny, tmp_path: Path) -> Draw:
    """Draws with a family's tiny model: two steps, 32x32 unless told otherwise."""
    from blocks.generate import generate

    calls = iter(range(1000))

    def drawn(family: str | Path, **settings: Any) -> Any:
        scratch = tmp_path / f"drawn-{next(calls)}"
        scratch.mkdir()
        model = tiny(family) if isinstance(family, str) else family
        chosen = {"prompt": "a portrait of a woman, red coat", "steps": 2, "width": 32, "height": 32, **settings}
        return generate(str(model), **chosen, scratch=scratch)

    return drawn
