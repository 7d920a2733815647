"""Sheets: every picture whole and no smaller than it is, at 300 dots an inch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError, UnreadableFile
from blocks.sheets import VIEW_KEYS, compose_sheet

COLOURS = ((200, 0, 0), (0, 180, 0), (0, 0, 220), (210, 200, 0), (0, 190, 200), (200, 0, 190), (90, 40, 0), (9, 9, 9))
GROUND = (180, 190, 200)


def _pictures(folder: Path, sizes: Sequence[tuple[int, int]]) -> list[Path]:
    paths = []
    for number, size in enumerate(sizes):
        paths.append(folder / f"{number}.png")
        Image.new("RGB", size, COLOURS[number % 8]).save(paths[-1])
    return paths


def _places(sheet: Path, count: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of each colour."""
    pixels = np.asarray(Image.open(sheet).convert("RGB")).astype(int)
    found = []
    for colour in COLOURS[:count]:
        rows, columns = np.nonzero(np.abs(pixels - colour).sum(axis=2) < 12)
        found.append((int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    return found


def _apart(places: Sequence[tuple[int, int, int, int]]) -> bool:
    return all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for place, a in enumerate(places)
        for b in places[place + 1 :]
    )


def test_a_contact_sheet_shows_every_picture_in_order(tmp_path: Path) -> None:
    sizes = [(64, 64), (64, 128), (32, 32), (64, 64), (64, 64)]
    sheet = compose_sheet(_pictures(tmp_path, sizes), "contact", scratch=tmp_path)
    assert Image.open(sheet).info["dpi"] == pytest.approx((300, 300), abs=0.1)
    places = _places(sheet, 5)
    assert _apart(places)
    for (left, top, right, bottom), (width, height) in zip(places, sizes, strict=True):
        assert right - left >= width and bottom - top >= height
    assert [place[0] for place in places[:3]] == sorted(place[0] for place in places[:3])
    assert max(place[3] for place in places[:3]) <= min(place[1] for place in places[3:])


def test_columns_can_be_asked_for(tmp_path: Path) -> None:
    places = _places(compose_sheet(_pictures(tmp_path, [(40, 40)] * 4), "contact", 4, scratch=tmp_path), 4)
    assert len({place[1] for place in places}) == 1


def test_the_eight_views_stand_four_by_two(tmp_path: Path) -> None:
    sizes = [(64, 64)] * 3 + [(64, 96)] + [(64, 128)] * 3 + [(64, 64)]
    assert len(VIEW_KEYS) == len(set(VIEW_KEYS)) == 8
    places = _places(compose_sheet(_pictures(tmp_path, sizes), "views", scratch=tmp_path), 8)
    assert _apart(places)
    assert max(place[3] for place in places[:4]) <= min(place[1] for place in places[4:])


@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.parametrize("body", [(128, 256), (1000, 2000), (700, 700)])
def test_a_profile_is_nine_by_sixteen_with_the_body_at_seventy_percent(
    heads: int, body: tuple[int, int], tmp_path: Path
) -> None:
    sizes = [body] + [(256, 256)] * heads
    sheet = compose_sheet(_pictures(tmp_path, sizes), "profile", scratch=tmp_path)
    width, height = Image.open(sheet).size
    assert width * 16 == height * 9 and height >= 1920
    whole = Image.open(sheet).convert("RGB")
    assert whole.getpixel((width // 2, 3)) == COLOURS[0], "the ground is the body's own"
    places = _places(sheet, heads + 1)[1:]
    assert _apart(places)
    assert all(right - left >= 256 for left, _, right, _ in places)
    assert {place[0] < width / 2 for place in places} == {True, False}


def test_the_body_of_a_profile_stands_clear_of_the_heads(tmp_path: Path) -> None:
    body = Image.new("RGB", (128, 256), GROUND)
    body.paste(COLOURS[0], (2, 2, 126, 256))
    body.save(tmp_path / "body.png")
    for heads in (2, 3):
        paths = [tmp_path / "body.png", *_pictures(tmp_path, [(128, 128)] * (heads + 1))[1:]]
        sheet = compose_sheet(paths, "profile", scratch=tmp_path)
        places = _places(sheet, heads + 1)
        height = Image.open(sheet).height
        assert _apart(places)
        assert (places[0][3] - places[0][1]) / height == pytest.approx(0.7, abs=0.03)
        assert Image.open(sheet).convert("RGB").getpixel((2, 2)) == GROUND


@pytest.mark.parametrize(
    ("kind", "count", "says"),
    [
        ("poster", 2, "no sheet 'poster'"),
        ("views", 7, "needs eight"),
        ("profile", 1, "two or three"),
        ("contact", 0, "one"),
    ],
)
def test_what_cannot_be_composed_says_why(kind: str, count: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        compose_sheet(_pictures(tmp_path, [(32, 32)] * count), kind, scratch=tmp_path)


def test_a_sheet_that_would_be_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blocks.sheets._LARGEST", 10_000)
    with pytest.raises(InputError, match="choose fewer"):
        compose_sheet(_pictures(tmp_path, [(100, 100)] * 4), "contact", scratch=tmp_path)
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    with pytest.raises(UnreadableFile, match=r"broken\.png"):
        compose_sheet([tmp_path / "broken.png"], "contact", scratch=tmp_path)
