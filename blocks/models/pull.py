"""A model fetched from the hub: whole or not at all, every byte checked, and taken up where it was left."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import Conflict, DiskFull, InputError, NotAvailable, TransientError, UnreadableFile
from blocks.models.beside import look_at
from blocks.models.digest import model_digest, note_digest
from blocks.models.families import FAMILIES
from blocks.models.hub import HubFile, Listing, chosen, kept_name, list_files
from blocks.progress import Progress, silent

__all__ = ["PARTIAL", "Pulled", "pull_model"]

PARTIAL = ".pulling"
"""Folder, inside the models folder, of what is on its way."""

_SPARE = 1 << 30  # bytes that a download leaves free on the disk
_KINDS = {"faceid": "adapter", "ip-adapter": "adapter", "redux": "adapter"}


class Pulled(NamedTuple):
    """What has arrived, for the registry: name, kind, family, licence, commercial, source, digest, bytes, files."""

    model: dict[str, Any]


@block(version="1", grace=5.0)
def pull_model(
    repo: str,
    revision: str = "main",
    file: str = "",
    name: str = "",
    models: str = "",
    hub: str = "",
    digests: str = "",
    asked: str = "",
    *,
    progress: Progress = silent,
) -> Pulled:
    """Fetch a model into the models folder.

    Args:
        repo: as in "stabilityai/stable-diffusion-xl-base-1.0".
        revision: a branch, a tag or a commit.
        file: one safetensors file of it; "" for the whole model.
        name: what it is to be called; "" for its own name.
        models: the models folder.
        hub: address of another hub that speaks the same; "" for the client's own.
        digests: file in which digests of models are remembered; "" for none.
        asked: the moment it was asked for: what was fetched once and removed is fetched again.

    Raises:
        InputError, UnsafeFile, UnreadableFile: there is no such model, or none that the lab uses.
        NotAvailable: the hub cannot be reached, or wants its licence accepted first.
        TransientError: the connection broke; the next attempt goes on where it stopped.
        DiskFull: there is no room for it.
        Conflict: there is a model of that name, or it is being fetched already.
        Cancelled: from `progress`; what has arrived stays for the next time.
    """
    progress(0, "asking the hub")
    listing = list_files(repo, revision, hub)
    files, name = chosen(listing, file), kept_name(listing, file, name)
    target = Path(models, name)
    if target.exists():
        raise Conflict(f"There is something called {name} in the models folder; remove it first, or give another name.")
    with _partial(Path(models), name, listing) as folder:
        _check_room(folder, files, name)
        whole = folder / "whole" / name if file else folder / "whole"
        transfer = _Transfer(listing, hub, sum(one.size for one in files), progress)
        for one in files:
            transfer.fetch(one, whole if file else whole / one.path)
        about = _about(folder, whole, name, listing)
        _move(whole, target)
        for one in files:
            if one.sha256:
                note_digest(target if file else target / one.path, one.sha256)
    about["digest"] = model_digest(target, Path(digests) if digests else None)
    progress(1, "arrived")
    return Pulled(about | {"bytes": transfer.total, "files": len(files)})


@contextmanager
def _partial(models: Path, name: str, listing: Listing) -> Iterator[Path]:
    """The folder of what is on its way, held by one download at a time; gone when all has arrived."""
    folder = models / PARTIAL / f"{name}@{listing.commit[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"{name} is being fetched already; wait for that download, or stop it.") from None
        yield folder
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _check_room(folder: Path, files: tuple[HubFile, ...], name: str) -> None:
    here = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    missing = sum(one.size for one in files) - here + _SPARE
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise DiskFull(
            f"{name} needs {missing / 1e9:.1f} GB more on the disk, a spare gigabyte included, and {free / 1e9:.1f} GB "
            "are free. Free some (Settings, Disk), then pull it again."
        )


@dataclass
class _Transfer:
    """One download, file after file, and how far it is."""

    listing: Listing
    hub: str
    total: int
    progress: Progress
    done: int = 0
    fetched: int = 0
    began: float = 0.0

    def fetch(self, one: HubFile, place: Path) -> None:
        """Have a file, checked; what of it is here already is not fetched again.

        Raises:
            TransientError: the connection broke, or the bytes are not those that were announced.
        """
        if not (place.is_file() and place.stat().st_size == one.size):
            part = place.with_name(f"{place.name}.part")
            part.parent.mkdir(parents=True, exist_ok=True)
            self._stream(one, part)
            _check(one, part)
            part.replace(place)
        else:
            self._tell(one.size, fetched=0)

    def _stream(self, one: HubFile, part: Path) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session

        here = part.stat().st_size if part.exists() else 0
        if here > one.size:
            part.unlink()
            here = 0
        if here == one.size and one.size:
            self._tell(here, fetched=0)
            return
        url = hf_hub_url(self.listing.repo, one.path, revision=self.listing.commit, endpoint=self.hub or None)
        headers = build_hf_headers() | {"Accept-Encoding": "identity"}  # or sizes and ranges mean something else
        if here:
            headers["Range"] = f"bytes={here}-"
        self.began = self.began or time.monotonic()
        try:
            with get_session().stream("GET", url, headers=headers, follow_redirects=True, timeout=30) as answer:
                _check_status(answer.status_code, one, self.listing.repo)
                if here and answer.status_code != 206:  # it cannot begin in the middle
                    here = 0
                self._tell(here, fetched=0)
                with part.open("ab" if here else "wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
                        self._tell(len(chunk))
                    file.flush()
                    os.fsync(file.fileno())
        except OSError:
            raise  # of the disk: the worker knows what it means
        except Exception as error:
            if type(error).__module__.startswith("blocks."):
                raise
            raise TransientError(
                f"The connection to the hub broke at {one.path} ({type(error).__name__}); what has arrived is kept, "
                "and the next attempt goes on from there."
            ) from error

    def _tell(self, size: int, fetched: int | None = None) -> None:
        self.done += size
        self.fetched += size if fetched is None else fetched
        passed = time.monotonic() - self.began if self.began else 0.0
        speed = f", {self.fetched / passed / 1e6:.1f} MB/s" if passed > 1 and self.fetched else ""
        left = f", {_clock((self.total - self.done) * passed / self.fetched)} left" if speed else ""
        share = min(0.99, self.done / max(1, self.total))
        self.progress(share, f"{_shown(self.done)} of {_shown(self.total)}{speed}{left}")


def _check_status(status: int, one: HubFile, repo: str) -> None:
    if status in (401, 403):
        raise NotAvailable(
            f"The hub does not let this machine have {one.path} of {repo}: accept the model's licence on its page, and "
            "sign in with `hf auth login` (or set HF_TOKEN)."
        )
    if status == 404:
        raise InputError(f"{repo} has no file {one.path} any more; pull it again.")
    if status >= 400:
        raise TransientError(f"The hub answered {status} for {one.path} of {repo}; it is tried again.")


def _check(one: HubFile, part: Path) -> None:
    """Every byte of a file is what the hub announced; a file that is not is fetched anew."""
    size = part.stat().st_size
    if size < one.size:
        raise TransientError(
            f"{one.path} ended after {size:,} of {one.size:,} bytes; the next attempt goes on from there."
        )
    if size > one.size or _named(one, part) != (one.sha256 or one.git):
        part.unlink()
        raise TransientError(f"{one.path} did not arrive as it was announced; it is fetched anew.")


def _named(one: HubFile, part: Path) -> str:
    """The name that the file's bytes have: SHA-256 of a large one, git's own of a small one."""
    if one.sha256:
        with part.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not one.git:
        return ""
    return hashlib.sha1(b"blob %d\0" % one.size + part.read_bytes(), usedforsecurity=False).hexdigest()


def _about(folder: Path, whole: Path, name: str, listing: Listing) -> dict[str, Any]:
    """What has arrived, by the lab's own rules; what they refuse does not stay."""
    try:
        found = look_at(whole, name)
        if found.why:
            raise UnreadableFile(f"{name} cannot be used. {found.why}")
    except InputError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    drawn = FAMILIES.get(found.family) if found.kind == "generate" else None
    licence = listing.licence or found.licence or (drawn.licence if drawn else "")
    commercial = drawn.commercial if drawn else None
    if any(word in licence.lower() for word in ("non-commercial", "noncommercial", "-nc")):
        commercial = False
    return {
        "name": name,
        "kind": _KINDS.get(found.kind, found.kind),
        "family": found.family,
        "licence": licence or "see where it came from",
        "commercial": commercial,
        "source": f"{listing.repo} at {listing.commit[:12]}, from the hub",
    }


def _move(whole: Path, target: Path) -> None:
    """A rename: the model is there whole, or not at all, and takes no other's place."""
    if target.exists():
        raise Conflict(f"There is something called {target.name} in the models folder now; nothing was overwritten.")
    whole.rename(target)


def _shown(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes}:{rest:02}"
