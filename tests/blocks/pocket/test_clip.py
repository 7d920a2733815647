"""A rendered clip: the same actor through cuts and bad frames, and the truth about each frame."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from blocks.errors import InputError
from blocks.pocket import clip
from blocks.pocket.clip import FLAWS, Frame, clip_frames, render_clip

SMALL = (96, 64)


def test_the_same_seed_gives_the_same_frames() -> None:
    first, again = (list(clip_frames((3,), 1, 6, SMALL)) for _ in range(2))
    assert len(first) == 6
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(first, again, strict=True))


@pytest.fixture(scope="module")
def long_clip() -> list[Frame]:
    return list(clip_frames((3,), 16, 8, SMALL))


def test_there_are_cuts_and_every_kind_of_bad_frame(long_clip: list[Frame]) -> None:
    assert len({frame.shot for frame in long_clip}) >= 5
    assert {frame.flaw for frame in long_clip} == set(FLAWS)
    assert 0.05 < np.mean([frame.flaw != "good" for frame in long_clip]) < 0.35


def test_bad_frames_are_what_they_say(long_clip: list[Frame]) -> None:
    for frame in long_clip:
        if frame.flaw == "empty":
            assert frame.people == ()
        if frame.flaw == "away":
            assert frame.faces == (None,)
        if frame.flaw == "dark":
            assert frame.picture.mean() < 40
        if frame.flaw == "good":
            assert frame.faces[0] is not None


def test_a_clip_without_flaws_has_none_and_is_smooth_within_a_shot() -> None:
    frames = list(clip_frames((4,), 4, 12, SMALL, flaws=False))
    assert {frame.flaw for frame in frames} == {"good"}
    for before, after in pairwise(frames):
        one, other = before.faces[0], after.faces[0]
        assert one is not None
        assert other is not None
        if before.shot == after.shot:
            assert np.abs(one.landmarks - other.landmarks).max() < 6


def test_two_actors_stand_side_by_side() -> None:
    frame = next(clip_frames((4, 9), 1, 4, (160, 120)))
    assert frame.people == (4, 9)
    left, right = frame.faces
    assert left is not None
    assert right is not None
    assert left.box[2] < right.box[0]


def test_the_file_holds_every_frame_and_is_the_same_each_time(tmp_path: Path) -> None:
    one = render_clip(5, 1, tmp_path / "one.mp4", fps=10, size=SMALL)
    other = render_clip(5, 1, tmp_path / "other.mp4", fps=10, size=SMALL)
    assert one.read_bytes() == other.read_bytes()
    with av.open(str(one)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 10
    assert (frames[0].width, frames[0].height) == SMALL


@pytest.mark.parametrize(
    ("seeds", "seconds", "size"),
    [((1,), 0, SMALL), ((1,), float("nan"), SMALL), ((), 1, SMALL), ((1, 2, 3), 1, SMALL), ((1,), 1, (97, 64))],
)
def test_impossible_clips_are_refused(seeds: tuple[int, ...], seconds: float, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="clip"):
        next(clip_frames(seeds, seconds, 8, size))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        render_clip(1, 1, tmp_path / "nowhere" / "clip.mp4")


def test_a_name_that_is_no_clips_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.mp4"):
        render_clip(1, 1, tmp_path / "clip.txt")


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "clip.mp4"
    out.write_bytes(b"old")

    light_up, calls = clip.light_up, iter(range(100))

    def fail_at_the_third(*given: Any) -> Any:
        if next(calls) == 2:
            raise OSError("no space left")
        return light_up(*given)

    monkeypatch.setattr(clip, "light_up", fail_at_the_third)
    with pytest.raises(OSError, match="no space"):
        render_clip(1, 1, out, fps=4, size=SMALL)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
