"""Small pictures of large media, made once and kept in the home's `thumbs` folder (safe to delete)."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path

from blocks.errors import UnreadableFile

__all__ = ["THUMB_SIDE", "thumbnail"]

THUMB_SIDE = 640
"""Longest side in pixels: sharp at 320 CSS pixels on a dense screen."""

_decoders = threading.BoundedSemaphore(2)


def thumbnail(path: Path, media_type: str, digest: str, folder: Path) -> Path:
    """The WebP thumbnail of a picture or clip; made now if it is not there. Carries no metadata of the original.

    Raises:
        UnreadableFile: no picture can be made of the file.
    """
    target = folder / digest[:2] / f"{digest}.webp"
    if target.exists():
        return target
    with _decoders:
        try:
            data = _encode(path, is_clip=media_type.startswith("video/"))
        except (OSError, ValueError, SyntaxError) as error:
            raise UnreadableFile(f"No thumbnail of {digest[:12]}: the file cannot be decoded ({error}).") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).replace(target)
    return target


def _encode(path: Path, *, is_clip: bool) -> bytes:
    import io

    from PIL import Image, ImageOps

    try:
        with _first_frame(path) if is_clip else Image.open(path) as opened:
            opened.draft("RGB", (THUMB_SIDE, THUMB_SIDE))
            image = ImageOps.exif_transpose(opened)
            image.thumbnail((THUMB_SIDE, THUMB_SIDE), reducing_gap=2.0)
            if image.mode not in ("RGB", "RGBA"):
                image = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
            buffer = io.BytesIO()
            image.save(buffer, "WEBP", quality=82, exif=b"", icc_profile=image.info.get("icc_profile", b""))
            return buffer.getvalue()
    except Image.DecompressionBombError as error:
        raise ValueError("too many pixels") from error


def _first_frame(path: Path):  # type: ignore[no-untyped-def]
    import av

    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            return frame.to_image().rotate(frame.rotation, expand=True)
    raise ValueError("no frame")
