"""The block that enlarges a picture file.

Colour goes through the network. Alpha goes through apart: first the colours under transparent pixels, which
nobody sees and which may be anything, are replaced by those of their neighbours, so that no dark rim is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.block import block
from blocks.errors import InputError, UnsafeFile
from blocks.progress import Progress, part, silent
from enhance._alpha import alpha_bands, bleed
from enhance._png import PngWriter
from enhance._preview import Preview
from enhance.pictures import Picture, PictureFacts, probe_picture, read_picture, write_picture
from enhance.upscalers import Upscaler, load_upscaler, upscaler_files

__all__ = ["MAX_OUTPUT_MEGAPIXELS", "output_megapixels", "upscale_picture"]

MAX_OUTPUT_MEGAPIXELS = 400.0
"""Of a PNG, which is written as it comes; the other formats are put together in memory and get a quarter."""

FORMATS = ("png", "jpg", "webp", "gif")
ANIMATED = {"GIF": "gif", "WEBP": "webp"}  # an animation stays what it was; all others become PNG
NAME_BYTES = 200  # of a stem: file systems take 255 for a whole name


def output_megapixels(picture: Path, scale: int = 4, **_: Any) -> float:
    """Millions of pixels that the result will have, from the file's header."""
    return probe_picture(picture).megapixels * scale * scale


def _opened(model: str = "realesrgan-x4plus", models: str = "") -> list[Path]:
    return upscaler_files(model, Path(models) if models else None)


@block(version="1", device="any", units=output_megapixels, models=_opened)
def upscale_picture(
    picture: Path,
    model: str = "realesrgan-x4plus",
    scale: int = 4,
    tile: int = 0,
    denoise: float = 1.0,
    threads: int = 1,
    format: str = "",
    models: str = "",
    digest: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Path:
    """Enlarge a picture.

    Args:
        picture: any file that `read_picture` accepts.
        model: see `available_upscalers`.
        scale: factor, one of the model's.
        tile: side of a tile in source pixels; 0 for automatic.
        denoise: strength 0 to 1 where the model has one, else 1.
        threads: processor threads.
        format: "png", "jpg", "webp" or "gif"; "" for PNG, or the source's own if it is animated.
        models: folder of a person's own checkpoints, or "".
        digest: SHA-256 that the weights must have, or "".

    Returns:
        `<stem>_x<scale>.<format>` in `scratch`: the same channels, bits, frames, times and colour profile.

    Raises:
        UnreadableFile, UnsafeFile, InputError: the picture or a choice cannot be used.
        UnknownName, NotAvailable: the model cannot be used.
        DiskFull: no space is left.
    """
    facts = probe_picture(picture)
    target = scratch / _target_name(picture, facts, scale, format)
    _check_output(picture, facts, scale, target.suffix)
    progress(0.0, "opening the model")
    upscaler = load_upscaler(
        model,
        scale=scale,
        models=Path(models) if models else None,
        tile=tile,
        threads=threads,
        denoise=denoise,
        digest=digest,
    )
    source = read_picture(picture)
    if target.suffix == ".png" and not source.animated:
        _stream(source, upscaler, target, Preview(scratch, source.frames[0], progress))
    else:
        write_picture(_whole(source, upscaler, scratch, progress), target)
    progress(1.0, "done")
    return target


def _stream(source: Picture, upscaler: Upscaler, target: Path, preview: Preview) -> None:
    """A still PNG: rows are written as they come, so the result is never in memory whole."""
    frame = source.frames[0]
    height, width, channels = frame.shape
    with PngWriter(
        target,
        width=width * upscaler.scale,
        height=height * upscaler.scale,
        channels=channels,
        depth=source.depth,
        icc=source.icc,
        dpi=source.dpi,
    ) as png:
        top = 0
        for rows in _enlarged(frame, upscaler, preview.tell):
            png.write(rows)
            bottom = top + len(rows)
            preview.add(rows, top / (height * upscaler.scale), bottom / (height * upscaler.scale))
            top = bottom


def _whole(source: Picture, upscaler: Upscaler, scratch: Path, progress: Progress) -> Picture:
    """Every other format: the frames are collected."""
    frames = []
    for index, frame in enumerate(source.frames):
        stretch = part(progress, index / len(source.frames), (index + 1) / len(source.frames))
        preview = Preview(scratch, frame, stretch)
        frames.append(np.concatenate(list(_enlarged(frame, upscaler, preview.tell))))
        stretch(1.0, f"frame {index + 1} of {len(source.frames)}")
    return source.with_frames(frames)


def _enlarged(frame: NDArray[Any], upscaler: Upscaler, tell: Callable[[float], None]) -> Iterator[NDArray[Any]]:
    """Bands of a frame's result, with its channels and type."""
    channels, white = frame.shape[2], np.iinfo(frame.dtype).max
    if channels in (1, 3):
        for band in _colour(frame, upscaler, tell):
            yield np.rint(band * white).astype(frame.dtype)
        return
    colour, alpha = frame[..., :-1], frame[..., -1]
    if upscaler.scale == 1 or (alpha == white).all():
        tops = np.asarray(alpha).repeat(upscaler.scale, axis=0).repeat(upscaler.scale, axis=1)
        top = 0
        for band in _colour(bleed(colour, alpha), upscaler, tell):
            rows = np.rint(band * white).astype(frame.dtype)
            yield np.dstack([rows, tops[top : top + len(rows)]])
            top += len(rows)
        return
    shares = [0.0, 0.0]

    def tell_both(index: int, share: float) -> None:
        shares[index] = share
        tell(sum(shares) / 2)

    colours = _colour(bleed(colour, alpha), upscaler, lambda share: tell_both(0, share))
    alphas = alpha_bands(alpha, upscaler, lambda share: tell_both(1, share))
    for band, over in zip(colours, alphas, strict=True):
        yield np.rint(np.concatenate([band, over], axis=2) * white).astype(frame.dtype)


def _colour(colour: NDArray[Any], upscaler: Upscaler, tell: Callable[[float], None]) -> Iterator[NDArray[np.float32]]:
    """Bands of rows x width x (1 or 3); grey goes in as three equal channels and comes out as their mean."""
    grey = colour.shape[2] == 1
    three = np.broadcast_to(colour, (*colour.shape[:2], 3))
    for band in upscaler.bands(three, tell):
        yield band.mean(axis=2, keepdims=True) if grey else band


def _target_name(picture: Path, facts: PictureFacts, scale: int, format: str) -> str:
    chosen = format.lower().replace("jpeg", "jpg") or (ANIMATED.get(facts.format, "png") if facts.frames > 1 else "png")
    if chosen not in FORMATS:
        raise InputError(f"Pictures are written as {', '.join(FORMATS)}, not as {format!r}; choose one of these.")
    stem = picture.stem.encode("utf-8", "replace")[:NAME_BYTES].decode("utf-8", "ignore") or "picture"
    return f"{stem}_x{scale}.{chosen}"


def _check_output(picture: Path, facts: PictureFacts, scale: int, suffix: str) -> None:
    limit = MAX_OUTPUT_MEGAPIXELS if suffix == ".png" and facts.frames == 1 else MAX_OUTPUT_MEGAPIXELS / 4
    result = facts.megapixels * scale * scale
    if result > limit:
        raise UnsafeFile(
            f"{picture.name} would become {result:.0f} megapixels at x{scale}, the limit for {suffix[1:]} is "
            f"{limit:.0f}; choose a smaller factor, or reduce it to {limit / scale**2:.0f} megapixels first."
        )
