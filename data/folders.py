"""A folder of files that a person brings: put in without overwriting, taken out to a trash, put back.

kept = put_in(upload, home / "models", "4x-sharp.safetensors")
put_aside(kept, home / "models-trash")                      # nothing is deleted yet
take_back(home / "models-trash", home / "models", "4x-sharp.safetensors")
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from blocks.errors import Conflict, UnknownName
from data._disk import disk_errors, sync_folder

__all__ = ["delete_all", "put_aside", "put_folder_in", "put_in", "same_bytes", "set_aside", "take_back"]

_STAMP = "%Y%m%d-%H%M%S"
_SLASH = "\N{DIVISION SLASH}"  # stands for the other one in a name


def put_in(source: Path, folder: Path, name: str) -> Path:
    """Copy a file into a folder, whole and on the disk before it has its name.

    The same bytes under the same name again change nothing.

    Raises:
        Conflict: there are other bytes under that name.
        DiskFull, StoreError: the disk will not have it; nothing of it stays.
    """
    target = folder / name
    with disk_errors(f"Keeping {name}", folder):
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".{name}.{os.getpid()}-{time.time_ns()}.new"
        try:
            with source.open("rb") as taken, half.open("xb") as written:
                shutil.copyfileobj(taken, written, 1 << 20)
                written.flush()
                os.fsync(written.fileno())
            _name(half, target)
            sync_folder(folder)
        finally:
            half.unlink(missing_ok=True)
    return target


def put_folder_in(source: Path, folder: Path, name: str, endings: Collection[str]) -> Path:
    """Copy a folder into another, whole and on the disk before it has its name.

    Args:
        endings: of the files that are taken over, in lower case; hidden files and all others stay behind.

    Raises:
        Conflict: there is something under that name; nothing was overwritten.
        DiskFull, StoreError: the disk will not have it; nothing of it stays.
    """
    target = folder / name
    if target.exists():
        raise Conflict(f"There is something called {name} already; nothing was overwritten. Rename yours.")
    half = folder / f".{name}.{os.getpid()}-{time.time_ns()}.new"
    with disk_errors(f"Keeping {name}", folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for path in sorted(source.rglob("*")):
                inside = path.relative_to(source)
                if path.is_file() and path.suffix.lower() in endings and not any(p[0] == "." for p in inside.parts):
                    (half / inside).parent.mkdir(parents=True, exist_ok=True)
                    with path.open("rb") as taken, (half / inside).open("xb") as written:
                        shutil.copyfileobj(taken, written, 1 << 20)
                        written.flush()
                        os.fsync(written.fileno())
            half.rename(target)  # refused where a folder that is not empty has the name meanwhile
            sync_folder(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return target


def put_aside(path: Path, trash: Path, name: str = "") -> Path:
    """Move a file or folder to a trash folder, under its name and the moment.

    Args:
        name: the name to take it back by, where it is not the path's own; folders in it are remembered.

    Raises:
        UnknownName: it is not there.
        StoreError: the disk refused.
    """
    if not path.exists():
        raise UnknownName(f"There is no file {path.name} any more; look at the list again.")
    with disk_errors(f"Removing {path.name}", trash):
        trash.mkdir(parents=True, exist_ok=True)
        moment = f"{time.strftime(_STAMP, time.gmtime())}-{time.time_ns() % 10**9:09}"
        place = trash / f"{moment}-{(name or path.name).replace('/', _SLASH)}"
        shutil.move(path, place)  # a folder that is a link may lie on another disk
    return place


def set_aside(trash: Path) -> dict[str, Path]:
    """What lies in a trash folder, by the name it had; of two with one name the later; newest last."""
    found = sorted(path for path in trash.iterdir() if not path.name.startswith(".")) if trash.is_dir() else []
    return {path.name.split("-", 3)[-1].replace(_SLASH, "/"): path for path in found}


def take_back(trash: Path, folder: Path, name: str) -> Path:
    """Move a file or folder from the trash to where it was.

    Raises:
        UnknownName: nothing of that name is in the trash.
        Conflict: another has taken its name meanwhile.
    """
    place = set_aside(trash).get(name)
    if place is None:
        raise UnknownName(f"There is no {name} in the trash; it may have been emptied.")
    target = folder / name
    if not place.is_dir():
        put_in(place, target.parent, target.name)
        place.unlink()
    elif target.exists():
        raise Conflict(f"There is another {name} now; nothing was overwritten. Remove that one first.")
    else:
        with disk_errors(f"Taking {name} back", folder):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(place, target)
    return target


def delete_all(trash: Path) -> tuple[int, int]:
    """Delete what lies in a trash folder for good; how many files, and their bytes."""
    entries = list(trash.iterdir()) if trash.is_dir() else []
    sizes = [file.stat().st_size for path in entries for file in _files(path)]
    with disk_errors("Emptying the trash", trash):
        for path in entries:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return len(sizes), sum(sizes)


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def same_bytes(a: Path, b: Path) -> bool:
    """Whether two files have the same content."""
    if a.stat().st_size != b.stat().st_size:
        return False
    with a.open("rb") as one, b.open("rb") as other:
        while chunk := one.read(1 << 20):
            if chunk != other.read(len(chunk)):
                return False
    return True


def _name(half: Path, target: Path) -> None:
    """A link, unlike a rename, never takes the place of a file that is there."""
    try:
        os.link(half, target)
    except FileExistsError:
        _check_same(half, target)
    except OSError:  # a disk that knows no links
        if target.exists():
            _check_same(half, target)
        else:
            half.rename(target)


def _check_same(half: Path, target: Path) -> None:
    if not same_bytes(half, target):
        raise Conflict(
            f"There is another file called {target.name} already; nothing was overwritten. "
            "Rename yours, or remove the other one first."
        )
