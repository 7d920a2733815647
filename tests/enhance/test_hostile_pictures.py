"""A file that nobody vouches for is read as a picture or refused with a reason; it never hangs or runs anything."""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blocks.errors import UnreadableFile, UnsafeFile
from enhance.pictures import probe_picture, read_picture


def noise(path: Path, size: tuple[int, int] = (64, 64), **options: object) -> Path:
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (*size, 3), np.uint8)).save(
        path, path.suffix[1:].replace("jpg", "jpeg").replace("tif", "tiff") or "png", **options
    )
    return path


def png_header(width: int, height: int, depth: int = 8) -> bytes:
    """The start of a PNG that claims a size and brings no pixels for it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tif"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = noise(tmp_path / f"a.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnreadableFile, match=path.name):
        read_picture(path)


def test_a_truncated_sixteen_bit_picture_is_refused(tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.random.default_rng(2).integers(0, 65535, (64, 64, 3), np.uint16))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile):
        read_picture(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"  <!DOCTYPE html><html></html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04rest", "ZIP"),
        (pickle.dumps({"weights": 1}), "pickle"),
        (b"just some words", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "refuse"),
    ],
)
def test_what_only_has_a_pictures_name_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"holiday\.png" if said == "refuse" else said):
        read_picture(path)


def test_postscript_is_never_interpreted(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    with pytest.raises(UnreadableFile):
        read_picture(path)


def test_a_picture_with_another_pictures_suffix_is_a_picture(tmp_path: Path) -> None:
    path = noise(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert read_picture(path).format == "PNG"


@pytest.mark.parametrize(("width", "height"), [(14_143, 14_143), (20_000, 20_000), (100_000, 100_000), (2**31 - 1, 1)])
def test_too_many_pixels_are_refused_before_decoding(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(width, height))
    for read in (probe_picture, read_picture):
        with pytest.raises(UnsafeFile, match="reduce"):
            read(path)


def test_an_animation_counts_all_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    frames = [Image.new("P", (1000, 1000), value) for value in range(12)]
    for value, frame in enumerate(frames):
        frame.putpalette([value * 20] * 768)
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert probe_picture(path).frames == 12
    with pytest.raises(UnsafeFile, match="12 frames"):
        read_picture(path, max_megapixels=11)


def test_a_bomb_in_a_text_chunk_or_profile_does_no_harm(tmp_path: Path) -> None:
    whole = noise(tmp_path / "a.png").read_bytes()
    bomb = zlib.compress(b"\0" * 200_000_000)
    for kind, name in ((b"zTXt", b"c\0\0"), (b"iCCP", b"c\0\0")):
        data = name + bomb
        chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        path = tmp_path / "bomb.png"
        path.write_bytes(whole[:33] + chunk + whole[33:])
        try:
            assert read_picture(path).icc is None
        except UnreadableFile as error:
            assert "bomb.png" in str(error)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    for name, said in (
        ("empty", "zero bytes"),
        ("pipe", "pipe"),
        ("folder", "folder"),
        ("missing", "cannot be opened"),
        ("loop", "cannot be opened"),
    ):
        with pytest.raises(UnreadableFile, match=said):
            read_picture(tmp_path / f"{name}.png")
    with pytest.raises(UnreadableFile):
        read_picture(tmp_path / "nul\0l.png")
    with pytest.raises(UnreadableFile, match="device"):
        read_picture(Path("/dev/zero"))


def test_damaged_bytes_give_a_picture_or_our_error(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for suffix in ("png", "jpg", "webp", "gif", "tif"):
        whole = np.frombuffer(noise(tmp_path / f"a.{suffix}").read_bytes(), np.uint8)
        for attempt in range(20):
            broken = whole.copy()
            broken[random.integers(0, min(400, len(broken)), 8)] = random.integers(0, 255, 8)
            path = tmp_path / f"{attempt}.{suffix}"
            path.write_bytes(broken.tobytes())
            try:
                assert read_picture(path).frames[0].size > 0
            except (UnreadableFile, UnsafeFile) as error:
                assert path.name in str(error)


@pytest.mark.parametrize("name", ["снимок.png", "写真 🐈.png", "aux.png", "a" * 200 + ".png", "-rf.png", "..png"])
def test_any_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    assert read_picture(noise(tmp_path / name)).array.shape == (64, 64, 3)
