"""A stamped file says how it was made, and is otherwise the file it was."""

from __future__ import annotations

import errno
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence, PngImagePlugin

from blocks.block import block_of
from blocks.errors import DiskFull, InputError, UnreadableFile
from blocks.provenance import LARGEST_RECIPE, read_recipe, stamp, stamp_clip, stamp_picture
from blocks.stamping import parts

RECIPE: dict[str, Any] = {
    "pipeline": "enhance_picture",
    "inputs": {"picture": "9f" * 32, "scale": 4, "name": "Zoë — 写真 <&> \x00 🎬.png"},
    "ai": {"system": "Real-ESRGAN <x4plus>", "version": "0.3.0", "source_type": "algorithmicallyEnhanced"},
}
FOREIGN = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="a scan"'
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:AISystemUsed="Another"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def _picture(mode: str = "RGB", size: tuple[int, int] = (23, 17)) -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(noise, "RGBA").convert(mode)


def _sixteen_bits(path: Path) -> None:
    Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 163).save(path)


def _animation(path: Path) -> None:
    frames = [_picture("RGB", (20 + 0 * n, 10)).rotate(90 * n) for n in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 80, 120], loop=2)


def _with_metadata(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, Any] = {"exif": exif, "xmp": FOREIGN, "icc_profile": b"profile " * 50}
    if path.suffix == ".png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", FOREIGN.decode(), zip=True)
        text.add_text("Title", "ours to keep")
        options = {"exif": exif, "icc_profile": b"profile " * 50, "pnginfo": text}
    _picture().save(path, **options)


PICTURES: dict[str, Callable[[Path], Any]] = {
    "grey.png": lambda path: _picture("L").save(path),
    "alpha.png": lambda path: _picture("RGBA").save(path),
    "palette.png": lambda path: _picture("P").save(path),
    "sixteen.png": _sixteen_bits,
    "moving.png": _animation,
    "tagged.png": _with_metadata,
    "plain.jpg": lambda path: _picture().save(path),
    "grey.jpg": lambda path: _picture("L").save(path, progressive=True),
    "tagged.jpg": _with_metadata,
    "lossy.webp": lambda path: _picture().save(path),
    "odd.webp": lambda path: _picture(size=(1, 1)).save(path),
    "lossless.webp": lambda path: _picture("RGBA").save(path, lossless=True),
    "alpha.webp": lambda path: _picture("RGBA").save(path),
    "moving.webp": _animation,
    "tagged.webp": _with_metadata,
    "still.gif": lambda path: _picture().save(path),
    "moving.gif": _animation,
    "日本語 name.png": lambda path: _picture().save(path),
}


@pytest.fixture(params=list(PICTURES))
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    PICTURES[request.param](path)
    return path


def _pixels(path: Path) -> list[Any]:
    with Image.open(path) as image:
        return [
            (frame.mode, frame.size, frame.info.get("duration"), frame.tobytes())
            for frame in ImageSequence.Iterator(image)
        ]


def _packet(path: Path) -> str:
    """The XMP as Pillow finds it."""
    with Image.open(path) as image:
        packet = image.info["xmp"]
    return packet.decode() if isinstance(packet, bytes) else packet


def _out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    return folder


def test_a_picture_keeps_its_pixels_and_gives_its_recipe_back(picture: Path, tmp_path: Path) -> None:
    before = picture.read_bytes()
    stamped = stamp_picture(picture, _out(tmp_path) / picture.name, RECIPE)
    assert _pixels(stamped) == _pixels(picture)
    assert read_recipe(stamped) == RECIPE
    assert read_recipe(picture) is None
    assert picture.read_bytes() == before
    assert [path.name for path in _out(tmp_path).iterdir()] == [picture.name]


