"""From an actor's frames to new pictures of that person, each scored against the frames until one passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.casting import cast
from pipelines.catalog import Work
from pipelines.settings import Settings
from pipelines.settling import faces_of
from pipelines.tries import asked, quality_loop, settle_loop, work_of_loop

if TYPE_CHECKING:
    from daggr import Graph

__all__ = ["build", "settle", "work"]


def build() -> Graph:
    """frames -> people -> the actor -> tries, drawn and scored -> the best of them"""
    from daggr import Graph, InputNode

    ask = InputNode("asked", ports=asked())
    actor = cast("Pictures or clips of the actor", "The actor", ask.pack)
    return Graph("From an actor to a character", nodes=[quality_loop(ask, actor.references, actor.pictures)])


def settle(inputs: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """See `pipelines.tries.settle_loop`; the same for the steps that read the actor's face."""
    return settle_loop(inputs, settings) | faces_of("people", inputs, settings)


def work(inputs: Mapping[str, Any]) -> Iterator[Work]:
    """The drawing; see `pipelines.tries.work_of_loop`."""
    return work_of_loop(inputs)
