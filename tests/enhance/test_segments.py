"""A clip enhanced in pieces is the clip enhanced whole, with nothing changed that was not asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import Cancelled, InputError, NotAvailable
from enhance.segments import enhance_segment, plan_segments
from tests.enhance._clips import (
    decoded,
    enhanced,
    occlusion,
    packets_of,
    pan,
    photo,
    psnr,
    rotate,
    shown,
    view,
    write_clip,
)

SIZE = (96, 64)
LOSSLESS = {"crf": 0, "preset": "ultrafast"}


def gif(path: Path) -> Path:
    pictures = [Image.fromarray(frame) for frame in pan(12, SIZE)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=50)
    return path


SOURCES = {
    "key frames only at the start": lambda path: write_clip(path / "a.mp4", rotate(24, SIZE), options={"g": "250"}),
    "frames that refer forward, open groups": lambda path: write_clip(
        path / "b.mp4",
        rotate(40, SIZE),
        options={"preset": "fast", "x264-params": "keyint=9:min-keyint=9:bframes=3:b-adapt=0:open-gop=1:scenecut=0"},
        max_b_frames=3,
    ),
    "transport stream": lambda path: write_clip(
        path / "c.ts", rotate(40, SIZE), options={"preset": "fast", "x264-params": "keyint=8:bframes=2"}, max_b_frames=2
    ),
    "old MPEG": lambda path: write_clip(
        path / "d.avi", rotate(24, SIZE), codec="mpeg4", options={"g": "7"}, max_b_frames=2
    ),
    "program stream": lambda path: write_clip(
        path / "i.mpg", rotate(24, SIZE), codec="mpeg2video", rate=Fraction(25), max_b_frames=2, options={"g": "8"}
    ),
    "Flash": lambda path: write_clip(path / "j.flv", rotate(24, SIZE), options={"g": "7"}),
    "Windows Media": lambda path: write_clip(path / "k.wmv", rotate(24, SIZE), codec="wmv2", options={"g": "7"}),
    "HEVC": lambda path: write_clip(
        path / "l.mp4",
        rotate(24, SIZE),
        codec="libx265",
        options={"x265-params": "log-level=none:keyint=8:open-gop=1:bframes=3", "preset": "ultrafast"},
    ),
    "VP9": lambda path: write_clip(
        path / "e.webm", rotate(20, SIZE), codec="libvpx-vp9", options={"g": "6", "cpu-used": "8"}
    ),
    "interlaced": lambda path: write_clip(path / "f.mp4", rotate(24, SIZE), options={"x264-params": "tff=1:keyint=5"}),
    "animated GIF": lambda path: gif(path / "g.gif"),
    "varying rate": lambda path: write_clip(
        path / "h.mkv", rotate(16, SIZE), pts=[i * 33 + i % 3 * 5 for i in range(16)], time_base=Fraction(1, 1000)
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("target", ({"factor": "2"}, {"fps": "45"}), ids=("factor", "fps"))
def test_pieces_change_nothing(tmp_path, kind, target):
    clip = SOURCES[kind](tmp_path)
    whole = enhanced(clip, tmp_path / "whole", seconds=60, **target, **LOSSLESS)
    pieces = enhanced(clip, tmp_path / "pieces", seconds=0.11, **target, **LOSSLESS)
    assert shown(whole.clip) == shown(pieces.clip)
    for one, other in zip(decoded(whole.clip), decoded(pieces.clip), strict=True):
        assert np.array_equal(one, other)


def test_the_frames_that_were_there_stay_as_they_were(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", rotate(8, SIZE))
    made = enhanced(clip, tmp_path / "out", **LOSSLESS)
    for before, after in zip(decoded(clip, "yuv420p"), decoded(made.clip, "yuv420p")[::2], strict=True):
        assert np.array_equal(before, after)


def test_a_plan_is_plain_covers_all_frames_and_is_the_same_each_time(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(50, SIZE), rate=Fraction(25))
    plan = plan_segments(clip, seconds=0.5)
    assert plan == json.loads(json.dumps(plan)) == plan_segments(clip, seconds=0.5)
    assert [(part["first"], part["last"]) for part in plan] == [(0, 13), (13, 25), (25, 38), (38, 50)]
    assert all(part["total"] == 4 for part in plan)


def test_a_preview_plans_only_the_beginning(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(60, SIZE), rate=Fraction(20), sounds=1)
    assert plan_segments(clip, preview=2.0)[-1]["last"] == 40
    made = enhanced(clip, tmp_path / "out", seconds=0.5, preview=1.0)
    assert made.facts["frames"] == 40
    assert made.facts["duration"] == 1.0
    sound = packets_of(made.clip, "audio")[0]
    assert sound == packets_of(clip, "audio")[0][: len(sound)]
    assert 0.9 < len(sound) * 1024 / 48000 < 1.1


@pytest.mark.parametrize(
    "lengths",
    ({"seconds": 0}, {"seconds": 1e-9}, {"seconds": float("nan")}, {"preview": -1}, {"preview": float("inf")}),
)
def test_impossible_lengths_are_refused(tmp_path, lengths):
    clip = write_clip(tmp_path / "clip.mp4", pan(2, SIZE))
    with pytest.raises(InputError, match="not possible"):
        plan_segments(clip, **lengths)


def test_no_frame_is_drawn_across_a_cut(tmp_path):
    here, there = pan(6, (192, 108)), pan(6, (192, 108), name="chelsea")
    clip = write_clip(tmp_path / "clip.mp4", here + there, options={"crf": "0"}, rate=Fraction(60))
    made = enhanced(clip, tmp_path / "out", fps="120", **LOSSLESS)
    frames = decoded(made.clip)
    assert len(frames) == 24
    assert np.array_equal(frames[11], frames[10])
    assert psnr(frames[13], frames[12]) < 40
    assert made.facts["cuts"] == 1


def test_new_frames_look_like_what_was_there(tmp_path):
    frames = occlusion(9, (320, 180))
    clip = write_clip(tmp_path / "clip.mp4", frames[::2])
    made = enhanced(clip, tmp_path / "out")
    for i, frame in enumerate(decoded(made.clip)[:9]):
        assert psnr(frame, frames[i]) > 32


@pytest.mark.parametrize("frames", (1, 2))
def test_very_short_clips_are_doubled_too(tmp_path, frames):
    clip = write_clip(tmp_path / "clip.mp4", pan(frames, SIZE), rate=Fraction(60))
    made = enhanced(clip, tmp_path / "out", fps="120")
    assert made.facts["frames"] == 2 * frames
    assert shown(made.clip)[1] == Fraction(frames, 60)


def test_slides_are_held_and_not_morphed(tmp_path):
    slides = [view(photo(name), 200, 150, SIZE) for name in ("coffee", "coffee", "rocket")]
    slides[1] = np.roll(slides[1], 9, axis=1)
    clip = write_clip(tmp_path / "clip.mp4", slides, pts=[0, 3000, 5000], time_base=Fraction(1, 1000))
    frames = decoded(enhanced(clip, tmp_path / "out", factor="4", **LOSSLESS).clip)
    assert all(np.array_equal(frames[0], frame) for frame in frames[1:4])


def test_a_slower_target_may_leave_a_piece_without_frames(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(30, SIZE))
    made = enhanced(clip, tmp_path / "out", seconds=0.1, fps="5")
    assert made.facts["frames"] == 5
    assert shown(made.clip) == ([Fraction(n, 5) for n in range(5)], Fraction(1))


def test_a_stretch_that_cannot_be_decoded_is_stood_in_for_and_said(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", rotate(30, SIZE), options={"g": "10"}, front=True)
    data = bytearray(clip.read_bytes())
    middle = len(data) * 6 // 10
    data[middle : middle + 600] = bytes(600)
    clip.write_bytes(data)
    made = enhanced(clip, tmp_path / "out")
    assert made.facts["frames"] == 60
    assert shown(made.clip)[1] == 1


def test_progress_counts_frames_and_shows_one_upright_now_and_then(tmp_path, monkeypatch):
    frames = [np.vstack((frame[:32], frame[32:] // 8)) for frame in pan(6, SIZE)]  # dark below
    clip = write_clip(tmp_path / "clip.mp4", frames, rotation=90)
    told = []
    seconds = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    enhance_segment(clip, plan_segments(clip)[0], scratch=tmp_path, progress=lambda *what: told.append(what))
    assert [note for _, note, _ in told][-1] == "frame 12 of 12"
    assert [fraction for fraction, _, _ in told] == sorted(fraction for fraction, _, _ in told)
    pictures = [preview for *_, preview in told if preview]
    with Image.open(pictures[0]) as picture:
        assert picture.size == SIZE[::-1]
        left, right = np.hsplit(np.asarray(picture.convert("L")), 2)
    assert left.mean() > 2 * right.mean()  # a quarter turn counterclockwise: what was above is left


def test_stopping_leaves_no_half_file(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(6, SIZE))
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def stop(fraction: float, note: str = "", preview: Path | None = None) -> None:
        if fraction > 0.4:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        enhance_segment(clip, plan_segments(clip)[0], scratch=scratch, progress=stop)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    (
        ({"scale": 5}, InputError, "1, 2, 3 or 4"),
        ({"crf": 99}, InputError, "0 .* 51"),
        ({"preset": "warp"}, InputError, "veryfast"),
        ({"fps": "many"}, InputError, "120"),
        ({"interpolator": "rife"}, NotAvailable, "weights"),
    ),
)
def test_wrong_settings_are_explained(tmp_path, settings, error, says):
    clip = write_clip(tmp_path / "clip.mp4", pan(2, SIZE))
    with pytest.raises(error, match=says):
        enhance_segment(clip, plan_segments(clip)[0], scratch=tmp_path, **settings)


def test_a_wrong_duration_in_a_file_does_not_fill_the_disk(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", pan(3, SIZE), pts=[0, 1000, 40_000_000], time_base=Fraction(1, 1000))
    with pytest.raises(InputError, match="duration"):
        enhance_segment(clip, plan_segments(clip)[0], fps="120", scratch=tmp_path)


def test_memory_does_not_grow_with_length(tmp_path):
    """In a process of its own: a clip six times as long as the one before needs no more at its peak."""
    program = (
        "import resource, sys; from pathlib import Path; from tests.enhance._clips import *\n"
        "out = Path(sys.argv[1]); frames = limbs(8, (320, 180))\n"
        "for count in (10, 60):\n"
        "    clip = write_clip(out / f'{count}.mp4', (frames[i % 8] for i in range(count)))\n"
        "    enhanced(clip, out / 'made', seconds=100, preset='ultrafast')\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    run = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    short, long = map(float, run.stdout.split())
    one_by_one = 50 * 320 * 180 * 3 / 2**20  # what keeping the frames would add
    assert long - short < one_by_one / 2
