"""A person's own files: in without overwriting, out to a trash, and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blocks.errors import Conflict, DiskFull, UnknownName
from data.folders import delete_all, put_aside, put_in, set_aside, take_back


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.bin"
    path.write_bytes(b"weights")
    return path


def test_a_file_is_copied_and_the_original_stays(source: Path, tmp_path: Path) -> None:
    kept = put_in(source, tmp_path / "folder", "kept.bin")
    assert kept.read_bytes() == source.read_bytes()
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["kept.bin"]


def test_the_same_bytes_again_change_nothing(source: Path, tmp_path: Path) -> None:
    before = put_in(source, tmp_path / "folder", "kept.bin").stat()
    after = put_in(source, tmp_path / "folder", "kept.bin").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("content", [b"changed", b"longer than it was"])
def test_other_bytes_under_the_same_name_never_overwrite(source: Path, tmp_path: Path, content: bytes) -> None:
    kept = put_in(source, tmp_path / "folder", "kept.bin")
    source.write_bytes(content)
    with pytest.raises(Conflict, match=r"another file called kept\.bin"):
        put_in(source, tmp_path / "folder", "kept.bin")
    assert kept.read_bytes() == b"weights"


def test_a_disk_without_links_is_served_too(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    kept = put_in(source, tmp_path / "folder", "kept.bin")
    source.write_bytes(b"changed")
    with pytest.raises(Conflict):
        put_in(source, tmp_path / "folder", "kept.bin")
    assert kept.read_bytes() == b"weights"


def test_on_a_full_disk_nothing_stays(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DiskFull):
        put_in(source, tmp_path / "folder", "kept.bin")
    assert list((tmp_path / "folder").iterdir()) == []


def test_what_was_put_aside_comes_back(source: Path, tmp_path: Path) -> None:
    folder, trash = tmp_path / "folder", tmp_path / "trash"
    kept = put_in(source, folder, "a-name-with-dashes.bin")
    put_aside(kept, trash)
    assert not kept.exists()
    assert list(set_aside(trash)) == ["a-name-with-dashes.bin"]
    assert take_back(trash, folder, "a-name-with-dashes.bin").read_bytes() == b"weights"
    assert set_aside(trash) == {}


def test_of_two_with_one_name_the_later_comes_back(source: Path, tmp_path: Path) -> None:
    folder, trash = tmp_path / "folder", tmp_path / "trash"
    put_aside(put_in(source, folder, "kept.bin"), trash)
    source.write_bytes(b"later")
    put_aside(put_in(source, folder, "kept.bin"), trash)
    assert take_back(trash, folder, "kept.bin").read_bytes() == b"later"


def test_nothing_comes_back_over_another_file(source: Path, tmp_path: Path) -> None:
    folder, trash = tmp_path / "folder", tmp_path / "trash"
    put_aside(put_in(source, folder, "kept.bin"), trash)
    source.write_bytes(b"another")
    put_in(source, folder, "kept.bin")
    with pytest.raises(Conflict):
        take_back(trash, folder, "kept.bin")
    assert list(set_aside(trash)) == ["kept.bin"]


def test_an_emptied_trash_gives_nothing_back(source: Path, tmp_path: Path) -> None:
    folder, trash = tmp_path / "folder", tmp_path / "trash"
    put_aside(put_in(source, folder, "kept.bin"), trash)
    assert delete_all(trash) == (1, 7)
    with pytest.raises(UnknownName, match="may have been emptied"):
        take_back(trash, folder, "kept.bin")


def test_a_file_that_is_gone_cannot_be_put_aside(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="look at the list again"):
        put_aside(tmp_path / "gone.bin", tmp_path / "trash")
