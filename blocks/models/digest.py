"""The digest of a model: one hash that stands for every byte that could change a picture.

A file's is its SHA-256; a folder's the SHA-256 of its manifest, the sorted lines ``sha256  path`` of its files.
Hashing gigabytes takes minutes, so a file's digest is remembered for as long as its path, size, time and inode stay
what they were, in this process and, given a file for it, beyond.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from blocks.errors import UnreadableFile

__all__ = ["combined", "fingerprint", "known_digest", "model_digest", "note_digest"]

_NOT_WEIGHTS = frozenset({".md", ".png", ".jpg", ".jpeg", ".webp", ".gif", ".lock"})
_State = tuple[int, int, int]
_known: dict[str, tuple[_State, str]] = {}


def model_digest(path: Path, remembered: Path | None = None) -> str:
    """SHA-256 (hex) of a model's file, or of its folder's manifest.

    Args:
        remembered: a JSON file in which digests outlive the process; it may be absent, damaged or not writable.

    Raises:
        UnreadableFile: it is not there, or cannot be read.
    """
    if remembered is not None:
        _recall(remembered)
    before = dict(_known)
    digest = _digest(path)
    if remembered is not None and before != _known:
        _remember(remembered)
    return digest


def known_digest(path: Path, remembered: Path | None = None, most: int = 64 << 20) -> str:
    """The digest of a model where it is known or quickly had, else "": a list is not to wait for gigabytes.

    Args:
        most: bytes of a file that are read where its digest is not remembered.
    """
    if remembered is not None:
        _recall(remembered)
    try:
        files = list(_files(path)) if path.is_dir() else [path]
        known = all(_is_known(file) or file.stat().st_size <= most for file in files)
        return model_digest(path, remembered) if known else ""
    except (UnreadableFile, OSError):
        return ""


def note_digest(path: Path, digest: str) -> None:
    """Remember the SHA-256 of a file that was just written and checked, so that nobody reads it again."""
    _known[str(path.absolute())] = (_state(path), digest)


def _is_known(path: Path) -> bool:
    known = _known.get(str(path.absolute()))
    return known is not None and known[0] == _state(path)


def combined(*digests: str) -> str:
    """One digest for a model and what is put on it, in order; "" counts as absent."""
    present = [digest for digest in digests if digest]
    return present[0] if len(present) == 1 else hashlib.sha256("\n".join(present).encode()).hexdigest()


def fingerprint(path: Path) -> str:
    """What changes when a model's files do, without reading them: paths, sizes, times and inodes, hashed."""
    lines = [f"{file}  {_state(file)}" for file in _files(path)] if path.is_dir() else [f"{path}  {_state(path)}"]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _digest(path: Path) -> str:
    if not path.is_dir():
        return _file_digest(path)
    lines = [f"{_file_digest(file)}  {file.relative_to(path).as_posix()}" for file in _files(path)]
    if not lines:
        raise UnreadableFile(f"The folder {path.name} is empty; fetch the model again.")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """Files that count: no pictures, no readme, nothing hidden (a hub client's notes, a system's own)."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and path.suffix.lower() not in _NOT_WEIGHTS and not any(p.startswith(".") for p in inside):
            yield path


def _file_digest(path: Path) -> str:
    state = _state(path)
    key = str(path.absolute())
    if (known := _known.get(key)) is not None and known[0] == state:
        return known[1]
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from None
    if _state(path) != state:
        raise UnreadableFile(f"{path.name} is being written; wait until it is complete.")
    _known[key] = (state, digest)
    return digest


def _state(path: Path) -> _State:
    try:
        facts = path.stat()
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from None
    return facts.st_size, facts.st_mtime_ns, facts.st_ino


def _recall(remembered: Path) -> None:
    with suppress(OSError, ValueError, TypeError, AttributeError, RecursionError):
        for path, (size, time, inode, digest) in json.loads(remembered.read_bytes()).items():
            _known.setdefault(path, ((int(size), int(time), int(inode)), str(digest)))


def _remember(remembered: Path) -> None:
    """Written whole or not at all; a digest that is not remembered is only computed again."""
    part = remembered.with_name(f"{remembered.name}.{os.getpid()}")
    with suppress(OSError):
        part.write_text(json.dumps({path: [*state, digest] for path, (state, digest) in _known.items()}))
        part.replace(remembered)
