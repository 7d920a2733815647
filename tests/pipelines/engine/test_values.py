from __future__ import annotations

import enum
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blocks.errors import CorruptBlob, InputError, UnknownName
from data.blobs import Blobs
from data.records import FileRef
from data.results import blob_refs
from pipelines.engine.values import as_plain, decode, encode, file_value, media_type, store_file


def there_and_back(value: Any, blobs: Blobs, folder: Path, **options: Any) -> Any:
    """Through JSON, as the store and the workers see it."""
    return decode(json.loads(json.dumps(encode(value, blobs))), blobs, folder, **options)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(2**70),
        1.5,
        "",
        "köln\n\0\ud7ff",
        [],
        [1, [2, [3]]],
        {},
        {"a": {"b": [None]}},
        (),
        (1, ("a", [2])),
        b"\0\xff",
    ],
)
def test_a_plain_value_comes_back_as_it_was(value: Any, blobs: Blobs, tmp_path: Path) -> None:
    back = there_and_back(value, blobs, tmp_path / "in")
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        {"$blob": "0" * 64, "name": "not a file", "as": "file", "type": "x", "size": 1},
        {"$tuple": [1, 2]},
        {"$dict": {"$blob": 1}},
        {"deep": [{"$blob": 5}]},
        {"$blob": {"$tuple": {"$dict": None}}},
    ],
)
def test_a_dict_that_looks_like_one_of_ours_stays_the_users(value: Any, blobs: Blobs, tmp_path: Path) -> None:
    assert there_and_back(value, blobs, tmp_path / "in") == value
    assert as_plain(encode(value, blobs)) == value
    assert list(blob_refs(encode(value, blobs))) == []


