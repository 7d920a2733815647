"""Files by what they hold: each is named by its SHA-256, written whole or not at all, and never changed.

    blobs = Blobs(home / "blobs")           # or "s3://bucket/blobs"
    blob = blobs.put_file(Path("in.png"))
    blobs.path(blob.digest).read_bytes()

Any number of processes may put the same blob at the same time. To put one that is already there writes
nothing; it only touches the file, which tells a cleaning that runs at this moment to leave it alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blocks.errors import CorruptBlob, InputError, UnknownName
from data._disk import disk_errors
from data.shelves import Folder, Shelf

__all__ = ["Blob", "Blobs", "digest_of"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file.

    Attributes:
        digest: SHA-256 of its bytes, 64 hex characters.
        size: in bytes.
    """

    digest: str
    size: int


class Blobs:
    """All blobs under one root.

    Args:
        root: a folder, or any address fsspec understands, so that a bucket can stand in for the folder.
        cache: where a bucket's blobs are kept for reading as files; a folder needs none.

    Every method may raise StoreError (the disk refused) and, given a digest, UnknownName (no such blob).
    """

    def __init__(self, root: str | Path, cache: Path | None = None) -> None:
        self.root = root
        self._shelf = _shelf_at(str(root), cache)

    def put_bytes(self, content: bytes) -> Blob:
        """Store bytes.

        Raises:
            DiskFull: they did not fit; nothing of them stays.
        """
        blob = Blob(hashlib.sha256(content).hexdigest(), len(content))
        with disk_errors("Storing a blob", self.root):
            if not self._shelf.claim(blob.digest, blob.size):
                self._shelf.write(blob.digest, content)
        return blob

    def put_file(self, path: Path, move: bool = False) -> Blob:
        """Store a file's bytes.

        Args:
            move: the file is not needed any more: it becomes the blob where that saves a copy, and is gone after.

        Raises:
            InputError: there is no such file.
            DiskFull: it did not fit; nothing of it stays.
        """
        if not path.is_file():
            raise InputError(f"{path} is not a file, so it cannot be stored.")
        if Path(self.root).resolve() in path.resolve().parents:
            move = False  # it is a blob already
        with disk_errors("Storing a file", path):
            size = path.stat().st_size
            if size <= _SMALL and not move:
                return self.put_bytes(path.read_bytes())
            blob = Blob(digest_of(path), size)
            if not self._shelf.claim(blob.digest, blob.size):
                blob = Blob(*self._shelf.take(path, blob.digest, move))
            if move:
                path.unlink(missing_ok=True)
        return blob

    def path(self, digest: str) -> Path:
        """A local file to read the blob from; never write to it."""
        return self._shelf.path(self._known(digest))

    def read(self, digest: str) -> bytes:
        """The blob's bytes, checked.

        Raises:
            CorruptBlob: they are not those that were stored.
        """
        content = self.path(digest).read_bytes()
        _check(digest, hashlib.sha256(content).hexdigest(), self.root)
        return content

    def has(self, digest: str) -> bool:
        """Whether the blob is here (one in the trash is not)."""
        return self._shelf.size(_well_formed(digest)) is not None

    def size(self, digest: str) -> int:
        """Bytes of the blob."""
        size = self._shelf.size(_well_formed(digest))
        if size is None:
            raise _unknown(digest, self.root)
        return size

    def verify(self, digest: str) -> None:
        """Read the whole blob and compare it with its name.

        Raises:
            CorruptBlob: a byte changed, or some are missing.
        """
        _check(digest, digest_of(self.path(digest)), self.root)

    def digests(self) -> Iterator[str]:
        """Every blob that is here, in no order; the trash is left out."""
        return self._shelf.digests()

    def touched(self, digest: str) -> int:
        """When the blob was last put, in nanoseconds since 1970: to notice a put, not to measure time."""
        return self._shelf.touched(self._known(digest))

    def trash(self, digest: str, unless_touched_since: int | None = None) -> bool:
        """Put the blob where nobody finds it, but `restore` does.

        Args:
            unless_touched_since: leave it if `touched` is not this any more: somebody has just put it again.

        Returns:
            False if it was left.
        """
        return self._shelf.trash(self._known(digest), unless_touched_since)

    def restore(self, digest: str) -> None:
        """Take the blob out of the trash; harmless if it is already back."""
        if not self._shelf.restore(_well_formed(digest)):
            raise _unknown(digest, self.root)

    def trashed(self) -> Iterator[str]:
        """Every blob in the trash."""
        return self._shelf.trashed()

    def empty_trash(self) -> tuple[int, int]:
        """Delete what is in the trash, for good; how many blobs, and how many bytes."""
        return self._shelf.empty_trash()

    def remove_stale(self) -> int:
        """For the owner, on opening: delete the halves that killed processes left; how many there were."""
        return self._shelf.remove_stale()

    def _known(self, digest: str) -> str:
        self.size(digest)
        return digest


def _shelf_at(address: str, cache: Path | None) -> Shelf:
    """The folder or bucket there; fsspec is imported only for one that is not a folder."""
    if "://" not in address:
        return Folder(Path(address))
    if address.startswith("file://"):
        return Folder(Path(address.removeprefix("file://")))
    from data.buckets import Bucket

    return Bucket(address, cache)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, read a piece at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(name: str, found: str, root: str | Path) -> None:
    if name != found:
        raise CorruptBlob(
            f"Blob {name[:12]}… under {root} is damaged: its bytes hash to {found[:12]}…. "
            "Put the original file in again, or run the step that made it again."
        )


def _well_formed(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise UnknownName(f"{digest[:80]!r} is not the name of a blob: 64 hexadecimal digits are.")
    return digest


def _unknown(digest: str, root: str | Path) -> UnknownName:
    return UnknownName(f"There is no blob {digest} under {root}: it was cleaned away, or belongs to another home.")
