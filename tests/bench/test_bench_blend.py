"""The figures of blends: ranks, medians, and a table that has every method."""

from __future__ import annotations

import pytest

from tests.bench.bench_blend import Figures, along, markdown, spearman


def test_spearman_follows_ranks_not_values() -> None:
    assert spearman([0, 0.5, 1], [0.1, 0.2, 0.9]) == pytest.approx(1)
    assert spearman([0, 0.5, 1], [3, 2, -9]) == pytest.approx(-1)
    assert spearman([1, 2, 3, 4], [1, 2, 2, 4]) == pytest.approx(0.9486833)
    assert spearman([1, 2, 3], [5, 5, 5]) == 0


def test_points_without_a_face_are_left_out_and_too_few_say_nothing() -> None:
    assert along([0, 0.25, 0.5, 1], [0.1, None, 0.2, 0.3]) == pytest.approx(1)
    assert along([0, 0.5, 1], [None, 0.2, 0.3]) == 0


def test_the_weaker_parent_counts() -> None:
    seen, led = [(0.3, 0.4), (0.5, 0.2), (0.4, 0.4)], [(0.5, 0.5)] * 3
    one = Figures([0.8, 1.0], seen, led, [(0.8, 0.8)] * 3)
    assert (one.spearman, one.lesser) == (pytest.approx(0.9), 0.3)
    assert one.share == pytest.approx(0.375)
    assert one.apart == pytest.approx(0.1)
    assert one.led_apart == 0
    assert Figures().apart == 1.0 and Figures().lesser == 0.0


def test_the_table_has_every_method_that_was_measured_and_the_target() -> None:
    text = markdown({"spherical": Figures([1.0], [(0.3, 0.4)], [(0.5, 0.55)], [(0.8, 0.8)], 1, 4)}, 0.21)
    assert "| Slerp (as spherical mean) | 1.00 | 0.30 |" in text
    assert "| 0.05 | 25% |" in text.splitlines()[2] and "0.21 (95 % of strangers)" in text
    assert "Plain mean" not in text
