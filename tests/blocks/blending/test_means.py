"""Means on the sphere: unit length, on the arc, and where the weights say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.blending.means import path_weights, plain_mean, repeats, slerp, spherical_mean, unit_weights
from blocks.errors import InputError
from tests.blocks.blending._parents import unit


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.arccos(np.clip(a @ b, -1, 1)))


@given(share=st.floats(0, 1), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_spherical_mean_of_two_is_slerp(share: float, seed: int) -> None:
    first, second = unit(seed), unit(seed + 5000)
    mean = spherical_mean(np.stack([first, second]), [1 - share, share])
    assert np.allclose(mean, slerp(first, second, share), atol=1e-7)
    assert np.linalg.norm(mean) == pytest.approx(1)


def test_no_point_nearby_is_better_than_the_spherical_mean() -> None:
    vectors = np.stack([unit(n, 6) + 1 for n in range(5)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    weights = [0.1, 0.4, 0.2, 0.2, 0.1]

    def cost(point: np.ndarray) -> float:
        return sum(weight * _angle(point, vector) ** 2 for weight, vector in zip(weights, vectors, strict=True))

    mean = spherical_mean(vectors, weights)
    for seed in range(30):
        near = mean + 0.01 * unit(seed, 6)
        assert cost(mean) <= cost(near / np.linalg.norm(near))


def test_the_angle_along_slerp_grows_evenly() -> None:
    first, second = unit(1), unit(2)
    angles = [_angle(first, slerp(first, second, share)) for share in np.linspace(0, 1, 11)]
    assert np.allclose(np.diff(angles), _angle(first, second) / 10)


def test_all_weight_on_one_is_that_one() -> None:
    vectors = np.stack([unit(1), unit(2), unit(3)])
    for mean in (spherical_mean, plain_mean):
        assert np.allclose(mean(vectors, [0, 5, 0]), vectors[1])


def test_what_has_no_middle_is_refused() -> None:
    with pytest.raises(InputError, match="opposite"):
        slerp(unit(1), -unit(1), 0.5)
    with pytest.raises(InputError, match="cancel"):
        spherical_mean(np.stack([unit(1), -unit(1)]))
    assert np.allclose(slerp(unit(1), unit(1), 0.3), unit(1))


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [float("nan"), 1], [float("inf"), 1]])
def test_weights_that_are_none(weights: list[float]) -> None:
    with pytest.raises(InputError):
        unit_weights(weights, 2)


def test_repeats_fill_their_places() -> None:
    assert repeats([1, 1]) == [5, 5]
    assert repeats([0.7, 0.3]) == [7, 3]
    assert repeats([1, 1, 1]) == [4, 3, 3]
    assert repeats([1, 0]) == [10, 0]


def test_a_sweep_leads_from_the_first_parent_through_the_others_to_the_last() -> None:
    assert path_weights(2, 3) == [[1, 0], [0.5, 0.5], [0, 1]]
    assert path_weights(3, 5)[2] == [0, 1, 0]
    assert all(sum(point) == pytest.approx(1) for point in path_weights(4, 11))
    for wrong in ((1, 5), (2, 1)):
        with pytest.raises(InputError):
            path_weights(*wrong)
