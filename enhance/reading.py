"""Opening clips safely and decoding a stretch of their frames.

FFmpeg knows formats that open other files and addresses (playlists, concat lists, session descriptions). Only plain
containers are let in here, and only from files.
"""

from __future__ import annotations

import itertools
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.filter

from blocks.errors import InputError, UnreadableFile, UnsafeFile
from enhance.webp import animated_webp, is_webp

__all__ = ["MAX_PIXELS", "decode_all", "decode_between", "open_clip", "picture_track"]

MAX_PIXELS = 8192 * 8192
"""Pixels of one frame above which a clip is refused."""

CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif,apng,yuv4mpegpipe,ivf,nut,mxf,dv"

PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"v=0\r", b"v=0\n", b"[playlist]", b"[Reference]", b"RTSPtext", b"<MPD", b"<ASX")
PICTURES = (b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n")


@contextmanager
def open_clip(path: Path) -> Iterator[av.container.InputContainer]:
    """Open a clip for reading, if it is one.

    Raises:
        UnreadableFile: empty, no regular file, not a clip, or a clip whose index is missing.
        UnsafeFile: a playlist that points to other files, or frames larger than `MAX_PIXELS`.
    """
    head = _head(path)
    if any(head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(mark) for mark in PLAYLISTS) or b"<MPD" in head:
        raise UnsafeFile(f"{path.name} is a playlist that points to other files; hand in the clip itself.")
    try:
        container = av.open(
            animated_webp(path) if is_webp(head) else str(path.absolute()),
            options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)},
            metadata_errors="replace",
        )
    except InputError:
        raise
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnreadableFile(_why_unreadable(path, head)) from error
    with container:
        track = picture_track(container)
        if track.codec_context.width * track.codec_context.height > MAX_PIXELS:
            raise UnsafeFile(
                f"{path.name} says its frames are {track.codec_context.width}x{track.codec_context.height}; "
                f"more than {MAX_PIXELS // 10**6} megapixels a frame are refused. Scale it down first."
            )
        yield container


def picture_track(container: av.container.InputContainer) -> av.VideoStream:
    """The first moving video stream: cover pictures are passed over.

    Raises:
        UnreadableFile: there is none.
    """
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not moving or moving[0].codec_context is None:
        raise UnreadableFile(
            f"{Path(container.name or 'The file').name} holds no moving picture that can be decoded; hand in a video, "
            "or use the picture chain for a picture."
        )
    return moving[0]


def decode_all(container: av.container.InputContainer, threads: int = 1) -> Iterator[av.VideoFrame]:
    """Every frame from here on in order of showing; what cannot be decoded is left out."""
    track = picture_track(container)
    context = _decoder(track, threads)
    for packet in _packets(container, track):
        yield from _decode(context, packet)
    yield from _decode(context, None)


def decode_between(path: Path, first: int, last: int, *, interlaced: bool, threads: int = 1) -> Iterator[av.VideoFrame]:
    """The frames shown at `first` up to and including `last`.

    The frames are the same wherever decoding had to start, so that a clip may be worked on in pieces.

    Args:
        first, last: times in the track's time base.
        interlaced: weave the fields into whole frames (bwdif); looks one frame further on both sides.

    Raises:
        UnreadableFile, UnsafeFile: see `open_clip`.
    """
    back, spare = 0, (3 if interlaced else 0)
    while True:
        with open_clip(path) as container:
            track = picture_track(container)
            tick = track.time_base or Fraction(1, 90000)
            target = first - back - int(spare / (track.guessed_rate or 25) / tick)
            whole = target <= (track.start_time or 0) or not _seek(container, track, target)
            frames = _from_key(decode_all(container, threads), whole)
            ahead = _ahead(frames, first, spare)
            if whole or (len(ahead) > spare and ahead[-1].pts <= first):
                frames = itertools.chain(ahead, frames)
                for frame in _woven(frames, tick) if interlaced else frames:
                    if frame.pts > last:
                        return
                    if frame.pts >= first:
                        yield frame
                return
        back = max(2 * back, int(1 / tick))


def _from_key(frames: Iterator[av.VideoFrame], whole: bool) -> Iterator[av.VideoFrame]:
    """Leave out what comes before the first key frame: it may lack the frames that it refers to."""
    good = whole
    for frame in frames:
        good = good or frame.key_frame
        if good and frame.pts is not None:
            yield frame


def _ahead(frames: Iterator[av.VideoFrame], first: int, spare: int) -> list[av.VideoFrame]:
    """`spare` frames and one more; fewer if `first` is passed before."""
    ahead: list[av.VideoFrame] = []
    for frame in frames:
        ahead.append(frame)
        if len(ahead) > spare or frame.pts > first:
            break
    return ahead


def _seek(container: av.container.InputContainer, track: av.VideoStream, target: int) -> bool:
    """Go to the key frame before `target`; False if this container cannot."""
    if container.format.name == "mpeg":  # a program stream times few of its frames; after a seek the rest are guesses
        return False
    try:
        container.seek(target, stream=track)
    except av.FFmpegError:
        return False
    return True


def _woven(frames: Iterator[av.VideoFrame], tick: Fraction) -> Iterator[av.VideoFrame]:
    """One progressive frame for each interlaced one (bwdif, the same as broadcasters use)."""
    graph = av.filter.Graph()
    source: Any = None

    def shown() -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            frame.pts = round(frame.pts * frame.time_base / tick)
            frame.time_base = tick
            yield frame

    for frame in frames:
        if source is None:
            source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=tick)
            weave = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
            sink = graph.add("buffersink")
            graph.link_nodes(source, weave, sink).configure()
        graph.vpush(frame)
        yield from shown()
    if source is not None:
        graph.vpush(None)
        yield from shown()


def _packets(container: av.container.InputContainer, track: av.VideoStream) -> Iterator[Any]:
    """Packets of the track until its end, or until the file turns out to be cut short."""
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        if packet.size and not packet.is_corrupt:
            yield packet


def _decode(context: Any, packet: Any) -> list[av.VideoFrame]:
    try:
        return list(context.decode(packet))
    except av.FFmpegError:  # a damaged stretch: its frames are missing, the next key frame heals it
        return []


def _decoder(track: av.VideoStream, threads: int) -> Any:
    """The stream's own decoder; VP8 and VP9 with alpha need libvpx's, the built-in one drops the alpha."""
    library = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(track.codec_context.name)
    context: Any = track.codec_context
    if library and track.metadata.get("alpha_mode") == "1":
        context = av.CodecContext.create(library, "r")
        context.extradata = track.codec_context.extradata
    elif threads > 0:
        context.thread_count = threads
    return context


def _head(path: Path) -> bytes:
    """The first bytes of a regular file that has some."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read ({error.strerror}); check the path.") from error
    if not stat.S_ISREG(mode):
        raise UnreadableFile(f"{path.name} is not a file but a folder or a device; hand in a clip.")
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise UnreadableFile(f"{path.name} is empty (0 bytes); copy it again from where it came.")
    return head


def _why_unreadable(path: Path, head: bytes) -> str:
    if head.startswith(PICTURES):
        return f"{path.name} is a picture, not a clip; use the picture chain for it."
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return f"{path.name} is cut off: its index (moov) is missing or damaged. Copy or record it again."
    if head.lstrip()[:1] in (b"<", b"{") or head.isascii():
        return f"{path.name} holds text, not a clip, whatever its name says. A download may have saved an error page."
    return f"{path.name} is not a clip in a known container (MP4, MOV, MKV, WebM, AVI, TS, GIF ...), or is damaged."
