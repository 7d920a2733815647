"""A stamped clip plays exactly as before: packets, timestamps, turn, colours, tracks, chapters and tags stay."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, Colorspace, ColorTrc

from blocks.errors import InputError, UnreadableFile
from blocks.provenance import LARGEST_RECIPE, read_recipe, stamp, stamp_clip

RECIPE: dict[str, Any] = {
    "pipeline": "enhance_clip",
    "fps": "120",
    "name": "Zoë — 写真 <&> 🎬",
    "ai": {"system": "RIFE"},
}
TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
UPRIGHT = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
NAMES = ["late.mp4", "early.mp4", "tagged.mp4", "plain.mov", "clip.mkv", "clip.webm"]


def _make(path: Path, movflags: str = "", tags: dict[str, str] | None = None, live: str = "0") -> Path:
    """A short clip with reordered frames, two audio tracks, a chapter, colour tags and an uneven last frame."""
    webm = path.suffix == ".webm"
    options = {"live": live} if path.suffix in (".mkv", ".webm") else {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", options=options) as clip:
        clip.metadata.update({"title": "Ünï", **(tags or {})})
        video = clip.add_stream("libvpx-vp9" if webm else "libx264", rate=30)
        video.width, video.height, video.pix_fmt = 32, 16, "yuv420p"
        context = video.codec_context
        context.colorspace, context.color_primaries, context.color_trc = (
            Colorspace.ITU709,
            ColorPrimaries.BT709,
            ColorTrc.BT709,
        )
        sounds = [clip.add_stream("libopus" if webm else "aac", rate=48_000, layout="mono") for _ in range(2)]
        sounds[1].metadata["language"] = "deu"
        if path.suffix == ".mkv":
            clip.add_attachment("font.txt", "text/plain", b"glyphs")
        if movflags != "frag_keyframe+empty_moov":
            clip.set_chapters(
                [{"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "one"}}]
            )
        for index in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), index * 20, np.uint8))
            frame.pts, frame.time_base = index + (index == 11), Fraction(1, 30)
            clip.mux(video.encode(frame))
        clip.mux(video.encode())
        for sound in sounds:
            _fill(clip, sound)
    if path.suffix in (".mp4", ".mov"):
        before, track = path.read_bytes().split(b"tkhd", 1)
        path.write_bytes(before + b"tkhd" + track.replace(UPRIGHT, TURNED, 1))
    return path


def _fill(clip: Any, sound: Any) -> None:
    kind = "fltp" if sound.codec_context.name == "aac" else "flt"
    for index in range(10):
        piece = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), format=kind, layout="mono")
        piece.sample_rate, piece.pts, piece.time_base = 48_000, index * 960, Fraction(1, 48_000)
        clip.mux(sound.encode(piece))
    clip.mux(sound.encode())


def _facts(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as clip:
        told = {name: text for name, text in clip.metadata.items() if name not in ("comment", "RECIPE")}
        streams = [
            (s.type, s.time_base, s.start_time, s.duration, s.disposition, dict(s.metadata), _coding(s))
            for s in clip.streams
        ]
        packets = [(p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in clip.demux()]
        general = (clip.duration, clip.start_time, clip.chapters(), told)
    with av.open(str(path)) as clip:
        frames = [(f.pts, f.rotation, f.colorspace, f.to_ndarray().tobytes()) for f in clip.decode(video=0)]
    return {"general": general, "streams": streams, "packets": sorted(packets, key=repr), "frames": frames}


def _coding(stream: Any) -> Any:
    context = stream.codec_context
    if stream.type != "video":
        return context and context.name
    return context.name, context.color_primaries, context.color_trc, context.extradata, context.codec_tag


def _flags(name: str) -> str:
    return {"early.mp4": "faststart", "tagged.mp4": "use_metadata_tags"}.get(name, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_clip_stays_what_it_was_and_gives_its_recipe_back(tmp_path: Path, name: str) -> None:
    clip = _make(tmp_path / name, _flags(name))
    (tmp_path / "out").mkdir()
    stamped = stamp(clip, recipe=RECIPE, scratch=tmp_path / "out")
    before, after = _facts(clip), _facts(stamped)
    assert after == before
    if clip.suffix in (".mp4", ".mov"):
        assert {frame[1] for frame in after["frames"]} == {-90}, "the turn is really there"
    assert read_recipe(stamped) == RECIPE
    assert read_recipe(clip) is None
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_second_recipe_takes_the_place_of_the_first(tmp_path: Path, name: str) -> None:
    clip = _make(tmp_path / name, _flags(name))
    once = stamp_clip(clip, tmp_path / f"once-{name}", {"n": 1})
    size = once.stat().st_size
    stamp_clip(once, once, {"n": 2})
    assert read_recipe(once) == {"n": 2}
    assert once.stat().st_size == size
    assert _facts(once) == _facts(clip)


@pytest.mark.parametrize(("name", "tag"), [("a.mp4", "comment"), ("a.mov", "comment"), ("a.mkv", "RECIPE")])
def test_players_and_ffmpeg_show_it_as_a_tag(tmp_path: Path, name: str, tag: str) -> None:
    stamped = stamp_clip(_make(tmp_path / name), tmp_path / f"out-{name}", RECIPE)
    with av.open(str(stamped)) as clip:
        assert "enhance_clip" in clip.metadata[tag]


@pytest.mark.parametrize("movflags", ["", "use_metadata_tags"])
def test_a_comment_of_the_person_is_not_taken_away(tmp_path: Path, movflags: str) -> None:
    clip = _make(tmp_path / "a.mp4", movflags, {"comment": "my holiday"})
    stamped = stamp_clip(clip, tmp_path / "b.mp4", RECIPE)
    with av.open(str(stamped)) as copy:
        assert copy.metadata["comment"] == "my holiday"
    assert read_recipe(stamped) == RECIPE


def test_an_mp4_whose_last_part_is_open_is_closed(tmp_path: Path) -> None:
    clip = _make(tmp_path / "a.mp4", "faststart")
    content = bytearray(clip.read_bytes())
    start = content.rindex(b"mdat") - 4
    assert start + struct.unpack_from(">I", content, start)[0] == len(content)
    content[start : start + 4] = bytes(4)
    clip.write_bytes(content)
    stamped = stamp_clip(clip, tmp_path / "b.mp4", RECIPE)
    assert _facts(stamped) == _facts(clip)
    assert read_recipe(stamped) == RECIPE


def test_a_live_recording_without_lengths_is_stamped_too(tmp_path: Path) -> None:
    clip = _make(tmp_path / "a.webm", live="1")
    stamped = stamp_clip(clip, tmp_path / "b.webm", RECIPE)
    assert _facts(stamped) == _facts(clip)
    assert read_recipe(stamp_clip(stamped, tmp_path / "c.webm", {"n": 2})) == {"n": 2}


def test_a_clip_without_a_table_of_contents_is_stamped_too(tmp_path: Path) -> None:
    clip = _make(tmp_path / "a.mkv")
    content = clip.read_bytes().replace(b"\x11\x4d\x9b\x74", b"\x11\x4d\x9b\x75", 1)
    clip.write_bytes(content)
    stamped = stamp_clip(clip, tmp_path / "b.mkv", RECIPE)
    assert _facts(stamped) == _facts(clip)
    assert read_recipe(stamped) == RECIPE


def test_the_largest_recipe_fits_into_a_clip(tmp_path: Path) -> None:
    recipe = {"x": "<" * (LARGEST_RECIPE - 9)}
    for name in ("a.mp4", "a.mkv"):
        stamped = stamp_clip(_make(tmp_path / name), tmp_path / f"out-{name}", recipe)
        assert read_recipe(stamped) == recipe


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_broken_clip_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    clip = _make(tmp_path / name)
    clip.write_bytes(clip.read_bytes()[:40])
    with pytest.raises(UnreadableFile, match="Make or copy it again"):
        stamp_clip(clip, tmp_path / f"out-{name}", RECIPE)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_clip_whose_index_lies_is_refused(tmp_path: Path) -> None:
    clip = _make(tmp_path / "a.mp4")
    content = bytearray(clip.read_bytes())
    struct.pack_into(">I", content, content.index(b"stco") + 8, 0xFFFFFFFF)
    clip.write_bytes(content)
    with pytest.raises(UnreadableFile, match="contradicts itself"):
        stamp_clip(clip, tmp_path / "b.mp4", RECIPE)


def test_boxes_within_boxes_without_end_do_no_harm(tmp_path: Path) -> None:
    content = b""
    for _ in range(3000):
        content = struct.pack(">I4s", len(content) + 8, b"trak") + content
    head = struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0)
    (tmp_path / "a.mp4").write_bytes(head + struct.pack(">I4s", len(content) + 8, b"moov") + content)
    assert read_recipe(stamp_clip(tmp_path / "a.mp4", tmp_path / "b.mp4", RECIPE)) == RECIPE


def test_a_streaming_mp4_is_refused_with_what_to_do(tmp_path: Path) -> None:
    clip = _make(tmp_path / "a.mp4", "frag_keyframe+empty_moov")
    with pytest.raises(InputError, match=r"fragmented MP4.*convert it"):
        stamp_clip(clip, tmp_path / "b.mp4", RECIPE)
