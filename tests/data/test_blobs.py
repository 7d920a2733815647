"""Blobs: the same promises from a folder and from a bucket, and what only a folder can promise."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from blocks.errors import CorruptBlob, DiskFull, InputError, StoreError, UnknownName
from data.blobs import Blob, Blobs, digest_of
from data.shelves import Folder

CONTENT = b"a small picture"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
BIG = bytes(range(256)) * 8192  # 2 MB: more than is read at once


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return Blobs(tmp_path / "blobs")
    return Blobs(f"memory://{uuid.uuid4()}/blobs", cache=tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def files_in(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


class TestAnyPlace:
    def test_what_was_put_is_read(self, place: Blobs) -> None:
        assert place.put_bytes(CONTENT) == Blob(DIGEST, len(CONTENT))
        assert place.read(DIGEST) == CONTENT
        assert place.path(DIGEST).read_bytes() == CONTENT
        assert place.size(DIGEST) == len(CONTENT)
        assert place.has(DIGEST)
        place.verify(DIGEST)

    def test_nothing_at_all_is_a_blob_too(self, place: Blobs) -> None:
        blob = place.put_bytes(b"")
        assert blob.size == 0
        assert place.read(blob.digest) == b""

    @pytest.mark.parametrize("content", [CONTENT, BIG])
    @pytest.mark.parametrize("move", [False, True])
    def test_a_file_is_stored_and_stays_or_goes_as_asked(
        self, place: Blobs, tmp_path: Path, content: bytes, move: bool
    ) -> None:
        for _ in range(2):  # the second time it is there already
            source = tmp_path / "in.png"
            source.write_bytes(content)
            blob = place.put_file(source, move=move)
            assert blob == Blob(hashlib.sha256(content).hexdigest(), len(content))
            assert place.read(blob.digest) == content
            assert source.exists() is not move

    def test_every_blob_is_listed_once(self, place: Blobs) -> None:
        put = {place.put_bytes(bytes([n])).digest for n in range(5)}
        place.put_bytes(bytes([0]))
        assert sorted(place.digests()) == sorted(put)

    def test_a_trashed_blob_is_out_of_sight_until_restored(self, place: Blobs) -> None:
        place.put_bytes(CONTENT)
        assert place.trash(DIGEST)
        assert not place.has(DIGEST)
        assert list(place.digests()) == []
        assert list(place.trashed()) == [DIGEST]
        place.restore(DIGEST)
        place.restore(DIGEST)
        assert place.read(DIGEST) == CONTENT
        assert list(place.trashed()) == []

    def test_emptied_trash_is_gone_for_good(self, place: Blobs) -> None:
        place.put_bytes(CONTENT)
        place.trash(DIGEST)
        assert place.empty_trash() == (1, len(CONTENT))
        assert place.empty_trash() == (0, 0)
        with pytest.raises(UnknownName):
            place.restore(DIGEST)

    @pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" * 32, "0" * 63, "0" * 64 + "\n", DIGEST])
    def test_a_name_that_is_no_blob_is_refused(self, place: Blobs, name: str) -> None:
        for ask in (place.path, place.read, place.size, place.verify, place.restore, place.touched):
            with pytest.raises(UnknownName):
                ask(name)
        with pytest.raises(UnknownName):
            place.trash(name)

    def test_only_a_file_can_be_put(self, place: Blobs, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "missing"):
            with pytest.raises(InputError, match="not a file"):
                place.put_file(path)


class TestAFolder:
    def test_a_changed_byte_is_noticed(self, folder: Blobs) -> None:
        path = folder.path(folder.put_bytes(CONTENT).digest)
        path.chmod(0o644)
        path.write_bytes(b"A" + CONTENT[1:])
        with pytest.raises(CorruptBlob, match=DIGEST[:12]):
            folder.verify(DIGEST)
        with pytest.raises(CorruptBlob):
            folder.read(DIGEST)

    def test_a_blob_that_lost_bytes_is_written_again(self, folder: Blobs) -> None:
        path = folder.path(folder.put_bytes(CONTENT).digest)
        path.chmod(0o644)
        path.write_bytes(CONTENT[:3])
        folder.put_bytes(CONTENT)
        assert folder.read(DIGEST) == CONTENT

    def test_what_is_there_is_not_written_again(self, folder: Blobs) -> None:
        path = folder.path(folder.put_bytes(CONTENT).digest)
        written = path.stat().st_ino
        folder.put_bytes(CONTENT)
        assert path.stat().st_ino == written

    def test_a_blob_cannot_be_written_by_mistake(self, folder: Blobs, tmp_path: Path) -> None:
        source = tmp_path / "in.png"
        source.write_bytes(BIG)
        for blob in (folder.put_bytes(CONTENT), folder.put_file(source), folder.put_file(source, move=True)):
            assert folder.path(blob.digest).stat().st_mode & 0o222 == 0

    def test_a_moved_blob_stays_a_blob(self, folder: Blobs) -> None:
        folder.put_bytes(CONTENT)
        folder.put_file(folder.path(DIGEST), move=True)
        assert folder.read(DIGEST) == CONTENT

    def test_a_moved_link_leaves_the_file_it_points_to(self, folder: Blobs, tmp_path: Path) -> None:
        original, link, twin = tmp_path / "original", tmp_path / "link", tmp_path / "twin"
        original.write_bytes(BIG)
        link.symlink_to(original)
        twin.hardlink_to(original)
        for name in (link, twin):
            blob = folder.put_file(name, move=True)
            assert not name.exists()
        with original.open("r+b") as file:  # still the person's own, and not the blob
            file.write(b"changed")
        folder.verify(blob.digest)

    def test_a_move_to_another_disk_copies(
        self, folder: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, rename = tmp_path / "in.png", Path.rename
        source.write_bytes(BIG)

        def not_across(self: Path, target: Path) -> Path:
            if self == source:
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", not_across)
        blob = folder.put_file(source, move=True)
        assert folder.read(blob.digest) == BIG
        assert not source.exists()

    def test_a_blob_put_again_at_the_last_moment_is_not_trashed(self, folder: Blobs) -> None:
        folder.put_bytes(CONTENT)
        seen = folder.touched(DIGEST)
        os.utime(folder.path(DIGEST), ns=(seen - 10, seen - 10))
        seen = folder.touched(DIGEST)
        folder.put_bytes(CONTENT)
        assert folder.trash(DIGEST, unless_touched_since=seen) is False
        assert folder.has(DIGEST)
        assert folder.trash(DIGEST, unless_touched_since=folder.touched(DIGEST)) is True

    @pytest.mark.parametrize("at", ["write", "fsync"])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
    def test_a_full_disk_leaves_no_half(
        self, folder: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, code: int
    ) -> None:
        def refuse(*_: object) -> int:
            raise OSError(code, os.strerror(code))

        source = tmp_path / "in.png"
        source.write_bytes(BIG)
        with monkeypatch.context() as full:
            full.setattr(os, at, refuse)
            for put in (lambda: folder.put_bytes(CONTENT), lambda: folder.put_file(source)):
                with pytest.raises(DiskFull, match="no space left"):
                    put()
        assert files_in(tmp_path / "blobs") == []
        folder.put_bytes(CONTENT)
        assert folder.read(DIGEST) == CONTENT

    def test_a_folder_that_refuses_is_a_clear_error(self, tmp_path: Path) -> None:
        (tmp_path / "blobs").write_text("in the way")
        with pytest.raises(StoreError, match="writable"):
            Blobs(tmp_path / "blobs").put_bytes(CONTENT)

    def test_halves_of_the_dead_and_the_forgotten_are_removed_and_those_of_the_living_stay(
        self, folder: Blobs, tmp_path: Path
    ) -> None:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait(30)
        new = tmp_path / "blobs" / ".new"
        new.mkdir(parents=True)
        for name in (f"{gone.pid}-a", "nonsense", f"{os.getpid()}-old", f"{os.getpid()}-now"):
            (new / name).write_bytes(b"half")
        os.utime(new / f"{os.getpid()}-old", (time.time() - 7200,) * 2)
        assert folder.remove_stale() == 3
        assert [half.name for half in files_in(new)] == [f"{os.getpid()}-now"]

    def test_the_name_is_of_what_arrived_even_if_the_source_changed_meanwhile(
        self, folder: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source, claim = tmp_path / "in.png", Folder.claim
        source.write_bytes(BIG)

        def change_first(self: Folder, digest: str, size: int) -> bool:
            source.write_bytes(BIG + b"more")
            return claim(self, digest, size)

        monkeypatch.setattr(Folder, "claim", change_first)
        blob = folder.put_file(source)
        folder.verify(blob.digest)
        assert blob == Blob(digest_of(source), len(BIG) + 4)


class TestABucket:
    def test_bytes_damaged_in_the_bucket_are_noticed_on_the_way(self, tmp_path: Path) -> None:
        import fsspec

        root = f"memory://{uuid.uuid4()}/blobs"
        Blobs(root, cache=tmp_path / "one").put_bytes(CONTENT)
        fsspec.filesystem("memory").pipe_file(f"{root}/{DIGEST[:2]}/{DIGEST[2:]}", b"A" + CONTENT[1:])
        with pytest.raises(CorruptBlob):
            Blobs(root, cache=tmp_path / "two").path(DIGEST)

    def test_a_file_address_is_a_folder(self, tmp_path: Path) -> None:
        Blobs(f"file://{tmp_path}/blobs").put_bytes(CONTENT)
        assert Blobs(tmp_path / "blobs").read(DIGEST) == CONTENT


def test_blobs_bring_neither_the_database_nor_fsspec_along() -> None:
    look = "import sys, data.blobs; print(sorted({'duckdb', 'fsspec'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", look], cwd=root, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "[]"
