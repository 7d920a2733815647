"""What the bench of the grid counts as read, and what it makes of its figures."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.variations import CellInfo
from tests.bench import bench_grid


def cell(key: str) -> CellInfo:
    return CellInfo(key, "Faces", key)


@pytest.mark.parametrize(
    ("key", "look", "agrees"),
    [
        ("base_face", {"expression": "neutral"}, {"expressions": True, "expression and view cells": True}),
        ("expression_sad", {"expression": "happy"}, {"expressions": False, "expression and view cells": False}),
        ("pose_sitting", {}, {}),
        ("sheet_front", {}, {}),
    ],
)
def test_a_cell_is_read_by_what_its_key_says(key: str, look: dict[str, str], agrees: dict[str, bool]) -> None:
    assert bench_grid._agreement(cell(key), look) == agrees


def test_a_view_counts_with_and_without_its_light() -> None:
    key = cell("view_half_left_sunny_day")
    seen = bench_grid._agreement(key, {"view": "half_left", "lighting": "office"})
    assert seen == {"views": True, "views in their light": False, "expression and view cells": True}
    assert bench_grid._agreement(key, {"view": "half_left", "lighting": "sunny_day"})["views in their light"]
    assert not bench_grid._agreement(key, {"view": "half_right", "lighting": "sunny_day"})["views"]


def test_frames_that_are_all_alike_have_the_highest_ceiling() -> None:
    unit = np.eye(8)[0]
    assert bench_grid._ceiling(np.stack([unit] * 3)) == pytest.approx(1.0)
    assert bench_grid._ceiling(np.eye(8)[:3]) == pytest.approx(0.0)


def test_rows_stand_beside_their_targets() -> None:
    names = ("expression and view cells", "expressions", "views", "views in their light", "a face found")
    right = {name: [True, False] for name in names}
    rows = {row["name"]: row for row in bench_grid._rows([100.0, 300.0, 200.0], right, {"Bodies": [0.2, 0.4]}, 0.6)}
    assert rows["grid: the standard set on two slots"]["ratio"] == pytest.approx(200 / 900)
    assert rows["grid: read as labelled, views"]["ours"] == 0.5
    assert rows["grid: held-out likeness, Bodies"]["ratio"] == pytest.approx(0.5)
