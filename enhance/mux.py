"""Segments joined into one clip, with everything of the source that is not pictures copied as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.container

from blocks.block import block
from blocks.errors import InputError, UnreadableFile
from blocks.progress import Progress, silent
from enhance.carried import choose_container, copy_stream, copy_tags
from enhance.clips import display_matrix
from enhance.encoding import SegmentFacts, read_facts, saving
from enhance.reading import decode_all, open_clip, picture_track

__all__ = ["JoinedClip", "join_segments"]


class JoinedClip(NamedTuple):
    """What came out.

    Attributes:
        clip: the file.
        notes: what was done that a person should know, one sentence each.
        facts: frames, fps (a ratio in text), duration (seconds), width, height, cuts.
    """

    clip: Path
    notes: list[str]
    facts: dict[str, Any]


def _count(segments: list[Path], **_: Any) -> float:
    return float(len(segments))


@block(version="1", units=_count)
def join_segments(clip: Path, segments: list[Path], *, scratch: Path, progress: Progress = silent) -> JoinedClip:
    """Join enhanced segments and give them the source's sound, subtitles, chapters, rotation and tags.

    Packets are copied, so sound and subtitles stay bit for bit what they were. The result is MP4 if everything fits
    into it, else MOV, else Matroska (which keeps whole milliseconds only).

    Args:
        clip: the file that the segments were made from.
        segments: all segments of one plan.

    Raises:
        InputError: segments are missing, doubled, or of different plans.
        UnreadableFile: one of the files is damaged.
        DiskFull: no space left.
    """
    parts = _ordered(segments)
    with open_clip(clip) as source, open_clip(parts[0].path) as model:
        suffix, kept, notes = choose_container(source, picture_track(model))
        out = scratch / f"{clip.stem}.{suffix}"
        with saving(out):
            facts = _write(out, source, parts, kept, _turn(clip), progress)
    return JoinedClip(out, [*_notes(parts), *notes], facts)


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    facts: SegmentFacts


def _ordered(segments: list[Path]) -> list[_Part]:
    parts = sorted((_Part(path, read_facts(path)) for path in segments), key=lambda part: part.facts.index)
    numbers = [part.facts.index for part in parts]
    if not parts or numbers != list(range(parts[0].facts.total)):
        raise InputError(
            f"These are segments {[n + 1 for n in numbers]}, not one whole plan; make the missing ones first."
        )
    if len({(part.facts.total, part.facts.time_base) for part in parts}) > 1:
        raise InputError("The segments come from different plans; make all of them with the same settings.")
    return parts


def _write(
    out: Path,
    source: av.container.InputContainer,
    parts: list[_Part],
    kept: list[Any],
    turn: tuple[int, ...] | None,
    progress: Progress,
) -> dict[str, Any]:
    """Write the joined file and say what is in it."""
    first, last = parts[0].facts, parts[-1].facts
    base = Fraction(first.time_base)
    clock = {"video_track_timescale": str(base.denominator), "movflags": "+faststart"}
    options = {} if out.suffix == ".mkv" else clock
    total = sum(part.facts.frames for part in parts)
    written, start = 0, first.start
    with av.open(str(out), "w", container_options=options) as target, open_clip(parts[0].path) as model:
        pictures = target.add_stream_from_template(picture_track(model))
        pictures.time_base = base
        pictures.set_display_matrix(turn)
        copy_tags(source, target, pictures)
        streams = {stream.index: copy_stream(stream, target) for stream in kept}
        early = _lead(source, base)
        others = _other_packets(source, kept, None if last.to_end else last.end * base)
        for packet, is_picture in _interleaved(_lasting(_picture_packets(parts), last.end), others):
            if is_picture:
                written += 1
                progress(written / max(1, total), f"joining frame {written} of {total}")
            _put(target, pictures if is_picture else streams[packet.stream.index], packet, early)
        width, height = pictures.codec_context.width, pictures.codec_context.height
    length = (last.end - start) * base
    fps = first.fps or str((written / length).limit_denominator(1001) if length else 0)
    cuts = sum(part.facts.cuts for part in parts)
    return {
        "frames": written,
        "fps": fps,
        "duration": float(length),
        "width": width,
        "height": height,
        "cuts": cuts,
    }


def _interleaved(pictures: Iterator[Any], others: Iterator[Any]) -> Iterator[tuple[Any, bool]]:
    """All packets by their times, and whether each is one of the pictures'."""
    waiting = next(others, None)
    for packet in pictures:
        while waiting is not None and _time(waiting) <= _time(packet):
            yield waiting, False
            waiting = next(others, None)
        yield packet, True
    while waiting is not None:
        yield waiting, False
        waiting = next(others, None)


