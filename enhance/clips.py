"""What a clip is: its frames' exact times, its size and colours, and what travels with it."""

from __future__ import annotations

import array
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np

from blocks.errors import UnreadableFile, UnsafeFile
from blocks.progress import Progress, silent
from enhance.colour import Colour, colour_of
from enhance.reading import decode_all, open_clip, picture_track

__all__ = ["MAX_FRAMES", "Clip", "display_matrix", "probe_clip"]

MAX_FRAMES = 4_000_000
"""Frames above which a clip is refused: 18 hours at 60 a second."""

USUAL_RATES = tuple(
    Fraction(rate)
    for rate in (24, 25, 30, 48, 50, 60, 100, 120, 240, "24000/1001", "30000/1001", "60000/1001", "120000/1001")
)


@dataclass(frozen=True, slots=True)
class Clip:
    """Facts of a clip, read without decoding more than a few frames where its timestamps can be trusted.

    Attributes:
        path: the file.
        container: name of the container's format, as FFmpeg calls it.
        codec: name of the pictures' codec.
        width, height: of a frame as stored, before any rotation.
        time_base: seconds a tick.
        pts: when each frame is shown, in ticks, ascending.
        end: when the last frame goes, in ticks.
        late: ticks by which these times are too late: AVI keeps the order of decoding, not the time of showing.
        rate: frames a second if constant (to within the rounding of the timestamps), else None.
        rotation: degrees that a player turns the frames by, counterclockwise.
        matrix: the whole display matrix, nine numbers in the container's fixed point; None if there is none.
        colour: what the numbers in a frame mean.
        pixel_format: as FFmpeg calls it.
        depth: bits a channel.
        alpha: some pixels are see-through.
        interlaced: frames are woven of two fields.
        sample_aspect: width of a pixel over its height.
        sounds, subtitles: how many such tracks.
        notes: what a person should know about this clip before using it.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    time_base: Fraction
    pts: array.array[int]
    end: int
    late: int
    rate: Fraction | None
    rotation: int
    matrix: tuple[int, ...] | None
    colour: Colour
    pixel_format: str
    depth: int
    alpha: bool
    interlaced: bool
    sample_aspect: Fraction
    sounds: int
    subtitles: int
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        return len(self.pts)

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame's showing to the last one's going."""
        return (self.end - self.pts[0]) * self.time_base


def probe_clip(path: Path, *, threads: int = 1, progress: Progress = silent) -> Clip:
    """Read a clip's facts: the times of its frames from its packets, the rest from its first frames.

    Raises:
        UnreadableFile: not a clip, or nothing in it can be decoded.
        UnsafeFile: a playlist, or too large in pixels or frames.
    """
    with open_clip(path) as container:
        track = picture_track(container)
        samples = list(islice(decode_all(container, threads), 3))
        if not samples:
            raise UnreadableFile(f"No frame of {path.name} can be decoded; it is damaged or cut off. Copy it again.")
        first = samples[0]
        facts: dict[str, Any] = {
            "container": container.format.name,
            "codec": track.codec_context.name,
            "width": first.width,
            "height": first.height,
            "rotation": first.rotation,
            "matrix": display_matrix(first),
            "colour": colour_of(first, track.codec_context),
            "pixel_format": first.format.name,
            "depth": max(component.bits for component in first.format.components),
            "interlaced": any(frame.interlaced_frame for frame in samples),
            "sample_aspect": track.sample_aspect_ratio or Fraction(1),
            "sounds": len(container.streams.audio),
            "subtitles": len(container.streams.subtitles),
        }
        rates = [rate for rate in (track.guessed_rate, track.average_rate) if rate]
        promised, beginning = track.frames, track.start_time or 0
        has_alpha = any(component.is_alpha for component in first.format.components)
        tick = track.time_base or Fraction(1, 90000)
    times = _packet_times(path, progress)
    notes = []
    if 0 < times.seen < promised:
        notes.append(
            f"The file ends early: it promises {promised} frames and holds {times.seen}; these were used, the rest is "
            "lost."
        )
    alpha = has_alpha and _any_see_through(path, threads)
    pts, end = times.pts, times.end
    if not times.trusted or facts["interlaced"]:
        pts, end = _decoded_times(path, threads, progress)
    pts = [time for time in pts if first.pts is None or time >= first.pts]
    rate = _constant_rate(np.asarray(pts), end, tick, rates)
    if end <= pts[-1]:
        end = _guessed_end(pts, rate, tick)
    return Clip(
        path=path,
        time_base=tick,
        pts=array.array("q", pts),
        end=end,
        late=pts[0] - beginning if facts["container"] == "avi" else 0,
        rate=rate,
        alpha=alpha,
        notes=tuple(notes),
        **facts,
    )


