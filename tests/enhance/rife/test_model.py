"""RIFE agrees with the published networks, whatever frames it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from blocks.errors import InputError
from enhance.rife import LAYOUTS, Rife, load_rife
from enhance.rife.network import multiple

VERSIONS = [layout.version for layout in LAYOUTS]
Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def rifes(tmp_path_factory: pytest.TempPathFactory, released: Callable[[str], Tensors]) -> dict[str, Rife]:
    folder = tmp_path_factory.mktemp("weights")
    loaded = {}
    for version in VERSIONS:
        torch.save(released(version), folder / "flownet.pkl")
        loaded[version] = load_rife(folder / "flownet.pkl")
    return loaded


@pytest.fixture(params=VERSIONS)
def rife(request: pytest.FixtureRequest, rifes: dict[str, Rife]) -> Rife:
    return rifes[request.param]


def _frames(height: int, width: int, kind: Any = np.uint8) -> tuple[Any, Any]:
    generator = np.random.default_rng(3)
    white = np.iinfo(kind).max
    a, b = (generator.integers(0, white, (height, width, 3), endpoint=True).astype(kind) for _ in range(2))
    return a, b


@pytest.mark.parametrize("t", [0.5, 0.25])
def test_agrees_with_the_published_network(rife: Rife, t: float, golden: Callable[[str], Any]) -> None:
    arrays = golden(rife.version)
    first, second = (torch.from_numpy(arrays[name])[None] for name in ("img0", "img1"))
    ours = rife.tensor_between(first, second, t)[0].numpy()
    assert np.abs(ours - arrays[f"out_t{t}"]).max() < 1e-3


def test_a_frame_of_bytes_is_the_rounded_frame_of_numbers(rife: Rife, golden: Callable[[str], Any]) -> None:
    arrays = golden(rife.version)
    a, b = ((arrays[name].transpose(1, 2, 0) * 255).round().astype(np.uint8) for name in ("img0", "img1"))
    expected = arrays["out_t0.5"].transpose(1, 2, 0).clip(0, 1) * 255
    assert np.abs(rife.between(a, b, 0.5) - expected).mean() < 1


def test_sixteen_bits_stay_sixteen_bits(rife: Rife) -> None:
    a, b = _frames(32, 32)
    wide = rife.between(a.astype(np.uint16) * 257, b.astype(np.uint16) * 257, 0.5)
    assert wide.dtype == np.uint16
    assert np.abs(wide / 257 - rife.between(a, b, 0.5)).max() <= 0.51


@pytest.mark.parametrize(("height", "width"), [(1, 1), (33, 7), (50, 65)])
def test_any_size_comes_back_at_its_size(rife: Rife, height: int, width: int) -> None:
    a, b = _frames(height, width)
    assert rife.between(a, b, 0.5).shape == (height, width, 3)


def test_frames_may_come_several_at_a_time(rife: Rife, golden: Callable[[str], Any]) -> None:
    arrays = golden(rife.version)
    first, second = (torch.from_numpy(arrays[name])[None] for name in ("img0", "img1"))
    both = rife.tensor_between(torch.cat((first, second)), torch.cat((second, first)), 0.5)
    assert np.abs(both[0].numpy() - arrays["out_t0.5"]).max() < 1e-3


def test_the_ends_are_the_frames_themselves_and_equal_frames_stay(rife: Rife) -> None:
    a, b = _frames(20, 30)
    assert np.array_equal(rife.between(a, b, 0), a)
    assert np.array_equal(rife.between(a, b, 1), b)
    same = rife.between(a, a.copy(), 0.5)
    assert np.array_equal(same, a)
    assert same is not a


def test_the_same_question_has_the_same_answer(rife: Rife) -> None:
    a, b = _frames(40, 40)
    assert np.array_equal(rife.between(a, b, 0.3), rife.between(a, b, 0.3))
    assert not np.array_equal(rife.between(a, b, 0.3), rife.between(a, b, 0.7))


def test_sides_are_widened_to_what_version_and_scale_need() -> None:
    four_six, four_twenty_five = LAYOUTS
    assert [multiple(four_six, scale) for scale in (1, 0.5, 2)] == [32, 64, 16]
    assert [multiple(four_twenty_five, scale) for scale in (1, 0.5, 2)] == [64, 128, 32]


def test_large_frames_are_searched_at_half_size(rife: Rife) -> None:
    first, second = (torch.rand(1, 3, 8, 2600, generator=torch.Generator().manual_seed(n)) for n in (1, 2))
    chosen = rife.tensor_between(first, second, 0.5)
    half = Rife(rife.layout, rife.weights, 0.5).tensor_between(first, second, 0.5)
    whole = Rife(rife.layout, rife.weights, 1.0).tensor_between(first, second, 0.5)
    assert torch.equal(chosen, half)
    assert not torch.equal(chosen, whole)


def test_half_precision_stays_near(rife: Rife, golden: Callable[[str], Any]) -> None:
    halved = {name: value.bfloat16() for name, value in rife.weights.items()}
    arrays = golden(rife.version)
    first, second = (torch.from_numpy(arrays[name])[None] for name in ("img0", "img1"))
    ours = Rife(rife.layout, halved).tensor_between(first, second, 0.5)[0].numpy()
    assert np.abs(ours - arrays["out_t0.5"]).mean() < 0.02


def test_it_takes_the_threads_it_was_given(rifes: dict[str, Rife]) -> None:
    torch.set_num_threads(2)
    rifes["4.6"].between(*_frames(8, 8), 0.5)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("t", [-0.1, 1.1, float("nan")])
def test_a_time_outside_is_refused(rifes: dict[str, Rife], t: float) -> None:
    with pytest.raises(InputError, match="from 0 to 1"):
        rifes["4.6"].between(*_frames(8, 8), t)


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8), "differ in kind"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8, 3), np.uint16), "differ in kind"),
        (np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8), "height x width x 3"),
        (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 4), np.uint8), "height x width x 3"),
        (np.zeros((8, 8, 3)), np.zeros((8, 8, 3)), "uint8 or uint16"),
        (np.zeros((0, 8, 3), np.uint8), np.zeros((0, 8, 3), np.uint8), "height x width x 3"),
    ],
)
def test_frames_of_a_wrong_kind_are_refused(rifes: dict[str, Rife], a: Any, b: Any, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        rifes["4.6"].between(a, b, 0.5)