def test_files_inside_an_escaped_dict_are_still_found(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    wire = encode({"$blob": [tmp_path / "a.txt"]}, blobs)
    assert [ref.name for ref in blob_refs(wire)] == ["a.txt"]


def test_a_file_comes_back_under_its_own_name_with_its_bytes(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "Ein Bild.PNG").write_bytes(b"bytes")
    back = there_and_back(tmp_path / "Ein Bild.PNG", blobs, tmp_path / "in")
    assert isinstance(back, Path)
    assert back.name == "Ein Bild.PNG"
    assert back.read_bytes() == b"bytes"


def test_two_files_of_one_name_do_not_meet(blobs: Blobs, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.txt").write_text(folder)
    back = there_and_back([tmp_path / "a/same.txt", tmp_path / "b/same.txt"], blobs, tmp_path / "in")
    assert [path.read_text() for path in back] == ["a", "b"]
    assert {path.name for path in back} == {"same.txt"}


def test_files_are_handed_over_as_strings_where_the_step_expects_strings(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    back = there_and_back({"f": [tmp_path / "a.txt"]}, blobs, tmp_path / "in", paths=False)
    assert isinstance(back["f"][0], str)
    assert Path(back["f"][0]).read_text() == "a"


def test_a_string_is_a_file_only_in_a_file_port(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    name = str(tmp_path / "a.txt")
    assert encode(name, blobs) == name
    assert encode(name, blobs, files=True)["name"] == "a.txt"
    assert encode([name, {"x": (name,)}], blobs, files=True)[0]["$blob"]


@pytest.mark.parametrize("text", ["", "no such file.png", "x" * 5000, "a\0b", "data:image/png;base64,AAAA"])
def test_a_string_in_a_file_port_that_names_no_file_stays_a_string(text: str, blobs: Blobs) -> None:
    assert encode(text, blobs, files=True) == text


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32", "float64", "bool", "complex64"])
def test_an_array_comes_back_bit_for_bit(kind: str, blobs: Blobs, tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    back = there_and_back(array, blobs, tmp_path / "in")
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


@pytest.mark.parametrize("scalar", [np.float32(0.5), np.float64(0.5), np.int64(7), np.bool_(True), np.str_("a")])
def test_a_numpy_scalar_becomes_the_plain_value(scalar: Any, blobs: Blobs) -> None:
    wire = encode(scalar, blobs)
    assert wire == scalar.item()
    assert type(wire) in (float, int, bool, str)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "LAB"])
def test_a_picture_comes_back_pixel_for_pixel(mode: str, blobs: Blobs, tmp_path: Path) -> None:
    picture = Image.new(mode, (5, 3))
    if mode in ("I", "F"):
        picture.putpixel((1, 1), 70_000)
    back = there_and_back(picture, blobs, tmp_path / "in")
    assert (back.mode, back.size) == (picture.mode, picture.size)
    assert back.tobytes() == picture.tobytes()


@pytest.mark.parametrize("mode", ["HSV", "YCbCr"])
def test_a_picture_that_no_file_brings_back_is_refused_by_its_mode(mode: str, blobs: Blobs) -> None:
    with pytest.raises(InputError, match=mode):
        encode(Image.new(mode, (2, 2)), blobs)


class Colour(str, enum.Enum):  # noqa: UP042 (the old way of writing it is what is tested)
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "plain"), [(Colour.RED, "red"), (Level.HIGH, 3), ({"c": [Colour.RED]}, {"c": ["red"]})]
)
def test_kinds_of_strings_and_numbers_are_kept_as_what_they_are(value: Any, plain: Any, blobs: Blobs) -> None:
    """The owner never needs the step's own classes to read what it gave."""
    wire = encode(value, blobs)
    assert wire == plain
    assert type(wire) is type(plain)


@dataclass
class Own:
    x: int = 1


@pytest.mark.parametrize("value", [{1, 2}, object(), Own(), lambda: 1, np.array([object()]), 1j, [Own()]])
def test_what_cannot_be_kept_is_refused_by_name(value: Any, blobs: Blobs) -> None:
    with pytest.raises(InputError, match="cannot be kept"):
        encode(value, blobs)


def test_a_dict_with_other_keys_than_strings_is_refused_by_its_key(blobs: Blobs) -> None:
    with pytest.raises(InputError, match="3"):
        encode({"a": {3: 1}}, blobs)


def test_a_missing_file_is_refused_by_its_path(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png"):
        encode(tmp_path / "gone.png", blobs)
    with pytest.raises(InputError, match="no file"):
        encode(tmp_path, blobs)


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "",
        "/",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "a\0b.png",
        "line\nbreak.png",
        "x" * 400 + ".png",
        "ü" * 200 + ".png",
        "con.txt",
        "\u202egnp.exe",
    ],
)
def test_a_hostile_name_stays_inside_its_folder(name: str, blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put_bytes(b"content").digest
    wire = file_value(FileRef(digest, name, "image/png", 7))
    back = decode(wire, blobs, tmp_path / "in")
    assert back.read_bytes() == b"content"
    assert back.absolute().relative_to(tmp_path / "in")
    assert ".." not in back.parts
    if name.endswith((".png", ".txt")):
        assert back.suffix == Path(name).suffix


def test_a_damaged_blob_is_noticed_even_after_it_was_read_well(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("good")
    wire = encode(tmp_path / "a.txt", blobs)
    assert decode(wire, blobs, tmp_path / "one").read_text() == "good"
    file = blobs.path(wire["$blob"])
    file.chmod(0o644)
    file.write_text("evil")
    os.utime(file, ns=(1, 1))
    with pytest.raises(CorruptBlob):
        decode(wire, blobs, tmp_path / "two")


@pytest.mark.parametrize("value", [np.zeros(3), b"abc", Image.new("L", (2, 2))])
def test_a_damaged_array_picture_or_byte_string_is_noticed(value: Any, blobs: Blobs, tmp_path: Path) -> None:
    wire = encode(value, blobs)
    file = blobs.path(wire["$blob"])
    file.chmod(0o644)
    file.write_bytes(bytes(reversed(file.read_bytes())))
    with pytest.raises(CorruptBlob):
        decode(wire, blobs, tmp_path / "in")


def test_a_missing_blob_is_named_as_its_file(blobs: Blobs, tmp_path: Path) -> None:
    wire = file_value(FileRef("0" * 64, "holiday.png", "image/png", 7))
    with pytest.raises(UnknownName, match=r"holiday\.png"):
        decode(wire, blobs, tmp_path / "in")


def test_people_see_files_as_references_and_tuples_as_tuples(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    seen = as_plain(encode({"x": (tmp_path / "a.txt", 2)}, blobs))
    file, number = seen["x"]
    assert number == 2
    assert (file.name, file.media_type, file.size) == ("a.txt", "text/plain", 1)
    assert encode(file, blobs)["$blob"] == file.digest


def test_a_file_can_be_kept_under_another_name(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "tmp123").write_text("a")
    wire = store_file(tmp_path / "tmp123", blobs, "clip.mp4")
    assert (wire["name"], wire["type"]) == ("clip.mp4", "video/mp4")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PNG", "image/png"),
        ("a.webp", "image/webp"),
        ("a.mkv", "video/x-matroska"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_media_type_follows_the_suffix(name: str, kind: str) -> None:
    assert media_type(name) == kind
