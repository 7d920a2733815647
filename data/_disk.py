"""What the rooms of the store do to a disk: write whole or not at all, and say clearly when it will not take it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks.errors import DiskFull, StoreError

__all__ = ["disk_errors", "full", "sync_folder", "write_all", "write_whole"]

# EFBIG is what a limit on file size says, EDQUOT what a user's quota says: to the person both are a full disk.
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def full(error: OSError) -> bool:
    """Whether the disk refused because there is no space."""
    return error.errno in _NO_SPACE


@contextmanager
def disk_errors(doing: str, path: Path | str) -> Iterator[None]:
    """Turn what the system says about a file into what the lab says.

    Args:
        doing: what was being done, to begin the sentence ("Writing a blob").

    Raises:
        DiskFull: no space left for it.
        StoreError: anything else the system refused.
    """
    try:
        yield
    except OSError as error:
        if full(error):
            raise DiskFull(
                f"{doing} stopped: no space left for {path}. What was acknowledged is safe. "
                "Free some space (the lab's clean command helps) and try again."
            ) from error
        reason = error.strerror or str(error)
        raise StoreError(
            f"{doing} failed at {path}: {reason}. Check that the folder exists and is writable."
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Replace a small file so that a reader, or a crash, meets the old content or the new, never a part.

    For files that only the owner of a home writes: two writers at once would share the name beside it.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_all(descriptor: int, content: bytes) -> None:
    """Write every byte: the system may take fewer at a time, above all just before the disk is full."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def sync_folder(folder: Path | str) -> None:
    """Make the names in a folder durable: a rename is not until its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
