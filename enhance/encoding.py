"""Writing a segment: frames encoded so that segments can be joined by their packets, and facts in a box at its end."""

from __future__ import annotations

import errno
import json
import struct
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av

from blocks.errors import DiskFull, InputError, UnreadableFile
from enhance.colour import Colour, PixelLayout
from enhance.timing import Schedule

__all__ = ["Encoder", "SegmentFacts", "SegmentWriter", "read_facts", "saving"]

FACTS = uuid.UUID("5b5a1d0e-6c7e-4a64-9a4d-5e7c1f0d2a31")
"""Type of the box (ISO/IEC 14496-12, 'uuid') that holds the facts as JSON; players pass it over."""

LARGEST_EDGE = 16_384
"""Pixels along an edge that H.264 can hold."""

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


@dataclass(frozen=True, slots=True)
class Encoder:
    """Quality and speed of H.264.

    Attributes:
        crf: 0 (lossless) to 51; 17 cannot be told from the original.
        preset: one of `PRESETS`; slower ones make smaller files.
        threads: of the encoder.

    Raises:
        InputError: out of range.
    """

    crf: int = 17
    preset: str = "veryfast"
    threads: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.crf <= 51:
            raise InputError(f"A quality (crf) of {self.crf} is not possible; choose 0 (lossless) to 51, 17 is usual.")
        if self.preset not in PRESETS:
            raise InputError(f"There is no encoder preset {self.preset!r}; choose one of {', '.join(PRESETS)}.")


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What a segment's file says about itself. Times are in ticks of `time_base`.

    Attributes:
        index, total: which of how many.
        start, end: when its first frame is shown and its last one goes, in the clip's time.
        time_base: seconds a tick, as a ratio in text.
        frames: how many of the file's frames belong to the result (none, if it falls between two of them).
        fps: frames a second of the result as a ratio in text, "" if it varies.
        to_end: the plan reaches the clip's end; False for a preview.
        missing: source frames that could not be decoded and were stood in for.
        cuts, held: gaps not drawn across, because a cut lies in them or they are long.
        notes: what a person should know.
    """

    index: int
    total: int
    start: int
    end: int
    time_base: str
    frames: int
    fps: str
    to_end: bool
    missing: int
    cuts: int
    held: int
    notes: tuple[str, ...]


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Leave no half file behind, whatever goes wrong while `path` is written.

    Raises:
        DiskFull: no space left for it.
    """
    try:
        yield
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"No space is left to write {path.name}; free some and start again.") from error
        raise


class SegmentWriter:
    """A QuickTime file of frames with exact times; use it inside `saving`.

    Every frame depends on earlier ones only (no B-frames), and a segment starts with a key frame, so that packets of
    one can follow those of another.
    """

    def __init__(
        self,
        path: Path,
        plan: Schedule,
        layout: PixelLayout,
        colour: Colour,
        size: tuple[int, int],
        sample_aspect: Fraction,
        encoder: Encoder,
    ) -> None:
        if max(size) > LARGEST_EDGE:
            raise InputError(
                f"{size[0]}x{size[1]} is larger than H.264 can hold ({LARGEST_EDGE}); choose a smaller scale."
            )
        self._path, self._plan = path, plan
        self._done = self._written = 0
        self._lengths = plan.lengths() or [1]
        clock = str(plan.time_base.denominator)
        self._file = av.open(str(path), "w", format="mov", container_options={"video_track_timescale": clock})
        self._stream = self._file.add_stream(*_codec(layout, encoder))
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = *size, layout.written
        context.time_base = self._stream.time_base = plan.time_base
        context.sample_aspect_ratio = sample_aspect
        context.colorspace, context.color_range = colour.matrix, colour.range
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        context.max_b_frames = 0
        context.thread_count = max(1, encoder.threads)

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, frame: av.VideoFrame) -> None:
        """Encode the next frame of the plan."""
        moments = self._plan.moments
        frame.pts = moments[self._done].pts - moments[0].pts if moments else 0
        frame.time_base = self._plan.time_base
        frame.pict_type = 0  # the encoder decides, not what the frame was in the source
        self._done += 1
        self._mux(self._stream.encode(frame))

    def finish(self, facts: SegmentFacts) -> None:
        """Flush the encoder, close the file and add the facts."""
        self._mux(self._stream.encode(None))
        self._file.close()
        text = json.dumps(asdict(facts)).encode()
        with self._path.open("ab") as file:
            file.write(struct.pack(">I4s16s", len(text) + 24, b"uuid", FACTS.bytes) + text)

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:  # in order of showing, since nothing refers to what comes later
            packet.duration = self._lengths[self._written]
            self._written += 1
            self._file.mux(packet)


def read_facts(path: Path) -> SegmentFacts:
    """The facts of a segment's file.

    Raises:
        UnreadableFile: it is none, or damaged.
    """
    try:
        values = json.loads(_box(path))
        return SegmentFacts(**{**values, "notes": tuple(values["notes"])})
    except (OSError, KeyError, TypeError, ValueError, struct.error) as error:
        raise UnreadableFile(
            f"{path.name} is not a segment made by enhance_segment, or is damaged; make it again."
        ) from error


def _box(path: Path) -> bytes:
    with path.open("rb") as file:
        while True:
            size, kind = struct.unpack(">I4s", file.read(8))
            head = 8
            if size == 1:
                (size,), head = struct.unpack(">Q", file.read(8)), 16
            if kind == b"uuid" and file.read(16) == FACTS.bytes:
                return file.read(size - head - 16)
            if size < head:
                raise ValueError("a box without length")
            file.seek(size - head - (16 if kind == b"uuid" else 0), 1)


def _codec(layout: PixelLayout, encoder: Encoder) -> tuple[str, int, dict[str, str]]:
    """Codec, nominal rate and options: H.264, or ProRes 4444 where pixels can be see-through."""
    if layout.alpha:
        return "prores_ks", 60, {"profile": "4444", "alpha_bits": "16", "vendor": "apl0"}
    return "libx264", 60, {"crf": str(encoder.crf), "preset": encoder.preset, "bf": "0"}
