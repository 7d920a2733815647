"""Opening picture files that nobody vouches for: what is checked, and in which order.

First the directory entry (a pipe would hang, an empty file explains itself), then the header (a picture format,
a bearable size), and only then the pixels.
"""

from __future__ import annotations

import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, UnidentifiedImageError

from blocks.errors import InputError, LabError, UnreadableFile, UnsafeFile

__all__ = ["DEPTH_16", "PictureFacts", "decode_frames", "decode_sixteen", "opened", "probe"]

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
ANIMATED = frozenset({"PNG", "GIF", "WEBP", "AVIF"})
DEPTH_16 = 16
MILLION = 1_000_000
ORIENTATION = 0x0112
PNG_DEPTH_AT, PNG_COLOUR_AT = 24, 25  # bytes of the header chunk
PNG_GREY_ALPHA = 4
DEFAULT_DURATION = 100.0  # milliseconds; what browsers use for a frame that gives none

KNOWN_STARTS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x80", "a Python pickle"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document or SVG drawing"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<script", "a web page"),
)


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What a picture's header says.

    Attributes:
        format: "PNG", "JPEG", ..., by content.
        width, height: pixels, upright.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA, as it will be decoded.
        depth: bits a sample as it will be decoded, 8 or 16.
        frames: 1 for a still picture.
        orientation: the camera's EXIF value, 1 to 8.
        loop: how often an animation plays, 0 for ever, None if unsaid.
        icc: colour profile that fits the decoded samples, or None.
        dpi: dots an inch, or None.
    """

    format: str
    width: int
    height: int
    channels: int
    depth: int = 8
    frames: int = 1
    orientation: int = 1
    loop: int | None = None
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None

    @property
    def megapixels(self) -> float:
        """Of all frames together."""
        return self.width * self.height * self.frames / MILLION


def probe(path: Path, max_megapixels: float) -> PictureFacts:
    """Read the header and judge it; the errors of `read_picture`."""
    with opened(path) as image:
        _check_size(image, path, 1, max_megapixels)
        frames = _frame_count(image, path)
        _check_size(image, path, frames, max_megapixels)
        orientation = _orientation(image)
        channels, depth = _samples(image, path)
        width, height = image.size[::-1] if orientation > 4 else image.size
        icc = image.info.get("icc_profile") or None
        return PictureFacts(
            "JPEG" if image.format == "MPO" else str(image.format),
            width,
            height,
            channels,
            depth,
            frames,
            orientation,
            image.info.get("loop") if frames > 1 else None,
            icc if icc and _fits(icc, channels) else None,
            _dpi(image),
        )


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The file as a Pillow image whose pixels are not read yet; whatever Pillow throws inside becomes ours."""
    _check_entry(path)
    Image.init()  # registers every format; a name that is not registered fails in open
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own cap is stricter than the warning about size
            with Image.open(path, formats=FORMATS) as image:
                yield image
    except LabError:
        raise
    except Image.DecompressionBombError as error:
        raise UnsafeFile(f"{path.name} holds too many pixels to be opened safely; reduce it first.") from error
    except MemoryError as error:
        raise UnsafeFile(f"{path.name} needs more memory than there is; reduce it first.") from error
    except UnidentifiedImageError as error:
        raise UnreadableFile(_explain(path)) from error
    except Exception as error:  # decoders throw many kinds: OSError, SyntaxError, ValueError, struct.error, ...
        raise UnreadableFile(f"{path.name} is damaged or cut short ({error}); save or download it again.") from error


def decode_frames(image: Image.Image, facts: PictureFacts) -> tuple[list[NDArray[Any]], list[float]]:
    """Every frame, upright, as 8-bit arrays of `facts.channels`, and how many milliseconds each stays."""
    frames, durations = [], []
    first = 1 if getattr(image, "default_image", False) else 0  # a PNG's stand-in for programs without animation
    for index in range(first, first + facts.frames):
        if index:
            image.seek(index)
        image.load()
        if facts.depth == DEPTH_16:
            continue  # loaded only to learn whether the file is whole
        frames.append(_upright(_eight_bit(image, facts.channels), facts.orientation))
        durations.append(float(image.info.get("duration") or DEFAULT_DURATION))
    return frames, durations


def decode_sixteen(path: Path, facts: PictureFacts) -> NDArray[np.uint16]:
    """A 16-bit picture, which Pillow would cut to 8 bits."""
    import cv2

    data = np.fromfile(path, np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None or pixels.dtype != np.uint16:
        raise UnreadableFile(f"{path.name} says it has 16 bits a sample but does not decode so; save it again as PNG.")
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.shape[2] >= 3:
        pixels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    if pixels.shape[2] != facts.channels:
        pixels = _sixteen_as(pixels, facts.channels)
    return _upright(pixels, facts.orientation)


def _check_entry(path: Path) -> None:
    try:
        entry = path.stat()
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path.name} cannot be opened ({error}); check the name.") from error
    if stat.S_ISDIR(entry.st_mode):
        raise UnreadableFile(f"{path.name} is a folder, not a picture; choose a file in it.")
    if not stat.S_ISREG(entry.st_mode):
        raise UnreadableFile(f"{path.name} is a pipe or device, not a file; choose a picture file.")
    if entry.st_size == 0:
        raise UnreadableFile(f"{path.name} is empty (zero bytes); save or download it again.")


