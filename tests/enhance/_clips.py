"""Real clips for tests: photographs that move, written with sound and subtitles by the real encoder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import skimage.data

from enhance.mux import JoinedClip, join_segments
from enhance.segments import enhance_segment, plan_segments

Array = np.ndarray[Any, np.dtype[Any]]


@cache
def photo(name: str) -> Array:
    """One of scikit-image's photographs as RGB, at most 1,024 pixels wide."""
    picture = getattr(skimage.data, name)()
    return np.ascontiguousarray(picture[..., :3])


def view(picture: Array, x: float, y: float, size: tuple[int, int], angle: float = 0.0, zoom: float = 1.0) -> Array:
    """A window of `size` (width, height) around (x, y), turned by `angle` degrees; sampled finely."""
    width, height = size
    turn = cv2.getRotationMatrix2D((x, y), angle, zoom)
    turn[:, 2] += (width / 2 - x, height / 2 - y)
    return np.asarray(cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101))


def pan(frames: int, size: tuple[int, int], step: float = 3.0, name: str = "coffee") -> list[Array]:
    """A camera that moves `step` pixels to the side and a third of it down a frame."""
    picture = photo(name)
    x, y = size[0] / 2 + 8, size[1] / 2 + 8
    return [view(picture, x + i * step, y + i * step / 3, size) for i in range(frames)]


def fast_pan(frames: int, size: tuple[int, int], step: float = 13.0) -> list[Array]:
    """A camera that is torn to the side."""
    edge = size[0] + int(step * frames) + 64
    picture = cv2.resize(photo("astronaut"), (edge, edge), interpolation=cv2.INTER_CUBIC)
    start = size[0] / 2 + 20, size[1] / 2 + 20
    return [view(picture, start[0] + i * step, start[1] + i * step / 3, size) for i in range(frames)]


def rotate(frames: int, size: tuple[int, int], degrees: float = 1.2, name: str = "chelsea") -> list[Array]:
    """A camera that turns and slowly comes nearer."""
    picture = photo(name)
    height, width = picture.shape[:2]
    return [view(picture, width / 2, height / 2, size, i * degrees, 1 + i * 0.004) for i in range(frames)]