def test_a_second_recipe_takes_the_place_of_the_first(picture: Path, tmp_path: Path) -> None:
    once = stamp_picture(picture, _out(tmp_path) / picture.name, {"n": 1})
    size = once.stat().st_size
    stamp_picture(once, once, {"n": 2})
    assert read_recipe(once) == {"n": 2}
    assert once.stat().st_size == size
    assert _pixels(once) == _pixels(picture)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_what_a_picture_said_before_it_still_says(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tagged{suffix}"
    _with_metadata(path)
    stamped = stamp_picture(path, _out(tmp_path) / path.name, RECIPE)
    with Image.open(stamped) as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["icc_profile"] == b"profile " * 50
        assert suffix != ".png" or image.text["Title"] == "ours to keep"
    said = _packet(stamped)
    assert "a scan" in said
    assert "Another" not in said


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_the_fields_about_ai_are_those_of_iptc(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plain{suffix}"
    _picture().save(path)
    ai = RECIPE["ai"] | {"prompt": "a \ufffe portrait", "prompt_writer": "Zoë"}
    packet = _packet(stamp_picture(path, _out(tmp_path) / path.name, {"ai": ai}))
    space = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
    fields = {field.tag: field.text for field in ET.fromstring(packet).iter() if field.tag.startswith(space)}
    assert fields == {
        f"{space}AISystemUsed": "Real-ESRGAN <x4plus>",
        f"{space}AISystemVersionUsed": "0.3.0",
        f"{space}AIPromptInformation": "a \ufffd portrait",
        f"{space}AIPromptWriterName": "Zoë",
        f"{space}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced",
    }


def test_without_ai_no_field_claims_it(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.png")
    stamped = stamp_picture(tmp_path / "a.png", _out(tmp_path) / "a.png", {"pipeline": "resize", "ai": "none"})
    assert b"AISystem" not in stamped.read_bytes()


def test_simple_readers_of_png_text_see_the_recipe(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.png")
    with Image.open(stamp_picture(tmp_path / "a.png", _out(tmp_path) / "a.png", RECIPE)) as image:
        assert json.loads(image.text["recipe"]) == RECIPE


def test_a_jpeg_that_is_full_of_metadata_gives_it_up_for_the_recipe(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.jpg", xmp=FOREIGN.replace(b"a scan", b"a scan " * 9000))
    stamped = stamp_picture(tmp_path / "a.jpg", _out(tmp_path) / "a.jpg", {"long": "x" * 20_000})
    assert read_recipe(stamped) == {"long": "x" * 20_000}
    with pytest.raises(InputError, match="shorten it or write PNG"):
        stamp_picture(tmp_path / "a.jpg", _out(tmp_path) / "b.jpg", {"long": "<" * 20_000})


@pytest.mark.parametrize(
    "packet", [b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + FOREIGN, b"<x>" * 9000 + b"</x>" * 9000, b"no xml", b"<a/>"]
)
def test_hostile_metadata_is_left_out(tmp_path: Path, packet: bytes) -> None:
    _picture().save(tmp_path / "a.webp", xmp=packet)
    assert read_recipe(tmp_path / "a.webp") is None
    stamped = stamp_picture(tmp_path / "a.webp", _out(tmp_path) / "a.webp", RECIPE)
    assert read_recipe(stamped) == RECIPE
    assert packet not in stamped.read_bytes()


@pytest.mark.parametrize("text", ["no json", "[1]", '"x"', "{" * 9000, '{"a": "' + "x" * LARGEST_RECIPE + '"}'])
def test_a_recipe_that_is_none_is_not_believed(tmp_path: Path, text: str) -> None:
    packet = FOREIGN.replace(
        b"</rdf:RDF>",
        b'<rdf:Description><l:recipe xmlns:l="urn:character-media-lab:provenance:1#">'
        + text.encode()
        + b"</l:recipe></rdf:Description></rdf:RDF>",
    )
    _picture().save(tmp_path / "a.webp", xmp=packet)
    assert read_recipe(tmp_path / "a.webp") is None


@pytest.mark.parametrize("name", ["plain.jpg", "alpha.png", "lossy.webp", "moving.gif"])
def test_a_truncated_picture_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    PICTURES[name](path)
    content = path.read_bytes()
    for length in range(16, 60, 7):
        path.write_bytes(content[:length])
        with pytest.raises(UnreadableFile, match="Make or copy it again"):
            stamp_picture(path, _out(tmp_path) / name, RECIPE)
    assert list(_out(tmp_path).iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("picture.avif", b"\0\0\0\x1cftypavif" + bytes(40)),
        ("notes.txt", b"hello"),
        ("empty.png", b""),
    ],
)
def test_a_kind_that_holds_no_recipe_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    for work in (
        lambda: read_recipe(tmp_path / name),
        lambda: stamp(tmp_path / name, recipe={}, scratch=_out(tmp_path)),
    ):
        with pytest.raises(InputError, match=f"{name} is of a kind that holds no recipe; PNG, JPEG"):
            work()


def test_a_picture_is_no_clip_and_what_is_not_there_is_neither(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"a\.png is PNG; here only MP4, Matroska"):
        stamp_clip(tmp_path / "a.png", tmp_path / "b.png", RECIPE)
    for missing in (tmp_path / "gone.png", tmp_path):
        with pytest.raises(UnreadableFile, match="is not a file"):
            stamp_picture(missing, tmp_path / "b.png", RECIPE)


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ({"x": "y" * LARGEST_RECIPE}, "name large inputs by digest"),
        ({"path": Path("a")}, "cannot be written as JSON"),
        ({"x": float("nan")}, "cannot be written as JSON"),
        (["a"], "a recipe is a JSON object, not list"),
    ],
)
def test_a_recipe_that_no_file_should_hold_is_refused(tmp_path: Path, recipe: Any, reason: str) -> None:
    _picture().save(tmp_path / "a.png")
    with pytest.raises(InputError, match=reason):
        stamp_picture(tmp_path / "a.png", _out(tmp_path) / "a.png", recipe)
    assert list(_out(tmp_path).iterdir()) == []


def test_the_largest_recipe_fits_everywhere(picture: Path, tmp_path: Path) -> None:
    recipe = {"x": "y" * (LARGEST_RECIPE - 9)}
    assert read_recipe(stamp_picture(picture, _out(tmp_path) / picture.name, recipe)) == recipe


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    _picture().save(tmp_path / "a.png")
    monkeypatch.setattr(parts, "write", full)
    with pytest.raises(DiskFull, match=r"No space is left to write a\.png"):
        stamp_picture(tmp_path / "a.png", _out(tmp_path) / "a.png", RECIPE)
    assert list(_out(tmp_path).iterdir()) == []


def test_the_block_stamps_into_scratch_under_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "日本語 name.jpg"
    _picture().save(path)
    stamped = stamp(path, recipe=RECIPE, scratch=_out(tmp_path))
    assert stamped == _out(tmp_path) / path.name
    assert read_recipe(stamped) == RECIPE
    assert [port.name for port in block_of(stamp).inputs] == ["file", "system", "system_version", "source_type"]


def test_the_block_says_which_model_it_was(tmp_path: Path) -> None:
    _picture().save(tmp_path / "a.png")
    stamped = stamp(tmp_path / "a.png", system="Real-ESRGAN", recipe={"pipeline": "p"}, scratch=_out(tmp_path))
    assert read_recipe(stamped) == {"pipeline": "p", "ai": {"system": "Real-ESRGAN"}}
    assert "<Iptc4xmpExt:AISystemUsed>Real-ESRGAN<" in _packet(stamped)
