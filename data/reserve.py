"""A little space set aside, so that cleaning can still write down what it does when the disk is full."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from blocks.errors import StoreError
from data._disk import disk_errors, write_whole

__all__ = ["keep_reserve", "release_reserve"]

_BYTES = 2 << 20


def keep_reserve(home: Path) -> bool:
    """Set the space aside, if it is not yet and the disk has it; whether it is there now."""
    reserve = _reserve(home)
    with suppress(StoreError), disk_errors("Setting space aside", reserve):
        if not reserve.exists() or reserve.stat().st_size < _BYTES:
            write_whole(reserve, os.urandom(_BYTES))  # random, for disks that compress
    return reserve.exists()


def release_reserve(home: Path) -> bool:
    """Give the space to whoever needs it now; False if it was spent already."""
    try:
        _reserve(home).unlink()
    except FileNotFoundError:
        return False
    return True


def _reserve(home: Path) -> Path:
    return home / "reserve"
