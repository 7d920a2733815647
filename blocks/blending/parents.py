"""The parents of a blend with their faces, read from the reference sets in which they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.recall import recall_references

__all__ = ["Met", "meet_parents"]

_LONG = frozenset({"members", "pictures"})
"""Of a reference set, what a blend does without."""


class Met(NamedTuple):
    """The parents as `blocks.blending.blend` takes them."""

    parents: list[dict[str, Any]]


@block(version="1")
def meet_parents(parents: Sequence[dict[str, Any]], sets: Sequence[Path] = ()) -> Met:
    """Read the faces of those parents who give one.

    Args:
        parents: see `blocks.blending.blend`; ``references`` is a set, or its place among the files.
        sets: reference sets, JSON as `blocks.scores.references.make_references` gives it.

    Raises:
        InputError: a parent's set is not among the files.
        UnreadableFile: a file is no reference set.
    """
    known = [_short(recall_references(file).references) for file in sets]
    return Met([_with_face(one, known) for one in parents])


def _with_face(parent: Mapping[str, Any], known: Sequence[dict[str, Any]]) -> dict[str, Any]:
    given = parent.get("references")
    if given is None:
        return dict(parent)
    if isinstance(given, Mapping):
        return {**parent, "references": _short(given)}
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < len(known):
        raise InputError(f"There is no reference set of {parent.get('name') or 'a parent'}; choose their frames again.")
    return {**parent, "references": known[given]}


def _short(references: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in references.items() if name not in _LONG}
