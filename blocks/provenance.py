"""Every finished file says how it was made: its recipe, written beside the pixels and packets and never into them.

A recipe is a JSON object of the caller's making (pipeline, inputs, parameters, versions, digests). An entry "ai"
in it, an object with any of "system", "version", "prompt", "prompt_writer" and "source_type" (a code of IPTC's
digital source types, such as "algorithmicallyEnhanced"), is also written as the fields of IPTC 2025.1.
Saving a file with another program may drop all this; the lab's store is what can be relied on. Stamping comes
before signing: it invalidates a C2PA signature that is already there.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from blocks.block import block
from blocks.errors import InputError, UnreadableFile
from blocks.stamping import gif, jpeg, matroska, mp4, parts, png, webp, xmp

__all__ = ["LARGEST_RECIPE", "read_recipe", "stamp", "stamp_clip", "stamp_picture"]

Recipe = dict[str, Any]

LARGEST_RECIPE = 32 << 10
"""Bytes of JSON. A recipe names its inputs by digest; it does not hold them."""

PICTURES: dict[str, ModuleType] = {"PNG": png, "JPEG": jpeg, "WebP": webp, "GIF": gif}
CLIPS = ("MP4", "Matroska")
STILLS_IN_BOXES = frozenset({b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1"})


@block(version="1")
def stamp(
    file: Path, system: str = "", system_version: str = "", source_type: str = "", *, recipe: Recipe, scratch: Path
) -> Path:
    """The picture or clip with the recipe of how it was made in it, under its own name in scratch.

    Args:
        file: PNG, JPEG, WebP, GIF, MP4, MOV, MKV or WebM.
        system, system_version: the AI model that made or changed it, if one did.
        source_type: a code of IPTC's digital source types, if one fits.
        recipe: a JSON object, at most `LARGEST_RECIPE` bytes of it.

    Raises:
        InputError: a kind of file that holds no recipe, or a recipe that is too long or no JSON.
        UnreadableFile: the file is damaged.
        DiskFull: no space is left.
    """
    ai = {"system": system, "version": system_version, "source_type": source_type}
    told = {name: text for name, text in ai.items() if text}
    write = stamp_picture if _kind(file) in PICTURES else stamp_clip
    return write(file, scratch / file.name, recipe | {"ai": told} if told else recipe)


def stamp_picture(path: Path, target: Path, recipe: Recipe) -> Path:
    """Copy a PNG, JPEG, WebP or GIF with a recipe in it; the coded pixels are copied byte by byte.

    Metadata that is already there stays, an older recipe gives way. Errors are those of `stamp`.
    """
    return _stamp(path, target, recipe, tuple(PICTURES))


def stamp_clip(path: Path, target: Path, recipe: Recipe) -> Path:
    """Copy an MP4, MOV, MKV or WebM with a recipe in it; packets, timestamps and tags are copied.

    In MP4 and MOV the recipe is XMP, and the comment if the clip has none; in MKV and WebM it is the tag RECIPE.
    Errors are those of `stamp`.
    """
    return _stamp(path, target, recipe, CLIPS)


def read_recipe(path: Path) -> Recipe | None:
    """The recipe in a file, or None if there is none. It is what the file says, not proof of it.

    Raises:
        InputError: a kind of file that holds no recipe.
        UnreadableFile: the file is damaged.
    """
    kind = _kind(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        text = matroska.find(file, size) if kind == "Matroska" else xmp.recipe_text(_module(kind).find(file, size))
    return _recipe(text)


def _stamp(path: Path, target: Path, recipe: Recipe, kinds: tuple[str, ...]) -> Path:
    text = _json(recipe)
    kind = _kind(path)
    if kind not in kinds:
        raise InputError(f"{path.name} is {kind}; here only {', '.join(kinds)} can be given a recipe.")
    fields = recipe.get("ai")
    with parts.whole(target) as part, path.open("rb") as source, part.open("wb") as copy:
        placed = _placed(kind, source, path.stat().st_size, text, fields if isinstance(fields, dict) else {})
        parts.write(source, copy, placed)
    return target


def _placed(kind: str, source: BinaryIO, size: int, text: str, ai: dict[str, Any]) -> list[parts.Part]:
    if kind == "Matroska":
        return matroska.place(source, size, text)
    module = _module(kind)
    packet = xmp.merged(module.find(source, size), text, ai)
    if module is jpeg and len(packet) > jpeg.LIMIT:  # too little room for both: older metadata gives way
        packet = xmp.merged(None, text, ai)
    placed: list[parts.Part] = module.place(source, size, packet)
    return placed


def _module(kind: str) -> ModuleType:
    return mp4 if kind == "MP4" else PICTURES[kind]


def _json(recipe: Recipe) -> str:
    """Plain ASCII, so that no container, tag or terminal on the way can spoil it."""
    try:
        text = json.dumps(recipe, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"the recipe cannot be written as JSON: {error}. Use plain values, and text for files."
        ) from None
    if not isinstance(recipe, dict):
        raise InputError(f"a recipe is a JSON object, not {type(recipe).__name__}.")
    if len(text) > LARGEST_RECIPE:
        raise InputError(
            f"the recipe takes {len(text):,} bytes and at most {LARGEST_RECIPE:,} go into a file; "
            "name large inputs by digest instead of including them."
        )
    return text


def _recipe(text: str | None) -> Recipe | None:
    """A recipe that somebody else wrote: anything but a JSON object of bearable size is none."""
    if text is None or len(text) > LARGEST_RECIPE:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _kind(path: Path) -> str:
    """What a file is by its first bytes, whatever its name says."""
    if not path.is_file():
        raise UnreadableFile(f"{path.name} is not a file, or is not there any more.")
    with path.open("rb") as file:
        start = file.read(16)
    starts = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"\x1aE\xdf\xa3": "Matroska"}
    for magic, kind in starts.items():
        if start.startswith(magic):
            return kind
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WebP"
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free") and start[8:12] not in STILLS_IN_BOXES:
        return "MP4"
    raise InputError(f"{path.name} is of a kind that holds no recipe; PNG, JPEG, WebP, GIF, MP4, MOV, MKV and WebM do.")