def _picture_packets(parts: list[_Part]) -> Iterator[Any]:
    """Packets of all segments in order, with their times in the clip."""
    head: bytes | None = None
    for part in parts:
        with open_clip(part.path) as file:
            track = picture_track(file)
            head = head if head is not None else bytes(track.codec_context.extradata or b"")
            if bytes(track.codec_context.extradata or b"") != head:
                raise InputError(
                    f"{part.path.name} was encoded with other settings than the first; make all with the same."
                )
            count = 0
            for packet in file.demux(track):
                if not packet.size or count == part.facts.frames:
                    break
                count += 1
                packet.pts = packet.dts = packet.pts + part.facts.start
                yield packet
            if count != part.facts.frames:
                raise UnreadableFile(f"{part.path.name} holds {count} of {part.facts.frames} frames; make it again.")


def _lasting(packets: Iterator[Any], end: int) -> Iterator[Any]:
    """The same packets, each lasting until the next one, the last until `end`."""
    before = None
    for packet in packets:
        if before is not None:
            before.duration = packet.pts - before.pts
            yield before
        before = packet
    if before is not None:
        before.duration = max(1, end - before.pts)
        yield before


def _other_packets(source: av.container.InputContainer, kept: list[Any], until: Fraction | None) -> Iterator[Any]:
    """Packets of sound, subtitles and the like, as they lie in the file; those after `until` seconds left out."""
    packets = source.demux(kept) if kept else iter(())
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):  # a file cut short gives what it has
            return
        usable = packet.size and not packet.is_corrupt and packet.dts is not None and not _is_gap(packet)
        if usable and (until is None or _time(packet) < until):
            yield packet


def _turn(clip: Path) -> tuple[int, ...] | None:
    """The display matrix of a clip."""
    with open_clip(clip) as source:
        first = next(decode_all(source), None)
        return display_matrix(first) if first is not None else None


def _is_gap(packet: Any) -> bool:
    """An empty timed text of an MP4 file, which the muxer writes anew where nothing is shown."""
    text = packet.stream.type == "subtitle" and packet.stream.codec_context.name == "mov_text"
    return text and bytes(packet) == b"\0\0"


def _time(packet: Any) -> Fraction:
    moment: Fraction = packet.dts * packet.time_base
    return moment


def _lead(source: av.container.InputContainer, base: Fraction) -> Fraction:
    """Seconds by which everything is moved to the front: broadcasts begin at any time, files at zero."""
    if "mov" in source.format.name:
        return Fraction(0)  # here a late start is meant
    return max(Fraction(0), Fraction(source.start_time or 0, av.time_base) // base * base)


def _put(target: av.container.OutputContainer, stream: Any, packet: Any, early: Fraction) -> None:
    shift = round(early / packet.time_base)
    packet.dts -= shift
    if packet.pts is not None:
        packet.pts -= shift
    packet.stream = stream
    target.mux_one(packet)


def _notes(parts: list[_Part]) -> list[str]:
    notes = list(dict.fromkeys(note for part in parts for note in part.facts.notes))
    missing = sum(part.facts.missing for part in parts)
    if missing:
        notes.append(
            f"{missing} frames of the source could not be decoded; the frames before them were repeated instead."
        )
    held = sum(part.facts.held for part in parts)
    if held:
        notes.append(f"{held} frames that stay longer than half a second were held, not blended into the next.")
    return notes
