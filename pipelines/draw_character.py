"""Draw new pictures of a character that the lab knows, each scored against its references until one passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.casting import recalled
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.tries import asked, quality_loop, settle_loop, work_of_loop

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """references -> tries, drawn and scored -> the best of them"""
    from daggr import Graph, InputNode

    ask = InputNode("asked", ports=asked())
    known = recalled()
    return Graph("Draw a character", nodes=[quality_loop(ask, known.references, known.pictures)])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """See `pipelines.tries.settle_loop`."""
    return settle_loop(inputs, settings)


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """One try; how many are needed nobody knows before."""
    return work_of_loop(inputs)
