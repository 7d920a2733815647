"""Where a model lies: the lab's own by the names kept for them, a person's by its name in the models folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from blocks.errors import InputError

__all__ = ["DEFAULT", "POCKET", "POCKET_POSE", "RESERVED", "check_name", "place_of"]

POCKET = "pocket"
POCKET_POSE = "pocket-pose"
DEFAULT = POCKET
"""What draws where no model is named."""

RESERVED = frozenset({POCKET, POCKET_POSE})
"""Names that mean what came with the lab; no model of a person's can have them."""


def place_of(name: str, models: str | Path = "") -> Path:
    """The folder or file of a model.

    Args:
        name: "" or one of `RESERVED` for the lab's own, else a path inside `models`.
        models: the models folder; "" where names are whole paths.

    Raises:
        InputError: the name leads out of the models folder.
        NotAvailable: the lab's own models are not in this copy of it.
    """
    if name in ("", *RESERVED):
        from blocks.pocket.pack import pocket_pack

        pack = pocket_pack()
        return pack.pose if name == POCKET_POSE else pack.generator
    if not str(models):
        return Path(name)
    check_name(name)
    return Path(models, name)


def check_name(name: str) -> None:
    """Whether a name stays inside the folder it is looked for in.

    Raises:
        InputError: it is absolute, climbs, or is no name at all.
    """
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name or "\\" in name:
        raise InputError(
            f"{name[:200]!r} is not the name of a model: names are those of files and folders inside the models folder."
        )
