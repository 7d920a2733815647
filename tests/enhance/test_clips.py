"""What a clip is, is read exactly, whatever container and codec it comes in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from enhance.clips import probe_clip
from enhance.colour import Colour
from tests.enhance._clips import pan, rotate, write_clip

SIZE = (96, 64)


@pytest.mark.parametrize("rate", (Fraction(24), Fraction(30000, 1001), Fraction(60)))
@pytest.mark.parametrize("suffix", (".mp4", ".mov", ".mkv", ".avi", ".ts", ".nut"))
def test_frames_rate_and_duration(tmp_path, rate, suffix):
    clip = probe_clip(write_clip(tmp_path / f"clip{suffix}", pan(13, SIZE), rate=rate))
    assert (clip.frames, clip.rate, clip.width, clip.height) == (13, rate, *SIZE)
    rounding = 1 if suffix in (".mkv", ".ts") else 0
    assert abs(clip.duration - 13 / rate) <= rounding * clip.time_base


def test_frames_that_refer_forward_are_in_order_of_showing(tmp_path):
    options = {"preset": "fast", "bf": "3", "x264-params": "b-adapt=0"}
    path = write_clip(tmp_path / "clip.mp4", rotate(20, SIZE), options=options, max_b_frames=3)
    clip = probe_clip(path)
    assert list(clip.pts) == sorted(clip.pts)
    assert (clip.frames, clip.rate) == (20, 30)


def test_a_varying_rate_is_seen_and_times_are_exact(tmp_path):
    times = [0, 40, 73, 140, 141, 290]
    path = write_clip(tmp_path / "clip.mp4", pan(6, SIZE), pts=times, time_base=Fraction(1, 1000))
    clip = probe_clip(path)
    assert clip.rate is None
    assert [time * clip.time_base * 1000 for time in clip.pts] == times


def test_rounded_times_of_a_constant_rate_are_seen_through(tmp_path):
    times = [round(i * 1000 / 60) for i in range(30)]
    path = write_clip(tmp_path / "clip.mkv", pan(30, SIZE), pts=times, time_base=Fraction(1, 1000), rate=Fraction(60))
    assert probe_clip(path).rate == 60


def test_colours_are_read_from_their_tags(tmp_path):
    clip = probe_clip(write_clip(tmp_path / "clip.mp4", pan(2, SIZE), matrix=1))
    assert clip.colour == Colour(1, 1, 1, 1)
    path = write_clip(
        tmp_path / "pq.mp4", pan(2, SIZE), matrix=9, pixel_format="yuv420p10le", color_trc=16, color_primaries=9
    )
    clip = probe_clip(path)
    assert (clip.colour, clip.depth) == (Colour(9, 1, 9, 16), 10)


@pytest.mark.parametrize(("size", "matrix"), (((96, 64), 6), ((640, 576), 6), ((1280, 720), 1)))
def test_untagged_colours_are_guessed_by_size_as_players_do(tmp_path, size, matrix):
    path = write_clip(tmp_path / "clip.avi", pan(1, size), matrix=None)
    assert probe_clip(path).colour == Colour(matrix, 1, matrix, matrix)


@pytest.mark.parametrize("angle", (90, 180, -90))
def test_rotation_is_read(tmp_path, angle):
    clip = probe_clip(write_clip(tmp_path / "clip.mp4", pan(2, SIZE), rotation=angle))
    assert (clip.rotation - angle) % 360 == 0
    assert clip.matrix is not None


def test_interlaced_pictures_are_seen(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", pan(6, SIZE), options={"x264-params": "tff=1"})
    assert probe_clip(path).interlaced
    assert not probe_clip(write_clip(tmp_path / "whole.mp4", pan(6, SIZE))).interlaced


def test_alpha_counts_only_where_it_is_used(tmp_path):
    frames = [
        np.dstack((frame, np.full(SIZE[::-1], alpha, np.uint8)))
        for frame, alpha in zip(pan(2, SIZE), (255, 90), strict=True)
    ]
    prores = {"codec": "prores_ks", "pixel_format": "yuva444p10le", "options": {"profile": "4444", "alpha_bits": "16"}}
    assert probe_clip(write_clip(tmp_path / "clear.mov", frames, **prores)).alpha
    assert not probe_clip(write_clip(tmp_path / "solid.mov", frames[:1], **prores)).alpha


def test_tracks_are_counted_and_pixel_shape_is_read(tmp_path):
    path = write_clip(
        tmp_path / "clip.mp4",
        pan(12, SIZE),
        sounds=2,
        subtitles="mov_text",
        sample_aspect_ratio=Fraction(16, 15),
    )
    clip = probe_clip(path)
    assert (clip.sounds, clip.subtitles, clip.sample_aspect) == (2, 1, Fraction(16, 15))


def test_one_frame_is_a_clip(tmp_path):
    clip = probe_clip(write_clip(tmp_path / "clip.mp4", pan(1, SIZE), rate=Fraction(25)))
    assert (clip.frames, clip.duration) == (1, Fraction(1, 25))


@pytest.mark.parametrize("suffix", (".gif", ".webp", ".png"))
def test_animated_pictures_are_clips_of_their_own_rhythm(tmp_path, suffix):
    path = tmp_path / f"dance{suffix}"
    pictures = [Image.fromarray(frame) for frame in pan(3, SIZE, 9)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[100, 50, 200], loop=0)
    clip = probe_clip(path)
    assert [time * clip.time_base for time in clip.pts] == [0, Fraction(1, 10), Fraction(3, 20)]
    assert (clip.duration, clip.rate) == (Fraction(7, 20), None)


def test_a_file_that_ends_early_says_so(tmp_path):
    whole = write_clip(tmp_path / "whole.mp4", pan(40, SIZE), front=True)
    short = tmp_path / "short.mp4"
    short.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    clip = probe_clip(short)
    assert 5 < clip.frames < 40
    assert any("40" in note and "early" in note for note in clip.notes)
