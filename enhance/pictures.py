"""Picture files in and out: what they hold is kept, what they could do to the machine is refused.

Kept: size, channels, 8 or 16 bits, alpha, colour profile, dots an inch, frames with their times. The camera's
orientation is applied. Not kept: every other piece of metadata, so that a GPS position does not travel along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blocks.errors import InputError
from enhance._opening import DEPTH_16, PictureFacts, decode_frames, decode_sixteen, opened, probe
from enhance._png import PngWriter, full_disk_named

__all__ = ["MAX_MEGAPIXELS", "Picture", "PictureFacts", "probe_picture", "read_picture", "write_picture"]

MAX_MEGAPIXELS = 100.0
SIDE_LIMITS = {"JPEG": 65_500, "WEBP": 16_383}
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}
QUALITY = 95


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, still or animated.

    Attributes:
        frames: height x width x channels each (1 grey, 2 grey and alpha, 3 RGB, 4 RGBA), uint8 or uint16; upright.
        durations: milliseconds that each frame stays; empty for a still picture.
        loop: how often an animation plays, 0 for ever, None if the file does not say (it plays once).
        icc: colour profile that the samples are in, or None (then sRGB).
        dpi: dots an inch, horizontal and vertical, or None.
        format: the file's real format ("PNG", "JPEG", ...), whatever its name.
    """

    frames: tuple[NDArray[Any], ...]
    durations: tuple[float, ...] = ()
    loop: int | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    format: str = "PNG"

    @property
    def array(self) -> NDArray[Any]:
        """The first frame without alpha: height x width x (1 or 3)."""
        first = self.frames[0]
        return first[..., : first.shape[2] - (1 - first.shape[2] % 2)]

    @property
    def alpha(self) -> NDArray[Any] | None:
        """The first frame's alpha, height x width, or None."""
        first = self.frames[0]
        return first[..., -1] if first.shape[2] in (2, 4) else None

    @property
    def animated(self) -> bool:
        """Whether it has more than one frame."""
        return len(self.frames) > 1

    @property
    def depth(self) -> int:
        """Bits a sample: 8 or 16."""
        return int(self.frames[0].dtype.itemsize) * 8

    def with_frames(self, frames: Sequence[NDArray[Any]]) -> Picture:
        """The same picture with other pixels."""
        return replace(self, frames=tuple(frames))


def probe_picture(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> PictureFacts:
    """What a picture file holds, from its header alone; raises what `read_picture` would raise so far."""
    return probe(path, max_megapixels)


def read_picture(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Decode a PNG, APNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or PPM file, judged by content and not by name.

    Args:
        path: the file.
        max_megapixels: pixels of all frames together that are accepted, in millions; checked before decoding.

    Raises:
        UnreadableFile: not there, no regular file, empty, truncated, or not a picture.
        UnsafeFile: more pixels than accepted, or a decompression bomb.
        InputError: a picture of a kind that cannot be kept right (several pages, 32-bit samples).
    """
    facts = probe(path, max_megapixels)
    with opened(path) as image:
        frames, durations = decode_frames(image, facts)
    if facts.depth == DEPTH_16:
        frames = [decode_sixteen(path, facts)]
    return Picture(
        tuple(frames),
        tuple(durations) if facts.frames > 1 else (),
        facts.loop,
        facts.icc,
        facts.dpi,
        facts.format,
    )


def write_picture(picture: Picture, path: Path) -> Path:
    """Write a picture in the format that the path's suffix names: .png, .jpg, .webp or .gif.

    JPEG has no alpha (laid on white) and, like WebP and GIF, 8 bits a sample.

    Raises:
        InputError: the format cannot hold this picture.
        DiskFull: no space is left.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path.name}: pictures are written as .png, .jpg, .webp or .gif; choose one of these.")
    height, width, channels = picture.frames[0].shape
    limit = SIDE_LIMITS.get(kind)
    if limit and max(height, width) > limit:
        raise InputError(
            f"{path.name}: {kind} holds at most {limit} pixels a side, this is {width}x{height}; choose PNG."
        )
    if picture.animated and kind == "JPEG":
        raise InputError(f"{path.name}: JPEG holds no animation; choose PNG, WebP or GIF.")
    if kind == "PNG" and not picture.animated:
        with PngWriter(
            path, width=width, height=height, channels=channels, depth=picture.depth, icc=picture.icc, dpi=picture.dpi
        ) as png:
            png.write(picture.frames[0])
        return path
    _save(picture, path, kind)
    return path


def _save(picture: Picture, path: Path, kind: str) -> None:
    """Through Pillow: the lossy formats and every animation."""
    images = [_image(frame, opaque=kind == "JPEG") for frame in picture.frames]
    options: dict[str, Any] = {"icc_profile": picture.icc} if picture.icc else {}
    if picture.dpi and kind in ("JPEG", "PNG"):
        options["dpi"] = picture.dpi
    if kind in ("JPEG", "WEBP"):
        options["quality"] = QUALITY
    if kind == "JPEG":
        options["subsampling"] = 0
    if picture.animated:
        options |= {"save_all": True, "append_images": images[1:], "duration": [round(d) for d in picture.durations]}
        options |= _loop(picture.loop, kind)
        if kind == "GIF":
            options["disposal"] = 2 if picture.alpha is not None else 1
    with full_disk_named(path):
        images[0].save(path, kind, **options)


def _loop(loop: int | None, kind: str) -> dict[str, int]:
    """A GIF without a count plays once; the other formats say so with 1."""
    if kind == "GIF":
        return {} if loop is None else {"loop": loop}
    return {"loop": 1 if loop is None else loop}


def _image(frame: NDArray[Any], *, opaque: bool) -> Image.Image:
    """As a Pillow image of 8 bits; without alpha if `opaque`."""
    if frame.dtype == np.uint16:
        frame = ((frame.astype(np.uint32) + 128) // 257).astype(np.uint8)
    channels = frame.shape[2]
    if opaque and channels in (2, 4):
        alpha = frame[..., -1:].astype(np.float32) / 255
        frame = np.rint(frame[..., :-1] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else np.ascontiguousarray(frame))
