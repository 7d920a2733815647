"""What a repository on the Hugging Face hub holds, and which of its files the lab takes.

Only weights that cannot run anything and the texts beside them are taken: never a pickle, never code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from blocks.errors import InputError, NotAvailable, UnsafeFile
from blocks.models.headers import PICKLES
from blocks.models.places import RESERVED

__all__ = ["HubFile", "Listing", "chosen", "kept_name", "list_files"]

TEXTS = frozenset({".json", ".txt", ".model", ".jinja"})
"""Endings of configurations and of tokenizers."""

_LARGEST_TEXT = 64 << 20
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_VARIANT = re.compile(r"\.(fp16|bf16|fp32|non_ema|ema_only)(?=[.-])")
_INDEX = "model_index.json"


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository.

    Attributes:
        path: inside the repository.
        size: bytes.
        sha256: of a large file; "" for those that are kept in git itself.
        git: git's own name of a small file, a SHA-1; "" if it is not told.
    """

    path: str
    size: int
    sha256: str = ""
    git: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit.

    Attributes:
        commit: all of what is fetched is of it, whatever happens on the hub meanwhile.
        licence: as its author tagged it, or "".
    """

    repo: str
    commit: str
    files: tuple[HubFile, ...]
    licence: str = ""


def list_files(repo: str, revision: str = "main", hub: str = "") -> Listing:
    """Ask the hub what a repository holds.

    Args:
        repo: as in "stabilityai/stable-diffusion-xl-base-1.0".
        hub: address of another hub that speaks the same; "" for the client's own.

    Raises:
        InputError: it is no repository's name, or there is none, or no such revision.
        NotAvailable: the hub cannot be reached, or wants its licence accepted first.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    if not _REPO.fullmatch(repo):
        raise InputError(f"{repo[:200]!r} is no repository's name; they are OWNER/NAME, as on the hub's page.")
    try:
        found = HfApi(endpoint=hub or None).model_info(repo, revision=revision, files_metadata=True, timeout=30)
    except GatedRepoError as error:
        raise NotAvailable(
            f"{repo} asks its users to accept its licence first: accept it on the hub's page while signed in, then "
            "sign this machine in with `hf auth login` (or set HF_TOKEN), and pull it again."
        ) from error
    except RevisionNotFoundError as error:
        raise InputError(f"{repo} has no revision {revision!r}; leave it at main, or look on its page.") from error
    except RepositoryNotFoundError as error:
        raise InputError(
            f"The hub has no model {repo}; check its spelling on the hub's page. If it is a private one, sign this "
            "machine in with `hf auth login` (or set HF_TOKEN)."
        ) from error
    except HfHubHTTPError as error:
        raise NotAvailable(f"The hub could not answer for {repo} ({_first_line(error)}); try again later.") from error
    except Exception as error:  # the client's connection has its own tree of errors
        raise NotAvailable(
            f"The hub cannot be reached ({_first_line(error)}). Check the network, then try again; or copy the model's "
            "folder into the models folder by hand."
        ) from error
    files = tuple(_file(one) for one in found.siblings or ())
    card: Any = getattr(found, "card_data", None)
    licence = str(getattr(card, "license", None) or "") if card else ""
    if licence == "other":
        licence = str(getattr(card, "license_name", None) or "")
    return Listing(repo, str(found.sha or revision), files, licence[:100])


def chosen(listing: Listing, file: str = "") -> tuple[HubFile, ...]:
    """The files to fetch: one, or those that make the repository's folder a model.

    Raises:
        InputError: there is nothing in it that the lab uses.
        UnsafeFile: its weights are pickles only, or a path leads out of its folder.
    """
    for one in listing.files:
        path = PurePosixPath(one.path)
        if path.is_absolute() or ".." in path.parts or "\\" in one.path or "\0" in one.path:
            raise UnsafeFile(f"{listing.repo} holds a file called {one.path[:200]!r}, which leads out of its folder.")
    if file:
        return (_one(listing, file),)
    names = {one.path for one in listing.files}
    folders = _parts(names)
    if not folders:
        raise InputError(
            f"{listing.repo} is no model in diffusers' folders (it has no {_INDEX}) and no ControlNet. To take one "
            f"file of it, name it; it has {_shown(name for name in names if name.endswith('.safetensors'))}."
        )
    found = [one for one in listing.files if _wanted(one, folders)]
    plain = {one.path for one in found}
    taken = tuple(one for one in found if _VARIANT.sub("", one.path) == one.path or _plain(one.path) not in plain)
    _check_weights(listing, folders, taken)
    return taken


