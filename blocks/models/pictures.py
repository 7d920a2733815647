"""Pictures that a model is handed: opened with care, upright, and brought to its size."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.errors import UnreadableFile, UnsafeFile

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["LARGEST", "fitted", "mask_from", "open_pictures"]

LARGEST = 100_000_000
"""Pixels of a picture that is opened."""


def open_pictures(paths: Sequence[Path]) -> list[Image.Image]:
    """Pictures as RGB, the camera's rotation applied, transparency laid on white.

    Raises:
        UnreadableFile: one is no picture, or damaged.
        UnsafeFile: one is larger than `LARGEST`.
    """
    return [_open(path) for path in paths]


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture's middle, filling width x height."""
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def mask_from(path: Path, width: int, height: int) -> Image.Image:
    """A mask in grey, filling width x height like the picture it belongs to: white is drawn anew.

    Raises:
        UnreadableFile, UnsafeFile: as `open_pictures`.
    """
    return fitted(_open(path).convert("L"), width, height)


def _open(path: Path) -> Image.Image:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures; the check below is stricter
            with Image.open(path) as file:
                if file.width * file.height > LARGEST:
                    raise UnsafeFile(f"{path.name} has more than {LARGEST // 10**6} megapixels; make it smaller first.")
                file.load()
                upright = ImageOps.exif_transpose(file)
                if not upright.has_transparency_data:
                    return upright.convert("RGB")
                white = Image.new("RGBA", upright.size, "white")
                return Image.alpha_composite(white, upright.convert("RGBA")).convert("RGB")
    except UnsafeFile:
        raise
    except Exception as error:  # decoders raise of every kind
        raise UnreadableFile(f"{path.name} cannot be read as a picture ({error}); use PNG, JPEG or WebP.") from None
