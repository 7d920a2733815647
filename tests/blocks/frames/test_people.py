"""Frames become people, and one of them references; what is left out says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from blocks.errors import Cancelled, InputError, UnreadableFile
from blocks.frames import People, pick_actor
from blocks.frames.people import find_with
from blocks.scores.references import read_references
from tests.blocks.frames._people import CardReader, blank, card, write_clip, write_picture

Find = Callable[..., People]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    def found(*sources: Path, most: int = 24, reader: CardReader | None = None, **more: Any) -> People:
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        return find_with(reader or CardReader(), sources, 0.35, most, 1, scratch, **more)

    return found


def _reasons(people: People) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in people.dropped:
        counts[one["why"]] += one.get("count", 1)
    return counts


def test_one_actor_of_a_clip_with_bad_frames_is_one_person(find: Find, tmp_path: Path) -> None:
    frames = [card(1, turn=n) for n in range(12)]
    frames += [blank()] * 3 + [card(1, blur=9)] * 3 + [card(1, turn=n) for n in range(12, 24)]
    people = find(write_clip(tmp_path / "actor.mp4", frames))
    (person,) = people.people
    assert person["identity"] == 0 and person["share"] == 1
    assert len(person["frames"]) == len(people.frames) == len(person["members"])
    assert set(person["views"]) == {"front", "half_left"}
    assert len(people.faces) == 1 and cv2.imread(str(people.faces[0])).shape == (160, 160, 3)
    reasons = _reasons(people)
    assert reasons["no face"] >= 1
    assert len(people.frames) + reasons.total() == len(frames)


def test_two_actors_are_two_people_though_they_share_their_frames(find: Find, tmp_path: Path) -> None:
    people = find(write_clip(tmp_path / "two.mp4", [card(1, 2, turn=n) for n in range(20)] + [card(1)] * 4))
    assert [one["identity"] for one in people.people] == [0, 1]
    first, second = people.people
    assert first["count"] >= second["count"] > 0
    assert set(first["frames"]) & set(second["frames"])
    boxes = [{member["box"][0] < 96 for member in one["members"]} for one in people.people]
    assert boxes in ([{True}, {False}], [{False}, {True}])


def test_the_person_seen_most_is_picked_and_any_other_by_number(find: Find, tmp_path: Path) -> None:
    pictures = [write_picture(tmp_path / f"{n}.png", card(2, turn=n)) for n in range(6)]
    pictures += [write_picture(tmp_path / f"other{n}.png", card(3, turn=n)) for n in range(3)]
    people = find(*pictures)
    actor = pick_actor(people.people, people.frames)
    assert actor.identity == 0 and actor.references["count"] == 6 == len(actor.pictures)
    checked = read_references(actor.references, CardReader.embedder)
    assert checked.count == 6 and checked.ceiling is not None and checked.second is not None
    other = pick_actor(people.people, people.frames, 1)
    assert {member["file"][:5] for member in other.references["members"]} == {"other"}
    with pytest.raises(InputError, match="no person 2"):
        pick_actor(people.people, people.frames, 2)


def test_members_and_pictures_are_in_the_same_order(find: Find, tmp_path: Path) -> None:
    pictures = [write_picture(tmp_path / f"{n}.png", card(1, turn=3 * n)) for n in range(5)]
    people = find(*pictures)
    actor = pick_actor(people.people, people.frames)
    for member, path in zip(actor.references["members"], actor.pictures, strict=True):
        original, kept = cv2.imread(str(tmp_path / member["file"])), cv2.imread(str(path))
        assert np.array_equal(original, kept)


def test_every_frame_that_is_left_out_says_why(find: Find, tmp_path: Path) -> None:
    sharp = [write_picture(tmp_path / f"{n}.png", card(1, turn=n)) for n in range(8)]
    wrong = {
        "nobody": blank(),
        "soft": card(1, turn=3, blur=7),
        "tiny": card(1, side=24),
        "again": card(1, turn=2),
        "night": (card(1, turn=9) * 0.1).astype(np.uint8),
    }
    paths = [write_picture(tmp_path / f"{name}.png", pixels) for name, pixels in wrong.items()]
    (tmp_path / "broken.png").write_bytes(sharp[0].read_bytes()[:90])
    people = find(*sharp, *paths, tmp_path / "broken.png")
    why = {one["file"]: one["why"] for one in people.dropped}
    assert why == {
        "nobody.png": "no face",
        "soft.png": "blurred",
        "tiny.png": "too small",
        "again.png": "duplicate",
        "night.png": "too dark",
        "broken.png": "unreadable",
    }


def test_frames_come_from_every_scene_and_view(find: Find, tmp_path: Path) -> None:
    frames = []
    for scene, level in enumerate((20, 120, 220)):
        frames += [card(1, turn=n + scene, level=level) for n in range(20)]
    people = find(write_clip(tmp_path / "scenes.mp4", frames), most=6)
    (person,) = people.people
    assert len(person["members"]) == 6
    assert {int(member["at"] // 2) for member in person["members"]} == {0, 1, 2}
    assert {member["view"] for member in person["members"]} == {"front", "half_left"}


def test_a_long_clip_is_looked_through_to_its_end_with_few_frames_kept(
    find: Find, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("blocks.frames.looking._ROOM", 16)
    reader, kept = CardReader(), []
    clip = write_clip(tmp_path / "long.mp4", [card(1, turn=n // 5) for n in range(600)])

    def watch(fraction: float, note: str = "", preview: Path | None = None) -> None:
        kept.append(len(list((tmp_path / "scratch").glob("seen_*"))))

    people = find(clip, reader=reader, progress=watch)
    assert max(kept) <= 17
    assert reader.looked_at < 120
    assert max(member["at"] for member in people.people[0]["members"]) > 45
    assert len(people.frames) + _reasons(people).total() == 600
    assert not list((tmp_path / "scratch").glob("seen_*"))


def test_a_folder_is_looked_through_and_other_files_are_passed_over(find: Find, tmp_path: Path) -> None:
    inside = tmp_path / "frames" / "deep"
    inside.mkdir(parents=True)
    for n in range(3):
        write_picture(inside / f"{n}.dat", card(1, turn=n))
    (inside / "notes.txt").write_text("nothing to see")
    (inside / ".hidden.png").write_bytes((inside / "0.dat").read_bytes())
    assert find(tmp_path / "frames").people[0]["count"] == 3


def test_nobody_at_all_is_an_error_that_counts_the_reasons(find: Find, tmp_path: Path) -> None:
    pictures = [write_picture(tmp_path / f"{n}.png", blank(level=20 * n)) for n in range(1, 4)]
    with pytest.raises(InputError, match=r"3 no face.*sharper"):
        find(*pictures)


def test_what_cannot_be_read_is_an_error_only_if_nothing_can(find: Find, tmp_path: Path) -> None:
    good = write_clip(tmp_path / "good.mp4", [card(1, turn=n) for n in range(10)])
    for name, data in {"cut.mp4": good.read_bytes()[:400], "empty.png": b"", "page.jpg": b"<html>no</html>"}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnreadableFile, match=name):
            find(tmp_path / name)
        people = find(good, tmp_path / name)
        assert [one["file"] for one in people.dropped if one["why"] == "unreadable"] == [name]
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile {good}\n")
    with pytest.raises(UnreadableFile):
        find(playlist)


@pytest.mark.parametrize("sources", [[], ["not-there.png"]])
def test_nothing_to_look_at_is_said(find: Find, tmp_path: Path, sources: list[str]) -> None:
    with pytest.raises(InputError, match=r"Nothing was handed in|no file or folder"):
        find(*(tmp_path / name for name in sources))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures or clips"):
        find(tmp_path / "empty")


def test_a_cancel_is_heard_between_frames(find: Find, tmp_path: Path) -> None:
    def stop(fraction: float, note: str = "", preview: Path | None = None) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        find(write_clip(tmp_path / "a.mp4", [card(1)] * 5), progress=stop)
