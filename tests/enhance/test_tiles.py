"""Pieces of a picture make the whole again, without seams."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enhance.tiles import MIN_TILE, Layout, plan_tiles, stitch, tile_for_budget

SIZES = st.integers(1, 300)


def blur(radius: int, scale: int):
    """A network that sees `radius` pixels to each side and nothing more."""

    def network(view: np.ndarray) -> np.ndarray:
        padded = np.pad(view, ((radius, radius), (radius, radius), (0, 0)))
        height, width = view.shape[:2]
        corners = [(0, 0), (2 * radius, 0), (0, 2 * radius), (2 * radius, 2 * radius)]
        total = sum(padded[y : y + height, x : x + width] for y, x in corners)
        return (total / 4).repeat(scale, axis=0).repeat(scale, axis=1)

    return network


def joined(picture: np.ndarray, network, scale: int, layout: Layout) -> np.ndarray:
    return np.concatenate(list(stitch(picture, network, scale=scale, layout=layout)))


@settings(deadline=None, max_examples=60)
@given(height=SIZES, width=SIZES, tile=st.integers(MIN_TILE, 200), align=st.sampled_from([1, 4, 8]))
def test_cores_cover_every_pixel_once_and_views_are_aligned(height: int, width: int, tile: int, align: int) -> None:
    seen = np.zeros((height, width), int)
    for row in plan_tiles(height, width, Layout(tile, overlap=24, align=align)):
        for piece in row:
            seen[slice(*piece.y.core), slice(*piece.x.core)] += 1
            for span, length in ((piece.y, height), (piece.x, width)):
                assert span.view[0] % align == 0
                assert 0 <= span.view[0] <= span.core[0] < span.core[1] <= span.view[1] <= length
    assert (seen == 1).all()


@settings(deadline=None, max_examples=40)
@given(height=SIZES, width=SIZES, scale=st.integers(1, 4), feather=st.sampled_from([0, 8]))
def test_an_overlap_as_wide_as_the_network_sees_gives_the_whole(
    height: int, width: int, scale: int, feather: int
) -> None:
    picture = np.random.default_rng(height).integers(0, 255, (height, width, 3), np.uint8)
    network = blur(8, scale)
    whole = network(picture.astype(np.float32) / 255)
    parts = joined(picture, network, scale, Layout(MIN_TILE, overlap=8 + feather, feather=feather))
    assert parts.shape == whole.shape
    assert np.abs(parts - whole).max() <= (1e-6 if feather else 0)


def test_feathering_softens_a_seam_that_overlap_cannot_prevent() -> None:
    calls = iter(range(100))

    def drifting(view: np.ndarray) -> np.ndarray:
        return np.full_like(view, next(calls) % 2)

    picture = np.zeros((64, 256, 3), np.uint8)
    hard = joined(picture, drifting, 1, Layout(64, overlap=32))
    soft = joined(picture, drifting, 1, Layout(64, overlap=32, feather=16))
    assert np.abs(np.diff(hard, axis=1)).max() == 1
    assert np.abs(np.diff(soft, axis=1)).max() < 0.05


def test_bands_need_one_row_of_tiles_at_a_time() -> None:
    picture = np.zeros((1000, 70, 3), np.uint8)
    bands = list(stitch(picture, blur(1, 2), scale=2, layout=Layout(64, overlap=8)))
    assert max(len(band) for band in bands) <= 64 * 2
    assert sum(len(band) for band in bands) == 2000


def test_progress_counts_tiles() -> None:
    told: list[tuple[int, int]] = []
    picture = np.zeros((130, 130, 3), np.uint8)
    list(stitch(picture, blur(1, 1), scale=1, layout=Layout(65, 8), on_tile=lambda *at: told.append(at)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_values_stay_within_range_and_sixteen_bits_count() -> None:
    picture = np.full((4, 4, 3), 32768, np.uint16)
    result = joined(picture, lambda view: view * 3 - 1, 1, Layout(0, 0))
    assert result == pytest.approx(np.full((4, 4, 3), 32768 / 65535 * 3 - 1), abs=1e-5)
    assert joined(picture, lambda view: view * 9, 1, Layout(0, 0)).max() == 1


def test_a_tile_fits_its_budget_and_is_never_too_small() -> None:
    side = tile_for_budget(1 << 30, 3000, overlap=24)
    assert (side + 48) ** 2 * 3000 <= 1 << 30 < (side + 64 + 48) ** 2 * 3000
    assert tile_for_budget(1, 3000, overlap=24) == MIN_TILE
