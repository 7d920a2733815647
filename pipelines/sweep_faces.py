"""Draw a strip of pictures along the way from one parent of a blend to the next, all with one seed.

There are as many points as there may ever be, each a chain of steps of its own that knows its weights and not its
place; a job names the points that it wants. So a longer sweep draws only what the shorter one lacked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.blend_points import asked, drawn_point, met_parents, settle_points, work_of_points
from pipelines.blends import MOST_POINTS
from pipelines.catalog import Work
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]

_WEIGHTS = re.compile(r"blend_(\d+)\.weights")


def build() -> Graph:
    """parents -> for each point: blended -> drawn -> scored, and compared with each parent -> a take"""
    from daggr import Graph

    ask = asked()
    met = met_parents(ask)
    return Graph("Sweep between faces", nodes=[drawn_point(ask, met, f"_{n}") for n in range(1, MOST_POINTS + 1)])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """See `pipelines.blend_points.settle_points`."""
    return settle_points(inputs, settings, [f"_{n}" for n in _points(inputs)])


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing of the points whose weights are given."""
    return work_of_points(inputs, len(_points(inputs)))


def _points(inputs: Mapping[str, Any]) -> list[int]:
    """Those whose weights are given; all where none are."""
    given = [int(found[1]) for name in inputs if (found := _WEIGHTS.fullmatch(name))]
    return sorted(given) or list(range(1, MOST_POINTS + 1))
