"""What is joined plays from start to end, and all that is not pictures is bit for bit what it was."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from blocks.errors import Cancelled, DiskFull, InputError, UnreadableFile
from enhance.clips import probe_clip
from enhance.mux import join_segments
from enhance.segments import enhance_segment, plan_segments
from tests.enhance._clips import decoded, enhanced, packets_of, pan, rotate, shown, write_clip

SIZE = (96, 64)


def parts_of(clip: Path, scratch: Path, **settings) -> list[Path]:
    scratch.mkdir(exist_ok=True)
    return [enhance_segment(clip, s, scratch=scratch, **settings) for s in plan_segments(clip, seconds=0.2)]


def test_sixty_frames_become_a_hundred_and_twenty_in_the_same_time(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(60, SIZE), rate=Fraction(60), sounds=1)
    made = enhanced(clip, tmp_path / "out", fps="120")
    times, end = shown(made.clip)
    assert times == [Fraction(n, 120) for n in range(120)]
    assert end == shown(clip)[1] == 1
    assert made.facts == {
        "frames": 120, "fps": "120", "duration": 1.0, "width": SIZE[0], "height": SIZE[1], "cuts": 0
    }  # fmt: skip


def test_varying_times_are_halved_exactly(tmp_path):
    times = [0, 40, 73, 140, 141, 290]
    clip = write_clip(tmp_path / "clip.mp4", pan(6, SIZE), pts=times, time_base=Fraction(1, 1000))
    end = shown(clip)[1]
    new, new_end = shown(enhanced(clip, tmp_path / "out").clip)
    edges = [Fraction(time, 1000) for time in times] + [end]
    assert new[::2] == edges[:-1]
    assert new[1::2] == [(a + b) / 2 for a, b in pairwise(edges)]
    assert new_end == end


@pytest.mark.parametrize(
    ("suffix", "sound", "subtitles", "out"),
    (
        (".mp4", "aac", "mov_text", ".mp4"),
        (".mov", "pcm_s16le", "", ".mov"),
        (".mkv", "libopus", "subrip", ".mkv"),
        (".mkv", "aac", "", ".mp4"),
        (".mkv", "flac", "", ".mp4"),
        (".avi", "mp2", "", ".mp4"),
    ),
)
def test_all_tracks_are_copied_bit_for_bit(tmp_path, suffix, sound, subtitles, out):
    clip = write_clip(
        tmp_path / f"clip{suffix}", pan(15, SIZE), sounds=2, sound_codec=sound, subtitles=subtitles, rate=Fraction(25)
    )
    made = enhanced(clip, tmp_path / "out")
    assert made.clip.suffix == out
    assert len(packets_of(clip, "audio")) == 2
    assert packets_of(made.clip, "audio") == packets_of(clip, "audio")
    assert packets_of(made.clip, "subtitle") == packets_of(clip, "subtitle")
    if suffix != ".avi":  # which knows no languages
        assert languages(made.clip) == languages(clip)
    assert starts(made.clip) == starts(clip)


def languages(path: Path) -> list[str | None]:
    with av.open(str(path)) as file:
        return [stream.language for stream in file.streams if stream.type in ("audio", "subtitle")]


def starts(path: Path) -> list[int]:
    """Milliseconds at which each track begins."""
    with av.open(str(path)) as file:
        return [round((stream.start_time or 0) * stream.time_base * 1000) for stream in file.streams]


def test_sound_of_a_transport_stream_loses_its_headers_only(tmp_path):
    """ADTS headers are for streams; in a file the same sound is kept without them."""
    clip = write_clip(tmp_path / "clip.ts", pan(15, SIZE), sounds=1)
    made = enhanced(clip, tmp_path / "out")
    before, after = packets_of(clip, "audio")[0], packets_of(made.clip, "audio")[0]
    assert [packet[7:] for packet in before] == after
    assert shown(made.clip)[0][0] < Fraction(1, 10)


def test_fonts_chapters_and_titles_travel_along(tmp_path):
    plain = write_clip(tmp_path / "plain.mkv", pan(10, SIZE), subtitles="subrip")
    clip = tmp_path / "clip.mkv"
    with av.open(str(plain)) as source, av.open(str(clip), "w") as target:
        target.metadata["title"] = "A day at the café"
        target.add_attachment("letters.ttf", "font/ttf", b"not really a font")
        copies = [target.add_stream_from_template(stream) for stream in source.streams]
        target.set_chapters(
            [{"id": 1, "start": 0, "end": 200, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}}]
        )
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    made = enhanced(clip, tmp_path / "out")
    with av.open(str(made.clip)) as file:
        assert file.metadata["title"] == "A day at the café"
        assert file.chapters()[0]["metadata"]["title"] == "One"
        assert [(s.name, s.data) for s in file.streams.attachments] == [("letters.ttf", b"not really a font")]
    assert packets_of(made.clip, "subtitle") == packets_of(clip, "subtitle")


@pytest.mark.parametrize("angle", (90, 180, -90))
def test_rotation_and_pixel_shape_are_kept(tmp_path, angle):
    clip = write_clip(
        tmp_path / "clip.mp4", pan(4, SIZE), rotation=angle, sample_aspect_ratio=Fraction(4, 3), metadata={"title": "x"}
    )
    before, after = probe_clip(clip), probe_clip(enhanced(clip, tmp_path / "out").clip)
    assert (after.rotation, after.matrix) == (before.rotation, before.matrix)
    assert after.sample_aspect == before.sample_aspect == Fraction(4, 3)


def test_a_late_start_and_early_sound_stay_in_step(tmp_path):
    clip = write_clip(
        tmp_path / "clip.mp4",
        pan(10, SIZE),
        pts=[300 + i * 40 for i in range(10)],
        time_base=Fraction(1, 1000),
        sounds=1,
    )
    made = enhanced(clip, tmp_path / "out")
    assert starts(made.clip) == starts(clip)
    assert shown(made.clip)[0][0] == Fraction(3, 10)
    assert shown(made.clip)[1] == shown(clip)[1]


def test_the_result_plays_everywhere_and_starts_before_it_is_loaded(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", rotate(12, SIZE), sounds=1)
    made = enhanced(clip, tmp_path / "out")
    with av.open(str(made.clip)) as file:
        track = file.streams.video[0]
        packets = [packet for packet in file.demux(track) if packet.size]
        assert (track.codec_context.name, track.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert all(packet.pts == packet.dts for packet in packets)
    assert all(a.dts < b.dts for a, b in pairwise(packets))
    data = made.clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert len(decoded(made.clip)) == len(packets) == 24


def test_a_result_can_be_enhanced_again(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(8, SIZE), sounds=1)
    once = enhanced(clip, tmp_path / "once")
    twice = enhanced(once.clip, tmp_path / "twice")
    assert twice.facts["frames"] == 32
    assert twice.facts["duration"] == once.facts["duration"]
    assert packets_of(twice.clip, "audio") == packets_of(clip, "audio")


def test_order_of_the_segments_does_not_matter(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(20, SIZE))
    parts = parts_of(clip, tmp_path / "parts")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    a = join_segments(clip, parts, scratch=one).clip
    b = join_segments(clip, parts[::-1], scratch=two).clip
    assert a.read_bytes() == b.read_bytes()


def test_missing_doubled_and_foreign_segments_are_refused(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(20, SIZE))
    parts = parts_of(clip, tmp_path / "parts")
    other = parts_of(clip, tmp_path / "other", factor="3")
    softer = parts_of(clip, tmp_path / "softer", preset="slow")
    for wrong, says in (
        (parts[:-1], "whole plan"),
        (parts[1:], "whole plan"),
        ([*parts, parts[0]], "whole plan"),
        ([], "whole plan"),
        ([*parts[:-1], other[-1]], "same settings"),
        ([*parts[:-1], softer[-1]], "same"),
    ):
        with pytest.raises(InputError, match=says):
            join_segments(clip, wrong, scratch=tmp_path)


def test_a_damaged_segment_is_noticed(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(20, SIZE))
    parts = parts_of(clip, tmp_path / "parts")
    for damage in (b"", b"nonsense" * 99, parts[0].read_bytes()[:-300]):
        parts[0].write_bytes(damage)
        with pytest.raises(UnreadableFile, match="make it again"):
            join_segments(clip, parts, scratch=tmp_path)


def test_stopping_leaves_no_half_file(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(20, SIZE))
    parts = parts_of(clip, tmp_path / "parts")
    out = tmp_path / "out"
    out.mkdir()

    def stop(fraction, note="", preview=None):
        if fraction > 0.5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        join_segments(clip, parts, scratch=out, progress=stop)
    assert list(out.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path):
    """A limit on the size of files stands in for the disk; in a process of its own, since it cannot be lifted again."""
    program = (
        "import resource, signal, sys; from pathlib import Path; from blocks.errors import DiskFull\n"
        "from tests.enhance._clips import *\n"
        "out = Path(sys.argv[1])\n"
        "noise = np.random.default_rng(0).integers(0, 255, (20, 180, 320, 3), dtype=np.uint8)\n"
        "clip = write_clip(out / 'clip.mp4', noise)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n    enhanced(clip, out / 'made', crf=0)\n"
        "except DiskFull as error:\n    print(error, list((out / 'made').iterdir()))\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "No space is left" in run.stdout, run.stderr
    assert run.stdout.strip().endswith("[]")
    assert DiskFull.__name__ not in run.stderr
