from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import InputError, UnreadableFile
from lora.captions import caption_of, check_trigger, first_trigger
from lora.dataset import make_dataset, rows, split

LOOK = {
    "hair": "short", "hair_colour": "blue", "outfit": "coat", "outfit_colour": "red", "expression": "happy",
    "view": "half_left", "lighting": "photostudio", "background": "night_street", "pose": "bust",
}  # fmt: skip


def test_a_caption_begins_with_the_trigger_and_leaves_out_who_it_is():
    assert caption_of(LOOK, "mira7") == "mira7, short blue hair, red coat, happy, half left, night street"
    said = {"caption": "a woman with freckles, brown eyes, red coat, mira7, in a park, round glasses"}
    assert caption_of(said, "mira7", "woman") == "mira7, woman, red coat, in a park"
    assert caption_of({"expression": "wry_smile"}, "mira7") == "mira7, wry smile"
    assert caption_of({}, "mira7") == "mira7"


def test_a_trigger_is_one_word_that_means_nothing_else():
    assert check_trigger(" Mira7 ") == "mira7"
    assert check_trigger(first_trigger("Mira Okonkwo")) == "mrknkw7"
    assert check_trigger(first_trigger("空")) == "ch7"
    for word in ("", "two words", "7up", "a" * 40, "a,b"):
        with pytest.raises(InputError, match="trigger word"):
            check_trigger(word)


def test_near_duplicates_go_and_a_smile_is_none(tmp_path):
    from blocks.pocket.identity import identity
    from blocks.pocket.look import Look
    from blocks.pocket.portrait import draw_portrait

    who = identity(700_001)
    calm, happy = (draw_portrait(who, Look(expression=mood), 128).picture for mood in ("neutral", "happy"))
    Image.fromarray(calm).save(tmp_path / "calm.png")
    Image.fromarray(calm).resize((96, 96)).save(tmp_path / "smaller.jpg", quality=70)
    Image.fromarray(happy).save(tmp_path / "happy.png")
    files = [tmp_path / name for name in ("calm.png", "smaller.jpg", "happy.png")]
    made = make_dataset(files, "mira7", scratch=_folder(tmp_path))
    assert [row["file"] for row in made.table] == ["calm.png", "happy.png"]
    assert made.dropped == [{"file": "smaller.jpg", "why": "shows the same", "like": "calm.png"}]
    assert len(make_dataset(files, "mira7", near=0.0, scratch=_folder(tmp_path)).pictures) == 3


def test_captions_are_a_persons_to_change_and_pictures_to_leave_out(pictures, tmp_path):
    made = make_dataset(
        pictures,
        "mira7",
        about=[{**LOOK, "source": "cell"}] * len(pictures),
        captions={"portrait-1.png": "mira7, as I say"},
        leave_out=["portrait-0.png"],
        scratch=_folder(tmp_path),
    )
    by_name = {row["file"]: row for row in made.table}
    assert by_name["portrait-1.png"]["caption"] == "mira7, as I say"
    assert by_name["portrait-2.png"]["caption"].startswith("mira7, short blue hair")
    assert "portrait-0.png" not in by_name
    assert made.dropped == [{"file": "portrait-0.png", "why": "left out"}]


def test_nothing_of_an_original_but_its_colours_goes_on(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    info = PngInfo()
    info.add_text("parameters", "a secret place")
    Image.fromarray(noise).save(tmp_path / "a.png", pnginfo=info)
    made = make_dataset([tmp_path / "a.png"], "mira7", scratch=_folder(tmp_path))
    assert b"secret" not in made.pictures[0].read_bytes()


def test_sets_are_disjoint_and_a_few_pictures_are_all_trained_on():
    for count in (6, 10, 24, 100):
        sets = split(count, seed=3)
        assert len(sets) == count and sets == split(count, seed=3)
        assert sets.count("select") == sets.count("report") >= 1
        assert sets.count("train") >= count * 0.6
    assert split(5) == ["train"] * 5


def test_bad_pictures_and_facts_are_refused_with_what_to_do(pictures, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UnreadableFile, match="text"):
        make_dataset([tmp_path / "text.png"], "mira7", scratch=_folder(tmp_path))
    with pytest.raises(InputError, match="no pictures"):
        make_dataset([], "mira7", scratch=_folder(tmp_path))
    with pytest.raises(InputError, match="one for each"):
        make_dataset(pictures, "mira7", about=[{}], scratch=_folder(tmp_path))
    Image.new("RGB", (16, 16)).save(tmp_path / "tiny.png")
    with pytest.raises(InputError, match="larger"):
        make_dataset([tmp_path / "tiny.png"], "mira7", scratch=_folder(tmp_path))
    with pytest.raises(InputError, match="no set"):
        rows(pictures, [{}] * len(pictures), "test")


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / f"made-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    return folder
