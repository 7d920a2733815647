"""A reference set that was made before, read again from the file in which it is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import UnreadableFile

__all__ = ["Recalled", "recall_references"]

_LARGEST = 64 << 20
_PARTS = ("embedder", "digest", "identity", "members")


class Recalled(NamedTuple):
    """A reference set (see `blocks.scores.references`) and the pictures of its members."""

    references: dict[str, Any]
    pictures: list[Path]


@block(version="1")
def recall_references(file: Path, pictures: Sequence[Path] = ()) -> Recalled:
    """Read a set, JSON as `make_references` gives it.

    Raises:
        UnreadableFile: it is none, or was cut short.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError("far too large")
        found = json.loads(file.read_bytes())
        missing = [name for name in _PARTS if not found[name]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableFile(f"{file.name} is no reference set ({error}); pick the actor's frames again.") from None
    if missing:
        raise UnreadableFile(f"The reference set {file.name} has no {', '.join(missing)}; pick the frames again.")
    return Recalled(found, list(pictures))