@dataclass(frozen=True, slots=True)
class _Times:
    """Times found in packets.

    Attributes:
        seen: packets, those included that an edit list hides.
        trusted: each packet is one shown frame with a time of its own.
    """

    pts: list[int]
    end: int
    seen: int
    trusted: bool


def _packet_times(path: Path, progress: Progress) -> _Times:
    """Times by demuxing alone."""
    pts: list[int] = []
    last, length, seen, trusted = -(2**63), 0, 0, True
    with open_clip(path) as container:
        track = picture_track(container)
        size = max(1, container.size)
        trusted = container.format.name not in ("gif", "apng", "avi", "mpeg")
        packets = container.demux(track)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                break
            if not packet.size or packet.is_corrupt:
                continue
            seen += 1
            if seen > MAX_FRAMES:
                raise UnsafeFile(f"{path.name} holds more than {MAX_FRAMES:,} frames; cut it into shorter clips first.")
            if seen % 512 == 0:
                progress(min(1.0, (packet.pos or 0) / size), f"reading the times of {seen} frames")
            if packet.is_discard:
                continue
            if packet.pts is None:
                trusted = False
                continue
            pts.append(packet.pts)
            if packet.pts > last:
                last, length = packet.pts, packet.duration or 0
    pts.sort()
    trusted = trusted and bool(pts) and len(set(pts)) == len(pts)
    return _Times(pts, last + length, seen, trusted)


def _decoded_times(path: Path, threads: int, progress: Progress) -> tuple[list[int], int]:
    """Times by decoding everything: for containers whose packets are not frames one to one."""
    pts: list[int] = []
    length = 0
    with open_clip(path) as container:
        for frame in decode_all(container, threads):
            if frame.pts is not None and (not pts or frame.pts > pts[-1]):
                pts.append(frame.pts)
                length = frame.duration or 0
            if len(pts) % 64 == 0:
                progress(0.0, f"reading the times of {len(pts)} frames")
            if len(pts) > MAX_FRAMES:
                raise UnsafeFile(f"{path.name} holds more than {MAX_FRAMES:,} frames; cut it into shorter clips first.")
    if not pts:
        raise UnreadableFile(
            f"The frames of {path.name} carry no times; put them into a container that keeps time (MP4, MKV)."
        )
    return pts, pts[-1] + length


def _constant_rate(pts: np.ndarray[Any, Any], end: int, tick: Fraction, hints: list[Fraction]) -> Fraction | None:
    """The rate whose frame times, rounded to ticks, are these; None if no constant rate explains them."""
    if len(pts) < 2:
        length = (end - int(pts[0])) * tick
        return hints[0] if hints else 1 / length if length > 0 else None
    mean = (len(pts) - 1) / (int(pts[-1] - pts[0]) * tick)
    index = np.arange(len(pts))
    for rate in dict.fromkeys([*hints, *USUAL_RATES, mean]):
        if abs(rate / mean - 1) < Fraction(1, 50):
            step = 1 / (rate * tick)
            expected = index * step.numerator / step.denominator  # float64 holds ticks exactly up to 2**53
            if np.abs(pts - pts[0] - expected).max() <= 1.0 + 1e-6:
                return rate
    return None


def _guessed_end(pts: list[int], rate: Fraction | None, tick: Fraction) -> int:
    """For files that do not say how long the last frame stays: as long as the one before."""
    if rate:
        return max(pts[-1] + 1, pts[0] + round(len(pts) / rate / tick))
    return 2 * pts[-1] - pts[-2] if len(pts) > 1 else pts[-1] + max(1, round(Fraction(1, 25) / tick))


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """How a player shall turn or flip the frame; None if not at all."""
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX":
            return tuple(int(number) for number in np.frombuffer(bytes(side), np.int32))
    return None


def _any_see_through(path: Path, threads: int) -> bool:
    """Whether any pixel is not opaque: many formats have room for alpha and do not use it."""
    with open_clip(path) as container:
        frames = (frame.reformat(format="rgba").to_ndarray() for frame in decode_all(container, threads))
        return any(int(frame[..., 3].min()) < 255 for frame in frames)
