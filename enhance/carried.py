"""What travels with the pictures: sound, subtitles, fonts, chapters, rotation, titles; and a container to hold it."""

from __future__ import annotations

import io
from typing import Any

import av
import av.container

from enhance.reading import picture_track

__all__ = ["choose_container", "copy_stream", "copy_tags"]

CONTAINERS = {"mp4": "mp4", "mov": "mov", "mkv": "matroska"}

MP4_ODDITIES = ("vorbis", "pcm_")
"""Codecs that FFmpeg can put into MP4 but that players do not look for there."""

NOT_COPIED = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration"})


def choose_container(source: av.container.InputContainer, pictures: av.VideoStream) -> tuple[str, list[Any], list[str]]:
    """Suffix of the container to write, the source's streams to copy into it, and notes on what does not fit.

    MP4 plays everywhere and is taken if all sound and subtitles fit; MOV comes next, Matroska holds nearly anything.
    """
    needed = [*source.streams.audio, *source.streams.subtitles, *source.streams.attachments]
    suffix = next((name for name in CONTAINERS if _fits(name, [pictures, *needed])), "mkv")
    track = picture_track(source)
    others = [stream for stream in source.streams if stream.index != track.index]
    kept = [stream for stream in others if stream.type != "video" and _fits(suffix, [pictures, stream])]
    left = [stream for stream in others if stream not in kept]
    notes = [f"A {_name(stream)} could not be kept: it does not fit into {suffix.upper()}." for stream in left]
    return suffix, kept, notes


def copy_stream(stream: Any, target: av.container.OutputContainer) -> Any:
    """A stream of the result for the packets of `stream`, with its language, title and flags."""
    if stream.type == "attachment":
        return target.add_attachment(
            stream.name or "attachment", stream.mimetype or "application/octet-stream", stream.data
        )
    copied = target.add_stream_from_template(stream)
    if stream.time_base:
        copied.time_base = stream.time_base
    copied.metadata.update(_tags(stream.metadata))
    copied.disposition = stream.disposition
    return copied


def copy_tags(
    source: av.container.InputContainer, target: av.container.OutputContainer, pictures: av.VideoStream
) -> None:
    """Title, dates and chapters of the file; language and flags of its pictures."""
    target.metadata.update(_tags(source.metadata))
    chapters = source.chapters()
    if chapters:
        target.set_chapters(chapters)
    track = picture_track(source)
    pictures.metadata.update(_tags(track.metadata))
    pictures.disposition = track.disposition


def _tags(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in NOT_COPIED}


def _fits(suffix: str, streams: list[Any]) -> bool:
    """Whether a container takes all these streams: a header is written to nowhere, and the muxer asked."""
    if suffix == "mp4" and any(_codec(stream).startswith(MP4_ODDITIES) for stream in streams):
        return False
    if suffix != "mkv" and any(stream.type == "attachment" for stream in streams):
        return False
    try:
        with av.open(io.BytesIO(), "w", format=CONTAINERS[suffix]) as trial:
            for stream in streams:
                copy_stream(stream, trial)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _codec(stream: Any) -> str:
    context = getattr(stream, "codec_context", None)
    return context.name if context is not None else ""


def _name(stream: Any) -> str:
    kind = {"audio": "sound track", "subtitle": "subtitle track", "video": "second picture track or cover picture"}
    return f"{kind.get(stream.type, stream.type + ' track')} ({_codec(stream) or 'unknown codec'})"
