"""Where blobs lie: what any place must do, and the local folder, which is the fast path.

root/ab/cdef...         a blob: the first two digits of its digest, then the rest
root/.new/<pid>-...     on its way in
root/.trash/<digest>    on its way out
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from data._disk import disk_errors, sync_folder, write_all

__all__ = ["Folder", "Shelf"]

_STALE = 3600.0
_CHUNK = 1 << 20


class Shelf(Protocol):
    """What `Blobs` needs of a place; digests are well-formed when they get here."""

    def claim(self, digest: str, size: int) -> bool: ...
    def write(self, digest: str, content: bytes) -> None: ...
    def take(self, source: Path, digest: str, move: bool) -> tuple[str, int]: ...
    def path(self, digest: str) -> Path: ...
    def size(self, digest: str) -> int | None: ...
    def touched(self, digest: str) -> int: ...
    def digests(self) -> Iterator[str]: ...
    def trash(self, digest: str, unless_touched_since: int | None) -> bool: ...
    def restore(self, digest: str) -> bool: ...
    def trashed(self) -> Iterator[str]: ...
    def empty_trash(self) -> tuple[int, int]: ...
    def remove_stale(self) -> int: ...


class Folder:
    """A local folder: a blob appears by a rename, so it is whole or not there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._new = root / ".new"
        self._trash = root / ".trash"

    def claim(self, digest: str, size: int) -> bool:
        """Whether the blob is here, whole; touching it stops a cleaning that is about to take it."""
        path = self.path(digest)
        try:
            os.utime(path)
            return path.stat().st_size == size
        except FileNotFoundError:
            return False

    def write(self, digest: str, content: bytes) -> None:
        self.fill([content])

    def take(self, source: Path, digest: str, move: bool) -> tuple[str, int]:
        if move and self._rename(source, digest):
            return digest, self.path(digest).stat().st_size
        with source.open("rb") as file:
            return self.fill(iter(lambda: file.read(_CHUNK), b""))

    def fill(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Store what comes, under the name of what arrived: a source may change while it is read."""
        summed, size = hashlib.sha256(), 0
        with self._arrival() as (descriptor, arriving):
            for piece in pieces:
                summed.update(piece)
                size += len(piece)
                write_all(descriptor, piece)
            os.fsync(descriptor)
            self._settle(arriving, summed.hexdigest())
        return summed.hexdigest(), size

    def path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]

    def size(self, digest: str) -> int | None:
        try:
            return self.path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def touched(self, digest: str) -> int:
        return self.path(digest).stat().st_mtime_ns

    def digests(self) -> Iterator[str]:
        for folder in _names(self._root):
            if len(folder) == 2:
                yield from (folder + name for name in _names(self._root / folder))

    def trash(self, digest: str, unless_touched_since: int | None) -> bool:
        with disk_errors("Moving a blob to the trash", self._trash):
            self._trash.mkdir(exist_ok=True)
            away = self._trash / digest
            self.path(digest).rename(away)
            # Looked at after the rename: from here on a put finds nothing and writes the blob anew.
            if unless_touched_since is not None and away.stat().st_mtime_ns != unless_touched_since:
                self.restore(digest)
                return False
        return True

    def restore(self, digest: str) -> bool:
        with disk_errors("Taking a blob out of the trash", self._trash), suppress(FileNotFoundError):
            (self._trash / digest).rename(self._home_of(digest))
            sync_folder(self.path(digest).parent)
        return self.path(digest).exists()

    def trashed(self) -> Iterator[str]:
        return _names(self._trash)

    def empty_trash(self) -> tuple[int, int]:
        count = freed = 0
        with disk_errors("Emptying the trash", self._trash):
            for name in list(_names(self._trash)):
                file = self._trash / name
                freed += file.stat().st_size
                file.unlink()
                count += 1
        return count, freed

    def remove_stale(self) -> int:
        """Halves whose writer is dead, or that nobody has written to for an hour (a process id may come again)."""
        removed = 0
        for name in list(_names(self._new)):
            half = self._new / name
            with suppress(FileNotFoundError):
                if not _alive(name.partition("-")[0]) or time.time() - half.stat().st_mtime > _STALE:
                    half.unlink()
                    removed += 1
        return removed

    @contextmanager
    def _arrival(self) -> Iterator[tuple[int, Path]]:
        """A new file that is gone again unless it was settled."""
        arriving = self._new / f"{os.getpid()}-{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            descriptor = os.open(arriving, flags, 0o444)
        except FileNotFoundError:
            self._new.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(arriving, flags, 0o444)
        try:
            yield descriptor, arriving
        finally:
            os.close(descriptor)
            arriving.unlink(missing_ok=True)

    def _settle(self, arriving: Path, digest: str) -> None:
        target = self._home_of(digest)
        arriving.rename(target)
        sync_folder(target.parent)

    def _home_of(self, digest: str) -> Path:
        target = self.path(digest)
        if not target.parent.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(self._root)
        return target

    def _rename(self, source: Path, digest: str) -> bool:
        """Let a file become the blob; not if it has other names that could still be written through."""
        facts = source.lstat()
        if source.is_symlink() or facts.st_nlink != 1:
            return False
        descriptor = os.open(source, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            os.fchmod(descriptor, 0o444)
        finally:
            os.close(descriptor)
        try:
            self._settle(source, digest)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True


def _names(folder: Path) -> Iterator[str]:
    """The names in a folder; a folder that is not there has none."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's, but alive
        return True
    with suppress(OSError):  # where there is no /proc, nobody knows of the dead that are not buried yet
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][:1] not in "ZX"
    return True
