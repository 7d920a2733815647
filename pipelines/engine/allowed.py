"""Which models may run: asked when a job is submitted, and again where its step starts, of the bytes that are there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.errors import Denied, InputError
from blocks.models.digest import model_digest

__all__ = ["DIGESTS", "Allowed", "models_of"]

DIGESTS = ".digests.json"
"""Name of the file, in the models folder, in which digests are remembered."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What was decided, as it travels to a worker.

    Attributes:
        folder: of the models that people bring; those of the lab itself lie elsewhere, in `own`.
        own: folders that came with the lab; what is in them may run unless it is blocked.
        approved, blocked: digests.
    """

    folder: Path
    own: tuple[Path, ...]
    approved: frozenset[str]
    blocked: frozenset[str]

    def check(self, paths: Iterable[Path]) -> None:
        """Whether all of these may run; what is not there is left to the block to miss.

        Raises:
            Denied: one is blocked, or nobody has approved the bytes that are there now.
            InputError: one lies outside the models folder.
        """
        for path in dict.fromkeys(Path(os.path.normpath(path)) for path in paths):
            if path.exists():
                self._check(path)

    def _check(self, path: Path) -> None:
        own = any(path.is_relative_to(folder) for folder in self.own)
        if own and not self.blocked:  # nothing to look for, so nothing to read
            return
        if not own and not path.is_relative_to(self.folder):
            raise InputError(f"{path.name} lies outside the models folder; bring it into the lab first: `models add`.")
        digest = model_digest(path, None if own else self.folder / DIGESTS)
        if digest in self.blocked:
            raise Denied(f"The model {path.name} is blocked in this lab; choose another, or have it approved again.")
        if not own and digest not in self.approved and not self._inside_approved(path):
            raise Denied(
                f"The model {self._name(path)} is not approved, so it does not run. An admin approves it on the "
                f"Models page, or with: python -m workbench models approve {self._name(path)}"
            )

    def _inside_approved(self, path: Path) -> bool:
        """A part of an approved folder (an adapter that lies in its model's) is approved with it."""
        parents = [parent for parent in path.parents if parent != self.folder and parent.is_relative_to(self.folder)]
        digests = [model_digest(parent, self.folder / DIGESTS) for parent in parents]
        return any(digest in self.approved for digest in digests) and not self.blocked.intersection(digests)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()


def models_of(models: Callable[..., Iterable[Path]], inputs: Mapping[str, Any]) -> list[Path]:
    """What a block's `models` says of a call, given only the arguments that it asks for."""
    code = getattr(models, "__code__", None)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
    return list(models(**{name: value for name, value in inputs.items() if name in names}))
