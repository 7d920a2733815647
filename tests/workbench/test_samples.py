"""The bundled samples are small, what their README says, and can be made again."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import workbench

SAMPLES = Path(workbench.__file__).parent / "samples"


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, str(SAMPLES / "make.py"), str(folder)], check=True)
    return folder


def _frames(path: Path) -> Any:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="gray") for frame in container.decode(video=0)]).astype(float)


def test_the_samples_are_small() -> None:
    assert (SAMPLES / "astronaut.png").stat().st_size <= 150_000
    assert (SAMPLES / "camera-move.mp4").stat().st_size <= 700_000


def test_the_clip_is_what_its_readme_says() -> None:
    with av.open(str(SAMPLES / "camera-move.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.frames, video.average_rate) == (320, 180, 108, 60)
        assert video.duration * video.time_base == audio.duration * audio.time_base == Fraction(9, 5)
        context = video.codec_context
        tags = (context.colorspace, context.color_range, context.color_primaries, context.color_trc)
        assert tags == (1, 1, 1, 1), "BT.709, studio range"
        assert (context.name, context.pix_fmt, audio.codec_context.name) == ("h264", "yuv420p", "aac")


def test_the_clip_has_one_hard_cut() -> None:
    changes = np.abs(np.diff(_frames(SAMPLES / "camera-move.mp4"), axis=0)).mean((1, 2))
    assert changes.argmax() == 59
    assert np.sort(changes)[-1] > 3 * np.sort(changes)[-2]


def test_the_samples_can_be_made_again(remade: Path) -> None:
    assert (remade / "astronaut.png").read_bytes() == (SAMPLES / "astronaut.png").read_bytes()
    difference = _frames(remade / "camera-move.mp4") - _frames(SAMPLES / "camera-move.mp4")
    assert np.abs(difference).mean() < 2  # of 255: the encoder does not decide alike on every machine