def occlusion(frames: int, size: tuple[int, int], step: float = 5.0) -> list[Array]:
    """A face in an oval passes before a background that moves the other way."""
    behind, front = photo("rocket"), photo("astronaut")
    width, height = size
    edge = int(height * 0.6)
    face = cv2.resize(front[0:260, 100:360], (edge, edge), interpolation=cv2.INTER_AREA)
    mask = np.zeros((edge, edge), np.float32)
    cv2.ellipse(mask, (edge // 2, edge // 2), (int(edge * 0.42), int(edge * 0.46)), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    result = []
    for i in range(frames):
        ground = view(behind, width / 2 + 60 - i * 1.3, height / 2 + 10, size).astype(np.float32)
        place = np.float32([[1, 0, width * 0.05 + i * step], [0, 1, height * 0.2 + i * 0.7]])
        moved, cover = cv2.warpAffine(face, place, size, flags=cv2.INTER_CUBIC), cv2.warpAffine(mask, place, size)
        result.append((ground + (moved - ground) * cover[..., None]).clip(0, 255).astype(np.uint8))
    return result


def limbs(frames: int, size: tuple[int, int], degrees: float = 4.0) -> list[Array]:
    """Two thin textured limbs that swing across each other before a still background."""
    ground, skin = view(photo("coffee"), 300, 200, size), photo("astronaut")
    width, height = size
    length, thick = int(height * 0.7), max(4, height // 16)
    strip = cv2.resize(skin[120:180, 180:260], (length, thick), interpolation=cv2.INTER_AREA)
    result = []
    for i in range(frames):
        frame = ground.astype(np.float32)
        for side, start in ((-1, 0.38), (1, 0.62)):
            turn = cv2.getRotationMatrix2D((0, thick / 2), 90 + side * (i * degrees - 35), 1)
            turn[:, 2] += (width * start, height * 0.9)
            moved = cv2.warpAffine(strip, turn, size, flags=cv2.INTER_CUBIC)
            cover = cv2.warpAffine(np.ones((thick, length), np.float32), turn, size)
            frame += (moved - frame) * cover[..., None]
        result.append(frame.clip(0, 255).astype(np.uint8))
    return result


def write_clip(
    path: Path,
    frames: Iterable[Array],
    *,
    rate: Fraction = Fraction(30),
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    matrix: int | None = 1,
    sounds: int = 0,
    sound_codec: str = "aac",
    subtitles: str = "",
    rotation: int = 0,
    metadata: dict[str, str] | None = None,
    front: bool = False,
    **context: Any,
) -> Path:
    """Write a clip. Frames are HxWx3 or 4, uint8 or uint16 RGB.

    `matrix` None leaves the colours untagged; `front` puts the index first.
    """
    pictures = list(frames)
    base = time_base or 1 / rate
    times = list(pts) if pts is not None else [round(i / rate / base) for i in range(len(pictures))]
    clock = {"video_track_timescale": str(base.denominator)} if path.suffix in (".mp4", ".mov") else {}
    if front:
        clock["movflags"] = "+faststart"
    with av.open(str(path), "w", container_options=clock) as file:
        file.metadata.update(metadata or {})
        defaults = {"crf": "10", "preset": "ultrafast"} if codec == "libx264" else {}
        track = file.add_stream(codec, rate, options={**defaults, **(options or {})})
        height, width = pictures[0].shape[:2]
        track.width, track.height, track.pix_fmt = width, height, pixel_format
        track.codec_context.time_base = track.time_base = base
        if matrix is not None:
            track.codec_context.colorspace = track.codec_context.color_primaries = matrix
            track.codec_context.color_trc, track.codec_context.color_range = matrix, 1
        for name, value in context.items():
            setattr(track.codec_context, name, value)
        if rotation:
            track.set_display_rotation(rotation)
        seconds = float((times[-1] + 1) * base)
        others = [_sound(file, sound_codec, 330 * (n + 1), seconds) for n in range(sounds)]
        if subtitles:
            others.append(_subtitles(file, subtitles))
        packets = [packet for made in others for packet in made()]
        for picture, time in zip(pictures, times, strict=True):
            frame = _frame(picture, pixel_format, matrix)
            frame.pts, frame.time_base = time, base
            packets += track.encode(frame)
        packets += track.encode(None)
        for packet in packets:
            file.mux(packet)
    return path


def _frame(picture: Array, pixel_format: str, matrix: int | None) -> av.VideoFrame:
    name = {(3, 1): "rgb24", (4, 1): "rgba", (3, 2): "rgb48le", (4, 2): "rgba64le"}[
        picture.shape[2], picture.dtype.itemsize
    ]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), name)
    if frame.format.name == pixel_format:
        return frame
    swscale = {1: 1, 6: 5, 9: 9, None: 5}[matrix]
    return frame.reformat(format=pixel_format, dst_colorspace=swscale, dst_color_range=1, interpolation="BICUBIC")


def _sound(file: Any, codec: str, hertz: int, seconds: float) -> Any:
    stream = file.add_stream(codec, 48000)
    stream.codec_context.layout = "mono"
    stream.metadata["language"] = "eng" if hertz == 330 else "deu"

    def packets() -> list[Any]:
        result = []
        samples = int(48000 * seconds)
        wave = (np.sin(np.arange(samples) * 2 * np.pi * hertz / 48000) * 8000).astype(np.int16)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=48000)
        for start in range(0, samples, 1024):
            frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            for part in resampler.resample(frame):
                result += stream.encode(part)
        return result + stream.encode(None)

    return packets


def _subtitles(file: Any, codec: str) -> Any:
    stream = file.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "eng"

    def packets() -> list[Any]:
        result = []
        for number, text in enumerate((b"First line", b"Second line")):
            body = len(text).to_bytes(2, "big") + text if codec == "mov_text" else text
            packet = av.Packet(body)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = number * 200
            packet.duration = 150
            result.append(packet)
        return result

    return packets


def packets_of(path: Path, kind: str) -> list[list[bytes]]:
    """The bytes of all packets of each track of a kind ("audio", "subtitle")."""
    with av.open(str(path)) as file:
        tracks = [stream.index for stream in file.streams if stream.type == kind]
        found: dict[int, list[bytes]] = {index: [] for index in tracks}
        for packet in file.demux([file.streams[index] for index in tracks]) if tracks else ():
            if packet.size:
                found[packet.stream_index].append(bytes(packet))
    return list(found.values())


def shown(path: Path) -> tuple[list[Fraction], Fraction]:
    """When each frame is shown, and when the last one goes, in seconds."""
    with av.open(str(path)) as file:
        track = file.streams.video[0]
        packets = sorted((p for p in file.demux(track) if p.size), key=lambda p: p.pts)
        base = track.time_base
    return [packet.pts * base for packet in packets], (packets[-1].pts + packets[-1].duration) * base


def decoded(path: Path, pixel_format: str = "rgb24") -> list[Array]:
    """All frames as arrays."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format=pixel_format) for frame in file.decode(video=0)]


def psnr(a: Array, b: Array) -> float:
    """Peak signal to noise ratio of two 8-bit pictures in dB."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def enhanced(clip: Path, scratch: Path, *, seconds: float = 0.3, preview: float = 0.0, **settings: Any) -> JoinedClip:
    """The whole way of a clip: plan, every segment, join."""
    scratch.mkdir(parents=True, exist_ok=True)
    plan = plan_segments(clip, seconds=seconds, preview=preview)
    parts = [enhance_segment(clip, segment, scratch=scratch, **settings) for segment in plan]
    return join_segments(clip, parts, scratch=scratch)
