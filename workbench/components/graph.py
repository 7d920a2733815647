"""A chain's steps as boxes in layers, and the lines between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Box", "Layout", "lay_out"]

WIDTH, HEIGHT = 150, 50
ACROSS, DOWN, MARGIN = 36, 14, 6


@dataclass(frozen=True, slots=True)
class Box:
    """A step's place."""

    name: str
    x: int
    y: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: its size, its boxes and its lines (as SVG paths, with the steps they join)."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[tuple[str, str, str], ...]


def lay_out(steps: Sequence[str], edges: Iterable[tuple[str, str]]) -> Layout:
    """Place steps in columns so that every line runs to the right.

    Args:
        steps: names, each after those it needs.
        edges: pairs of names; those that name no step are left out.
    """
    known = set(steps)
    pairs = sorted({(a, b) for a, b in edges if a in known and b in known and a != b})
    column: dict[str, int] = {}
    for step in steps:
        column[step] = max((column[a] + 1 for a, b in pairs if b == step and a in column), default=0)
    rows = _rows(steps, pairs, column)
    tallest = max((len(names) for names in rows), default=0)
    places = {}
    for x, names in enumerate(rows):
        free = (tallest - len(names)) * (HEIGHT + DOWN) // 2
        for y, name in enumerate(names):
            places[name] = Box(name, MARGIN + x * (WIDTH + ACROSS), MARGIN + free + y * (HEIGHT + DOWN))
    lines = tuple((a, b, _line(places[a], places[b])) for a, b in pairs)
    width = 2 * MARGIN + len(rows) * (WIDTH + ACROSS) - ACROSS
    height = 2 * MARGIN + tallest * (HEIGHT + DOWN) - DOWN
    return Layout(width, height, tuple(places[step] for step in steps), lines)


def _rows(steps: Sequence[str], pairs: Sequence[tuple[str, str]], column: dict[str, int]) -> list[list[str]]:
    """Names by column, each near the middle of those it takes from, so that lines cross little."""
    rows: list[list[str]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for step in steps:
        rows[column[step]].append(step)
    height = {name: float(y) for names in rows for y, name in enumerate(names)}
    for names in rows[1:]:
        before = {name: [height[a] for a, b in pairs if b == name] for name in names}
        names.sort(key=lambda name: sum(before[name]) / len(before[name]) if before[name] else height[name])
        height.update((name, float(y)) for y, name in enumerate(names))
    return rows


def _line(a: Box, b: Box) -> str:
    x1, y1, x2, y2 = a.x + a.width, a.y + a.height // 2, b.x, b.y + b.height // 2
    bend = max(24, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
