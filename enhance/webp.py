"""Animated WebP as a clip: FFmpeg cannot read it, so Pillow does, and the frames go into a lossless clip in memory."""

from __future__ import annotations

import io
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
from PIL import Image, ImageSequence

from blocks.errors import UnreadableFile, UnsafeFile

__all__ = ["animated_webp", "is_webp"]

MAX_PIXELS = 400_000_000
"""Pixels of all frames together above which an animation is refused: all of it is held in memory."""


def is_webp(head: bytes) -> bool:
    """Whether a file that begins so is WebP."""
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def animated_webp(path: Path) -> io.BytesIO:
    """The animation as a QuickTime file of PNG frames, with its exact times.

    Raises:
        UnreadableFile: damaged, or a still picture.
        UnsafeFile: too large.
    """
    stat = path.stat()
    return io.BytesIO(_converted(path, stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=1)  # a clip is opened several times in a row
def _converted(path: Path, _changed: int, _size: int) -> bytes:
    made = io.BytesIO()
    try:
        with Image.open(path, formats=["WEBP"]) as picture:
            frames = getattr(picture, "n_frames", 1)
            if frames < 2:
                raise UnreadableFile(f"{path.name} is a picture, not a clip; use the picture chain for it.")
            if frames * picture.width * picture.height > MAX_PIXELS:
                raise UnsafeFile(
                    f"{path.name} holds {frames} frames of {picture.width}x{picture.height}, too much for memory; "
                    "convert it to a video first."
                )
            _write(picture, made)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, (UnreadableFile, UnsafeFile)):
            raise
        raise UnreadableFile(f"{path.name} is a damaged WebP animation; save it again.") from error
    return made.getvalue()


def _write(picture: Image.Image, made: io.BytesIO) -> None:
    base, time = Fraction(1, 1000), 0
    with av.open(made, "w", format="mov", container_options={"video_track_timescale": "1000"}) as file:
        track = file.add_stream("png", 25)
        track.width, track.height, track.pix_fmt = picture.width, picture.height, "rgba"
        track.codec_context.time_base = track.time_base = base
        for still in ImageSequence.Iterator(picture):
            frame = av.VideoFrame.from_image(still.convert("RGBA")).reformat(format="rgba")
            frame.pts, frame.time_base = time, base
            length = max(1, int(still.info.get("duration", 0)) or 100)
            for packet in track.encode(frame):
                packet.duration = length
                file.mux(packet)
            time += length