def kept_name(listing: Listing, file: str = "", name: str = "") -> str:
    """The name to keep it under: the one that is asked for, else the file's or the repository's own.

    Raises:
        InputError: it is no name for a model.
    """
    name = name or (PurePosixPath(file).name if file else listing.repo.partition("/")[2])
    if name != PurePosixPath(name).name or name.startswith(".") or "\\" in name or "\0" in name:
        raise InputError(f"{name[:200]!r} is no name for a model; use one without folders or a leading dot.")
    if name in RESERVED:
        raise InputError(f"The name {name} is kept for the lab's own model; give another.")
    if file and not name.endswith(".safetensors"):
        name += ".safetensors"
    return name


def _file(one: Any) -> HubFile:
    sha256 = str(getattr(one.lfs, "sha256", "") or "") if one.lfs else ""
    return HubFile(str(one.rfilename), int(one.size or 0), sha256, "" if sha256 else str(one.blob_id or ""))


def _one(listing: Listing, file: str) -> HubFile:
    if PurePosixPath(file).suffix.lower() in PICKLES:
        raise UnsafeFile(f"{file} may run code when it is read, so it is not fetched; look for its safetensors form.")
    if not file.endswith(".safetensors"):
        raise InputError(f"{file} is no safetensors file; only those are fetched one by one.")
    found = next((one for one in listing.files if one.path == file), None)
    if found is None:
        there = _shown(one.path for one in listing.files if one.path.endswith(".safetensors"))
        raise InputError(f"{listing.repo} has no file {file}; it has {there}.")
    return found


def _parts(names: Iterable[str]) -> frozenset[str]:
    """Folders that belong to the model: those beside an index, or the root of a single network; empty if neither."""
    found = set(names)
    if _INDEX in found:
        return frozenset({"", *(name.partition("/")[0] for name in found if name.count("/") == 1)})
    single = "config.json" in found and any(name.endswith(".safetensors") and "/" not in name for name in found)
    return frozenset({"."}) if single else frozenset()


def _wanted(one: HubFile, folders: frozenset[str]) -> bool:
    path = PurePosixPath(one.path)
    if path.name.startswith(".") or len(path.parts) > 2:
        return False
    if path.suffix in TEXTS:
        if one.size > _LARGEST_TEXT:
            return False
        return len(path.parts) == 1 or path.parts[0] in folders
    if path.suffix != ".safetensors":
        return False
    if "." in folders:
        return len(path.parts) == 1
    return len(path.parts) == 2  # what lies beside the parts is another form of the same model


def _plain(path: str) -> str:
    return _VARIANT.sub("", path)


def _check_weights(listing: Listing, folders: frozenset[str], taken: Iterable[HubFile]) -> None:
    """A part whose weights are pickles only would arrive without them."""
    having = {one.path.rpartition("/")[0] for one in taken if one.path.endswith(".safetensors")}
    for one in listing.files:
        folder, _, name = one.path.rpartition("/")
        if PurePosixPath(name).suffix in PICKLES and folder in folders - {"", "."} and folder not in having:
            raise UnsafeFile(
                f"{one.path} of {listing.repo} may run code when it is read, and there is no safetensors form beside "
                "it, so nothing was fetched. Look for a revision or another repository that has one."
            )
    if not having:
        raise InputError(f"{listing.repo} holds no safetensors weights that the lab could use; nothing was fetched.")


def _shown(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "") or "no safetensors files"


def _first_line(error: Exception) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:200]
