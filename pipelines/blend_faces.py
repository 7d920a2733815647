"""Blend several parents into one new person, draw that person, and say how near the picture came to each parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.blend_points import asked, drawn_point, met_parents, settle_points, work_of_points
from pipelines.catalog import Work
from pipelines.settings import Settings

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """parents -> blended -> drawn -> scored, and compared with each parent -> a take"""
    from daggr import Graph

    ask = asked()
    return Graph("Blend faces", nodes=[drawn_point(ask, met_parents(ask))])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """See `pipelines.blend_points.settle_points`."""
    return settle_points(inputs, settings, [""])


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing."""
    return work_of_points(inputs, 1)
