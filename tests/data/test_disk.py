"""Small files are replaced whole, every byte of them, and the reserve is there to be given up."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from blocks.errors import DiskFull, StoreError
from data._disk import disk_errors, write_all, write_whole
from data.reserve import keep_reserve, release_reserve


def test_a_file_that_cannot_be_replaced_keeps_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write_whole(tmp_path / "head", b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError):
        write_whole(tmp_path / "head", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_system_that_takes_few_bytes_at_a_time_gets_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    with (tmp_path / "file").open("wb") as file:
        write_all(file.fileno(), b"0123456789")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, StoreError)]
)
def test_what_the_system_says_becomes_what_the_lab_says(code: int, kind: type[StoreError]) -> None:
    with pytest.raises(kind, match="Storing a blob") as raised, disk_errors("Storing a blob", "/somewhere"):
        raise OSError(code, os.strerror(code))
    assert type(raised.value) is kind
    assert "/somewhere" in str(raised.value)


def test_the_reserve_takes_real_space_and_is_given_up_once(tmp_path: Path) -> None:
    assert keep_reserve(tmp_path)
    [reserve] = tmp_path.iterdir()
    assert reserve.stat().st_blocks * 512 >= 1 << 20
    assert release_reserve(tmp_path)
    assert not release_reserve(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_for_the_reserve_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    assert not keep_reserve(tmp_path)
    assert list(tmp_path.iterdir()) == []