def _explain(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((name for known, name in KNOWN_STARTS if start.startswith(known.lower())), None)
    found = f"is {kind}, not a picture" if kind else "is not a picture that can be read"
    return f"{path.name} {found}; use PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF."


def _check_size(image: Image.Image, path: Path, frames: int, limit: float) -> None:
    megapixels = image.width * image.height * frames / MILLION
    if megapixels > limit:
        what = f"{image.width}x{image.height}" + (f" x {frames} frames" if frames > 1 else "")
        raise UnsafeFile(
            f"{path.name} has {megapixels:.0f} megapixels ({what}), the limit is {limit:.0f}; reduce or crop it first."
        )


def _frame_count(image: Image.Image, path: Path) -> int:
    count = int(getattr(image, "n_frames", 1))
    if count > 1 and image.format == "TIFF":
        raise InputError(f"{path.name} holds {count} pages; save the one you want as a picture of its own.")
    if image.format not in ANIMATED:
        return 1  # a camera's second view (MPO) is not a second frame
    return count - 1 if getattr(image, "default_image", False) else count


def _orientation(image: Image.Image) -> int:
    """The camera's, 1 to 8. Of a PNG only what stands before the pixels: Pillow's own way decodes it all to look."""
    if image.format == "PNG":
        exif = Image.Exif()
        exif.load(image.info.get("exif", b""))
    else:
        exif = image.getexif()
    value = exif.get(ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def _samples(image: Image.Image, path: Path) -> tuple[int, int]:
    """Channels and bits a sample that the picture is decoded to."""
    bits = _stored_bits(image, path)
    if image.mode in ("F", "I") and bits != DEPTH_16:
        raise InputError(f"{path.name} has 32-bit samples; save it with 8 or 16 bits a sample.")
    has_alpha = "A" in image.mode or image.mode in ("La", "RGBa") or "transparency" in image.info
    grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I") or _hidden_grey(image, path)
    if bits == DEPTH_16 and grey and "transparency" in image.info:
        raise InputError(f"{path.name} makes one grey of 65,536 transparent; save it with an alpha channel.")
    return (1 if grey else 3) + has_alpha, DEPTH_16 if bits == DEPTH_16 else 8


def _stored_bits(image: Image.Image, path: Path) -> int:
    """Bits a sample in the file, which Pillow's mode hides for 16-bit colour."""
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(PNG_DEPTH_AT + 1)[PNG_DEPTH_AT]
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(258, (8,))))  # type: ignore[attr-defined]
    return DEPTH_16 if image.mode.startswith("I") else 8


def _hidden_grey(image: Image.Image, path: Path) -> bool:
    """Pillow calls a 16-bit PNG of grey and alpha RGBA."""
    if image.format != "PNG" or image.mode != "RGBA":
        return False
    with path.open("rb") as file:
        return file.read(PNG_COLOUR_AT + 1)[PNG_COLOUR_AT] == PNG_GREY_ALPHA


def _eight_bit(image: Image.Image, channels: int) -> NDArray[np.uint8]:
    target = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    if image.mode == "CMYK":
        image = _cmyk_to_rgb(image)
    array = np.asarray(image if image.mode == target else image.convert(target))
    return np.ascontiguousarray(array.reshape(*array.shape[:2], channels))


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """By its own profile if it has a sound one, else by Pillow's plain rule."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # an unsound profile says nothing about the colours
    return image.convert("RGB")


def _fits(icc: bytes, channels: int) -> bool:
    """A profile is kept only where its colour space is that of the decoded samples."""
    return icc[16:20] == (b"GRAY" if channels <= 2 else b"RGB ")


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi: Any = image.info.get("dpi")
    try:
        x, y = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 1 <= x <= 100_000 and 1 <= y <= 100_000 else None


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo the camera's orientation (EXIF 2.32, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _sixteen_as(pixels: NDArray[Any], channels: int) -> NDArray[Any]:
    """Between the decoder's idea of the channels and the header's: grey may come as colour, alpha may be missing."""
    colour, alpha = (pixels[..., :-1], pixels[..., -1:]) if pixels.shape[2] in (2, 4) else (pixels, None)
    if channels <= 2:
        colour = colour[..., :1]
    elif colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    if channels in (1, 3):
        return np.ascontiguousarray(colour)
    opaque = np.full((*colour.shape[:2], 1), np.iinfo(np.uint16).max, np.uint16)
    return np.concatenate([colour, opaque if alpha is None else alpha], axis=2)
