"""Whatever is handed in as a clip, the worst that comes of it is a clear error."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError, UnreadableFile, UnsafeFile
from enhance import reading
from enhance.clips import probe_clip
from enhance.segments import enhance_segment, plan_segments
from tests.enhance._clips import enhanced, pan, rotate, write_clip

SIZE = (96, 64)

PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "hidden.mp4": "\n#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n",
    "concat.mp4": "ffconcat version 1.0\nfile secret.mp4\n",
    "session.mp4": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n",
    "dash.mp4": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>secret.mp4</BaseURL></MPD>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_lists_of_other_files_are_refused(tmp_path, name):
    write_clip(tmp_path / "secret.mp4", pan(2, SIZE))
    (tmp_path / name).write_text(PLAYLISTS[name])
    with pytest.raises(UnsafeFile, match=name):
        probe_clip(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    (
        ("empty.mp4", b"", "empty"),
        ("page.mp4", b"<!DOCTYPE html><html><body>Not found</body></html>", "text"),
        ("notes.mov", b"Dear diary, today I filmed nothing at all.\n" * 40, "text"),
        ("noise.mkv", np.random.default_rng(0).bytes(5000), "known container"),
        ("program.mp4", b"\x7fELF" + bytes(range(200, 256)) * 50, "known container"),
        ("only-a-head.mkv", b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "known container"),
    ),
)
def test_what_is_no_clip_is_called_so(tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableFile, match=says) as caught:
        plan_segments(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize("kind", ("JPEG", "PNG", "TIFF", "BMP", "WEBP"))
def test_a_picture_is_called_a_picture(tmp_path, kind):
    path = tmp_path / "photo.mp4"
    Image.fromarray(pan(1, SIZE)[0]).save(path, kind)
    with pytest.raises(UnreadableFile, match="picture"):
        probe_clip(path)


def test_a_recording_that_was_never_finished_is_explained(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(30, SIZE))
    data = clip.read_bytes()
    clip.write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(UnreadableFile, match="index"):
        probe_clip(clip)


def test_sound_alone_is_no_clip(tmp_path):
    import av

    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as file:
        stream = file.add_stream("aac", 48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    with pytest.raises(UnreadableFile, match="no moving picture"):
        probe_clip(path)


def test_folders_devices_and_missing_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path, tmp_path / "pipe.mp4", tmp_path / "gone.mp4", Path("/dev/zero")):
        with pytest.raises(UnreadableFile, match=path.name):
            probe_clip(path)


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path):
    clip = tmp_path / "clip.y4m"
    clip.write_bytes(b"YUV4MPEG2 W12000 H12000 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(20_000))
    with pytest.raises(UnsafeFile, match="12000x12000"):
        probe_clip(clip)


def test_frames_that_are_larger_inside_than_the_limit_are_not_decoded(tmp_path, monkeypatch):
    clip = write_clip(tmp_path / "clip.mp4", pan(2, (128, 128)))
    monkeypatch.setattr(reading, "MAX_PIXELS", 100 * 100)
    with pytest.raises(UnsafeFile, match="128x128"):
        probe_clip(clip)


def test_a_result_larger_than_the_format_holds_is_refused(tmp_path):
    clip = write_clip(tmp_path / "clip.mkv", [np.zeros((2, 6000, 3), np.uint8)], codec="ffv1", pixel_format="bgr0")
    with pytest.raises(InputError, match="24000x8"):
        enhance_segment(clip, plan_segments(clip)[0], scale=4, scratch=tmp_path)


@pytest.mark.parametrize(
    "name", ("a b.mp4", "夏 été 🎬.mp4", "%d%05d.mp4", "-i.mp4", "http:nope.mp4", 'it\'s "odd".mp4', "..mp4")
)
def test_odd_names_are_only_names(tmp_path, name):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, SIZE)).rename(tmp_path / name)
    made = enhanced(clip, tmp_path / "out")
    assert made.facts["frames"] == 6
    assert made.clip.name == name
    assert made.clip.parent == tmp_path / "out"


def test_a_link_is_followed_and_nothing_is_written_beside_it(tmp_path):
    blobs, inputs = tmp_path / "blobs", tmp_path / "inputs"
    blobs.mkdir(), inputs.mkdir()
    write_clip(tmp_path / "clip.mp4", pan(3, SIZE)).rename(blobs / "0123abcd")
    (inputs / "clip.mp4").symlink_to(blobs / "0123abcd")
    assert enhanced(inputs / "clip.mp4", tmp_path / "out").facts["frames"] == 6
    assert [path.name for path in (*blobs.iterdir(), *inputs.iterdir())] == ["0123abcd", "clip.mp4"]


@pytest.mark.parametrize("share", (0.3, 0.6, 0.9, 0.99))
@pytest.mark.parametrize("suffix", (".mp4", ".mkv", ".ts", ".avi", ".webm", ".gif"))
def test_a_file_cut_short_anywhere_gives_what_it_holds_or_a_clear_error(tmp_path, share, suffix):
    if suffix == ".gif":
        clip = tmp_path / "clip.gif"
        pictures = [Image.fromarray(frame) for frame in pan(12, SIZE)]
        pictures[0].save(clip, save_all=True, append_images=pictures[1:], duration=50)
    else:
        codec = {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}} if suffix == ".webm" else {}
        sound = {".webm": "libopus", ".avi": "mp2"}.get(suffix, "aac")
        clip = write_clip(
            tmp_path / f"clip{suffix}", rotate(24, SIZE), sounds=1, sound_codec=sound, front=suffix == ".mp4", **codec
        )
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * share)])
    try:
        made = enhanced(clip, tmp_path / "out")
    except InputError as error:
        assert clip.name in str(error)
    else:
        assert 2 <= made.facts["frames"] <= 48
        assert probe_clip(made.clip).frames == made.facts["frames"]


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_bring_it_down(tmp_path, seed):
    clip = write_clip(tmp_path / "clip.mp4", rotate(12, SIZE), sounds=1)
    data = bytearray(clip.read_bytes())
    random = np.random.default_rng(seed)
    for place in random.integers(0, len(data), 40):
        data[place] = random.integers(0, 256)
    clip.write_bytes(data)
    try:
        made = enhanced(clip, tmp_path / "out")
    except InputError as error:
        assert str(error)
    else:
        assert made.clip.exists()


def test_a_segment_that_is_none_is_refused(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, SIZE))
    plan = plan_segments(clip)
    for wrong in ({}, {"index": 0}, {**plan[0], "more": 1}):
        with pytest.raises(InputError, match="plan_segments"):
            enhance_segment(clip, wrong, scratch=tmp_path)
