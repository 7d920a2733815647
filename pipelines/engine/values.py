"""Values on the wire: how what a step takes and gives is written down.

JSON values stand for themselves. What JSON cannot hold is a dict with one key that starts with "$":

    {"$blob": digest, "name": ..., "type": ..., "size": ..., "as": "file" | "picture" | "array" | "bytes"}
    {"$tuple": [...]}
    {"$dict": ...}           a dict of the user's own that has such a key

Files, PIL pictures, numpy arrays and bytes become blobs. Anything else is refused by name: a value that cannot be
written down cannot be kept, shown, or proved.
"""

from __future__ import annotations

import io
import itertools
import mimetypes
import sys
from pathlib import Path
from typing import Any

from blocks.errors import InputError, UnknownName
from data.blobs import Blobs
from data.records import FileRef

__all__ = ["as_plain", "decode", "encode", "file_value", "is_file", "media_type", "short_name", "store_file"]

_MARKS = ("$blob", "$tuple", "$dict")
_FORMATS = {
    **dict.fromkeys(("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "PNG"),
    **dict.fromkeys(("I", "F", "CMYK", "LAB"), "TIFF"),
}
"""By mode of a picture, the file that brings back every bit of it."""
_LONGEST = 200  # bytes of a file name that every file system allows, with room for a suffix of our own
_verified: dict[str, tuple[int, int, int]] = {}
_TYPES = {".webp": "image/webp", ".mkv": "video/x-matroska", ".npy": "application/x-npy", ".avif": "image/avif"}


def encode(value: Any, blobs: Blobs, *, files: bool = False) -> Any:
    """A Python value as a wire value; its files and arrays are stored.

    Args:
        files: a plain string that names an existing file is that file (a Gradio file component's convention).

    Raises:
        InputError: the value is of a kind that cannot be kept, or a file that is not there.
    """
    match value:
        case None | bool():
            return value
        case int() | float():  # of whatever kind: an enum's own class need not be known where it is read
            return int(value) if isinstance(value, int) else float(value)
        case FileRef():
            return file_value(value)
        case str():
            return store_file(Path(value), blobs) if files and is_file(value) else str.__str__(value)
        case Path():
            return store_file(value, blobs)
        case list():
            return [encode(x, blobs, files=files) for x in value]
        case tuple():
            return {"$tuple": [encode(x, blobs, files=files) for x in value]}
        case dict():
            return _encode_dict(value, blobs, files)
        case bytes() | bytearray():
            return _store_bytes(bytes(value), "data.bin", "application/octet-stream", "bytes", blobs)
    return _encode_rich(value, blobs)


def decode(
    value: Any, blobs: Blobs, folder: Path, *, paths: bool = True, numbers: itertools.count[int] | None = None
) -> Any:
    """A wire value as what the block asked for; files appear in `folder` under their own names, as links.

    Args:
        paths: hand files over as `Path`; else as strings, as daggr does between its nodes.

    Raises:
        CorruptBlob: a blob's bytes are not those of its name.
        UnknownName: a blob is missing.
    """
    numbers = numbers or itertools.count()
    match value:
        case {"$blob": digest, "name": name, "as": kind}:
            file = _decode_blob(digest, name, kind, blobs, folder / str(next(numbers)))
            return str(file) if isinstance(file, Path) and not paths else file
        case {"$tuple": items}:
            return tuple(decode(x, blobs, folder, paths=paths, numbers=numbers) for x in items)
        case {"$dict": inner} | dict(inner):
            return {k: decode(v, blobs, folder, paths=paths, numbers=numbers) for k, v in inner.items()}
        case list():
            return [decode(x, blobs, folder, paths=paths, numbers=numbers) for x in value]
    return value


def as_plain(value: Any) -> Any:
    """A wire value for people: files become `FileRef`, tuples and dicts are themselves again."""
    match value:
        case {"$blob": digest, "name": name, "type": media_type, "size": size}:
            return FileRef(digest, name, media_type, size)
        case {"$tuple": items}:
            return tuple(as_plain(x) for x in items)
        case {"$dict": inner}:
            return {k: as_plain(v) for k, v in inner.items()}
        case dict():
            return {k: as_plain(v) for k, v in value.items()}
        case list():
            return [as_plain(x) for x in value]
    return value


def store_file(path: Path, blobs: Blobs, name: str | None = None) -> dict[str, Any]:
    """Keep a file's bytes; its wire value.

    Raises:
        InputError: there is no such file.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}; check the path.")
    blob = blobs.put_file(path)
    return file_value(FileRef(blob.digest, name or path.name, media_type(name or path.name), blob.size))


def is_file(text: str) -> bool:
    """Whether a string names an existing file; a long prompt is none, though asking the system about it fails."""
    try:
        return bool(text) and Path(text).is_file()
    except OSError:
        return False


def short_name(name: str) -> str:
    """The last part of a file's name, without control characters and no longer than file systems allow."""
    plain = "".join(c for c in name.rsplit("/", 1)[-1] if c.isprintable())
    if plain in ("", ".", ".."):
        return "file"
    if len(plain.encode(errors="replace")) <= _LONGEST:
        return plain
    suffix = Path(plain).suffix[-20:]
    stem = plain.encode(errors="replace")[: _LONGEST - len(suffix.encode(errors="replace"))]
    return stem.decode(errors="ignore") + suffix


def file_value(ref: FileRef) -> dict[str, Any]:
    """The wire value of a kept file."""
    return {"$blob": ref.digest, "name": ref.name, "type": ref.media_type, "size": ref.size, "as": "file"}


def media_type(name: str) -> str:
    """Media type by suffix; unknown ones are octets."""
    suffix = Path(name).suffix.lower()
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _encode_dict(value: dict[Any, Any], blobs: Blobs, files: bool) -> dict[str, Any]:
    wrong = next((k for k in value if not isinstance(k, str)), None)
    if wrong is not None:
        raise InputError(f"A dict with the key {wrong!r} cannot be kept: use strings as keys.")
    inner = {k: encode(v, blobs, files=files) for k, v in value.items()}
    return {"$dict": inner} if any(k in _MARKS for k in inner) else inner


def _encode_rich(value: Any, blobs: Blobs) -> Any:
    """Pictures and arrays, recognised without importing their libraries."""
    numpy, pillow = sys.modules.get("numpy"), sys.modules.get("PIL.Image")
    buffer = io.BytesIO()
    if numpy is not None and isinstance(value, numpy.generic):
        return value.item()
    if numpy is not None and isinstance(value, numpy.ndarray) and value.dtype != object:
        numpy.save(buffer, value, allow_pickle=False)
        return _store_bytes(buffer.getvalue(), "array.npy", "application/x-npy", "array", blobs)
    if pillow is not None and isinstance(value, pillow.Image):
        return _encode_picture(value, blobs)
    raise InputError(
        f"A value of type {type(value).__module__}.{type(value).__qualname__} cannot be kept: give a JSON value, "
        "a Path, a PIL picture, a numpy array or bytes."
    )


def _encode_picture(picture: Any, blobs: Blobs) -> dict[str, Any]:
    form = _FORMATS.get(picture.mode)
    if form is None:
        raise InputError(f"A picture of mode {picture.mode} cannot be kept as it is; convert it to RGB.")
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return _store_bytes(buffer.getvalue(), f"picture.{form.lower()}", f"image/{form.lower()}", "picture", blobs)


def _store_bytes(content: bytes, name: str, kind: str, form: str, blobs: Blobs) -> dict[str, Any]:
    blob = blobs.put_bytes(content)
    return {"$blob": blob.digest, "name": name, "type": kind, "size": blob.size, "as": form}


def _verify_once(digest: str, blobs: Blobs) -> None:
    """Hash a blob the first time this process meets it, and again only if the file has changed since."""
    status = blobs.path(digest).stat()
    seen = (status.st_ino, status.st_mtime_ns, status.st_size)
    if _verified.get(digest) != seen:
        blobs.verify(digest)
        _verified[digest] = seen


def _decode_blob(digest: str, name: str, kind: str, blobs: Blobs, folder: Path) -> Any:
    if not blobs.has(digest):
        raise UnknownName(f"The bytes of {name} ({digest[:12]}) are no longer kept; bring the file in again.")
    _verify_once(digest, blobs)
    if kind == "bytes":
        return blobs.read(digest)
    if kind == "array":
        import numpy

        return numpy.load(blobs.path(digest), allow_pickle=False)
    if kind == "picture":
        from PIL import Image

        with Image.open(blobs.path(digest)) as picture:
            picture.load()
            return picture
    # A folder a file: two inputs may share a name, and the name (with its suffix) is what libraries go by.
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / short_name(name)
    link.symlink_to(blobs.path(digest))
    return link
