"""Where nodes stand on the canvas: steps in columns along the top, what can be set below them, left of its step.

daggr puts every input into one column, which for a chain with ten of them is taller than any screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["arrange"]

WIDTH, ACROSS, DOWN, TOP, LEFT = 280, 70, 30, 60, 40
TALL = {"image": 190, "video": 220, "gallery": 230, "audio": 130, "model3d": 260, "json": 120, "file": 110}
USUAL = 80  # height of a field or value of one line

Node = dict[str, Any]


def arrange(nodes: Sequence[Node], edges: Sequence[Mapping[str, Any]], settings: set[str]) -> None:
    """Give each node its `x` and `y`.

    Args:
        nodes: of a drawing, each with its id, ports and components.
        edges: of the same drawing.
        settings: ids of the nodes that stand for one input of a step.
    """
    column = _columns([node["id"] for node in nodes if node["id"] not in settings], edges)
    feeds = {edge["from_node"]: edge["to_node"] for edge in edges if edge["from_node"] in settings}
    if any(column.get(target, 0) == 0 for target in feeds.values()):  # room to the left of the first steps
        column = {name: place + 1 for name, place in column.items()}
    height = dict.fromkeys(range(max(column.values(), default=0) + 1), TOP)
    for node in nodes:
        if node["id"] in column:
            _put(node, column[node["id"]], height)
    for node in sorted((n for n in nodes if n["id"] in settings), key=lambda n: column.get(feeds.get(n["id"], ""), 0)):
        right = column.get(feeds.get(node["id"], ""), 1)
        place = min(range(max(right, 1)), key=lambda one: (height.get(one, TOP), -one))
        height.setdefault(place, TOP)
        _put(node, place, height)


def _columns(names: Sequence[str], edges: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Length of the longest way to each node."""
    before: dict[str, set[str]] = {name: set() for name in names}
    for edge in edges:
        if edge["to_node"] in before and edge["from_node"] in before:
            before[edge["to_node"]].add(edge["from_node"])
    found: dict[str, int] = {}
    while len(found) < len(before):
        ready = [name for name in before if name not in found and before[name] <= found.keys()]
        for name in ready:
            found[name] = max((found[one] + 1 for one in before[name]), default=0)
        if not ready:  # two names that daggr makes the same id of
            found.update((name, 0) for name in before if name not in found)
    return found


def _put(node: Node, column: int, height: dict[int, int]) -> None:
    node["x"], node["y"] = LEFT + column * (WIDTH + ACROSS), height[column]
    parts = node["input_components"] if node["is_input_node"] else node["output_components"]
    ports = max(len(node["inputs"]), len(node["outputs"]), 1)
    tall = sum(TALL.get(part["component"], USUAL) for part in parts)
    height[column] += 60 + 22 * ports + tall + DOWN
