"""Blobs in a bucket, or anything else that fsspec opens, with a local folder as their reading room."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from blocks.errors import CorruptBlob
from data._disk import disk_errors
from data.shelves import Folder

__all__ = ["Bucket"]

_CHUNK = 1 << 20


class Bucket:
    """A `data.shelves.Shelf` behind an fsspec address; the same layout as a folder.

    A bucket cannot touch a file, so a put of what is there does not hold up a cleaning that runs at that
    moment; let cleaning take only blobs older than the longest job.

    Args:
        address: such as ``s3://bucket/blobs``; credentials are fsspec's own matter.
        cache: folder for downloaded blobs; by default one in the system's temporary folder.
    """

    def __init__(self, address: str, cache: Path | None = None) -> None:
        import fsspec

        with disk_errors("Opening the bucket", address):
            found: tuple[Any, str] = fsspec.core.url_to_fs(address)
        self._fs, self._root = found[0], found[1].rstrip("/")
        mark = hashlib.sha256(address.encode()).hexdigest()[:16]
        self._cache = Folder(cache or Path(tempfile.gettempdir()) / f"lab-blobs-{os.getuid()}-{mark}")

    def claim(self, digest: str, size: int) -> bool:
        return self.size(digest) == size

    def write(self, digest: str, content: bytes) -> None:
        arriving = self._arriving()
        self._fs.pipe_file(arriving, content)
        self._settle(arriving, digest)

    def take(self, source: Path, digest: str, move: bool) -> tuple[str, int]:
        arriving, summed, size = self._arriving(), hashlib.sha256(), 0
        with source.open("rb") as file, self._fs.open(arriving, "wb") as out:
            while piece := file.read(_CHUNK):
                summed.update(piece)
                size += len(piece)
                out.write(piece)
        self._settle(arriving, summed.hexdigest())
        return summed.hexdigest(), size

    def path(self, digest: str) -> Path:
        if self._cache.size(digest) != self.size(digest):
            with disk_errors("Fetching a blob", digest), self._fs.open(self._at(digest), "rb") as file:
                found, _ = self._cache.fill(iter(lambda: file.read(_CHUNK), b""))
            if found != digest:
                raise CorruptBlob(f"Blob {digest} in {self._root} is damaged; put the original file in again.")
        return self._cache.path(digest)

    def size(self, digest: str) -> int | None:
        try:
            return int(self._fs.size(self._at(digest)))
        except FileNotFoundError:
            return None

    def touched(self, digest: str) -> int:
        return int(self._fs.modified(self._at(digest)).timestamp() * 1e9)

    def digests(self) -> Iterator[str]:
        for path in self._files(self._root):
            folder, name = path.rsplit("/", 2)[-2:]
            if len(folder) == 2:
                yield folder + name

    def trash(self, digest: str, unless_touched_since: int | None) -> bool:
        if unless_touched_since is not None and self.touched(digest) != unless_touched_since:
            return False
        with disk_errors("Moving a blob to the trash", self._root):
            self._fs.makedirs(f"{self._root}/.trash", exist_ok=True)
            self._fs.mv(self._at(digest), f"{self._root}/.trash/{digest}")
        return True

    def restore(self, digest: str) -> bool:
        with disk_errors("Taking a blob out of the trash", self._root), suppress(FileNotFoundError):
            self._settle(f"{self._root}/.trash/{digest}", digest)
        return self.size(digest) is not None

    def trashed(self) -> Iterator[str]:
        return (path.rsplit("/", 1)[-1] for path in self._files(f"{self._root}/.trash"))

    def empty_trash(self) -> tuple[int, int]:
        count = freed = 0
        with disk_errors("Emptying the trash", self._root):
            for path in list(self._files(f"{self._root}/.trash")):
                freed += int(self._fs.size(path))
                self._fs.rm_file(path)
                count += 1
        return count, freed

    def remove_stale(self) -> int:
        """Nothing: a bucket shows no half objects, and whose an arriving one is cannot be known from here."""
        return 0

    def _at(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest[2:]}"

    def _arriving(self) -> str:
        self._fs.makedirs(f"{self._root}/.new", exist_ok=True)
        return f"{self._root}/.new/{os.getpid()}-{secrets.token_hex(8)}"

    def _settle(self, arriving: str, digest: str) -> None:
        self._fs.makedirs(f"{self._root}/{digest[:2]}", exist_ok=True)
        self._fs.mv(arriving, self._at(digest))

    def _files(self, folder: str) -> Iterator[str]:
        with suppress(FileNotFoundError):
            yield from self._fs.find(folder)
