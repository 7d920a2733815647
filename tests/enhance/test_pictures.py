"""Picture files come in as they were meant, and go out with what they held."""

from __future__ import annotations

import io
import itertools
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from blocks.errors import DiskFull, InputError
from enhance import _png
from enhance.pictures import Picture, probe_picture, read_picture, write_picture

RANDOM = np.random.default_rng(7)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def pixels(height: int, width: int, channels: int, kind: type = np.uint8) -> np.ndarray:
    return RANDOM.integers(0, np.iinfo(kind).max, (height, width, channels), dtype=kind, endpoint=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (31, 40)])
def test_a_png_comes_back_sample_by_sample(tmp_path: Path, channels: int, kind: type, size: tuple[int, int]) -> None:
    before = pixels(*size, channels, kind)
    path = write_picture(Picture((before,), icc=SRGB if channels > 2 else None, dpi=(300.0, 300.0)), tmp_path / "a.png")
    after = read_picture(path)
    assert after.frames[0].dtype == kind
    assert np.array_equal(after.frames[0], before)
    assert after.icc == (SRGB if channels > 2 else None)
    assert after.dpi == pytest.approx((300, 300), abs=0.1)


def test_other_readers_agree_about_our_png(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(50), np.arange(70)).astype(np.uint8)[..., None] + np.arange(3, dtype=np.uint8)
    path = write_picture(Picture((smooth,)), tmp_path / "a.png")
    assert np.array_equal(np.asarray(Image.open(path)), smooth)
    assert np.array_equal(cv2.imread(str(path))[..., ::-1], smooth)
    assert path.stat().st_size < smooth.nbytes / 10


def test_rows_may_be_written_in_any_portions(tmp_path: Path) -> None:
    picture = pixels(20, 9, 3)
    for name, cuts in (("whole", [0, 20]), ("parts", [0, 1, 7, 20])):
        with _png.PngWriter(tmp_path / name, width=9, height=20, channels=3, depth=8) as png:
            for start, end in itertools.pairwise(cuts):
                png.write(picture[start:end])
    whole, parts = ((tmp_path / name).read_bytes() for name in ("whole", "parts"))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(whole))), np.asarray(Image.open(io.BytesIO(parts))))


def test_a_png_that_is_given_up_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), _png.PngWriter(tmp_path / "a", width=2, height=2, channels=3, depth=8):
        raise KeyboardInterrupt
    unfinished = _png.PngWriter(tmp_path / "a", width=2, height=2, channels=3, depth=8)
    with pytest.raises(ValueError, match="2 rows were never written"), unfinished:
        unfinished.write(pixels(0, 2, 3))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = tmp_path / "a.png"
    full.symlink_to("/dev/full")
    with pytest.raises(DiskFull, match=r"a\.png"):
        write_picture(Picture((pixels(200, 200, 3),)), full)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_orientation_is_applied_once(tmp_path: Path, orientation: int) -> None:
    image = Image.fromarray(pixels(6, 4, 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    image.save(path, exif=exif)
    expected = np.asarray(Image.open(path).copy() if orientation == 1 else _transposed(path))
    picture = read_picture(path)
    assert np.array_equal(picture.array, expected)
    assert (probe_picture(path).height, probe_picture(path).width) == expected.shape[:2]
    again = write_picture(picture, tmp_path / "b.png")
    assert np.array_equal(read_picture(again).array, expected)


def _transposed(path: Path) -> Image.Image:
    from PIL import ImageOps

    result = ImageOps.exif_transpose(Image.open(path))
    assert result is not None
    return result


def test_sixteen_bits_are_turned_upright_too(tmp_path: Path) -> None:
    before = pixels(6, 4, 3, np.uint16)
    plain = write_picture(Picture((before,)), tmp_path / "plain.png").read_bytes()
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    chunk = len(exif).to_bytes(4, "big") + b"eXIf" + exif + zlib.crc32(b"eXIf" + exif).to_bytes(4, "big")
    path = tmp_path / "turned.png"
    path.write_bytes(plain[:33] + chunk + plain[33:])
    assert np.array_equal(read_picture(path).array, np.rot90(before, -1))


def test_a_gps_position_does_not_travel_along(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera of Somebody"
    exif.get_ifd(0x8825)[1] = "N"
    path = tmp_path / "a.jpg"
    Image.fromarray(pixels(8, 8, 3)).save(path, exif=exif)
    assert b"Somebody" in path.read_bytes()
    for name in ("b.png", "b.jpg", "b.webp"):
        out = write_picture(read_picture(path), tmp_path / name)
        assert b"Somebody" not in out.read_bytes()
        assert not Image.open(out).getexif()


def test_a_palette_with_transparency_becomes_colours_with_alpha(tmp_path: Path) -> None:
    image = Image.fromarray(RANDOM.integers(0, 4, (9, 7), dtype=np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    path = tmp_path / "a.png"
    image.save(path, transparency=2)
    picture = read_picture(path)
    assert picture.frames[0].shape == (9, 7, 4)
    assert np.array_equal(picture.alpha == 0, np.asarray(image) == 2)


def test_grey_stays_grey(tmp_path: Path) -> None:
    for mode, channels in (("L", 1), ("LA", 2), ("1", 1)):
        path = tmp_path / f"{mode}.png"
        Image.new(mode, (5, 4), 1).save(path)
        assert read_picture(path).frames[0].shape == (4, 5, channels)


def test_cmyk_becomes_rgb_without_its_profile(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path, icc_profile=b"\0" * 16 + b"CMYK" + b"\0" * 108)
    picture = read_picture(path)
    assert picture.icc is None
    assert picture.array.reshape(-1, 3).mean(0) == pytest.approx([255, 0, 0], abs=3)


def test_sixteen_bit_tiff_and_grey_are_not_cut_to_eight(tmp_path: Path) -> None:
    for channels in (1, 3, 4):
        before = pixels(6, 5, channels, np.uint16)
        path = tmp_path / f"{channels}.tif"
        cv2.imwrite(str(path), before[..., [2, 1, 0, 3][:channels]] if channels > 1 else before)
        assert np.array_equal(read_picture(path).frames[0], before)


@pytest.mark.parametrize(("suffix", "lossless"), [(".gif", False), (".webp", False), (".png", True)])
def test_an_animation_keeps_frames_times_and_loops(tmp_path: Path, suffix: str, lossless: bool) -> None:
    frames = tuple(np.full((8, 10, 3), value, np.uint8) for value in (10, 120, 250))
    path = write_picture(Picture(frames, (40.0, 200.0, 120.0), 3), tmp_path / f"a{suffix}")
    again = read_picture(path)
    assert again.durations == (40.0, 200.0, 120.0)
    assert again.loop == 3
    assert probe_picture(path).frames == 3
    for before, after in zip(frames, again.frames, strict=True):
        assert abs(before.astype(int) - after[..., :3]).max() <= (0 if lossless else 3)


def test_the_still_stand_in_of_an_animated_png_is_no_frame(tmp_path: Path) -> None:
    images = [Image.new("RGB", (4, 4), (v, v, v)) for v in (0, 100, 200)]
    path = tmp_path / "a.png"
    images[0].save(path, save_all=True, append_images=images[1:], default_image=True, duration=50)
    picture = read_picture(path)
    assert [int(frame[0, 0, 0]) for frame in picture.frames] == [100, 200]


def test_what_cannot_be_kept_right_is_refused(tmp_path: Path) -> None:
    pages = tmp_path / "pages.tif"
    Image.new("RGB", (4, 4)).save(pages, save_all=True, append_images=[Image.new("RGB", (4, 4))])
    with pytest.raises(InputError, match="2 pages"):
        read_picture(pages)
    deep = tmp_path / "deep.tif"
    Image.fromarray(np.ones((4, 4), np.float32)).save(deep)
    with pytest.raises(InputError, match="32-bit"):
        read_picture(deep)
    with pytest.raises(InputError, match="65500 pixels a side"):
        write_picture(Picture((np.zeros((1, 65_501, 3), np.uint8),)), tmp_path / "a.jpg")
    with pytest.raises(InputError, match="no animation"):
        write_picture(Picture((pixels(2, 2, 3),) * 2, (1.0, 1.0)), tmp_path / "a.jpg")
    with pytest.raises(InputError, match=r"\.tiff"):
        write_picture(Picture((pixels(2, 2, 3),)), tmp_path / "a.tiff")


def test_a_jpeg_lays_transparency_on_white(tmp_path: Path) -> None:
    clear = np.zeros((8, 8, 4), np.uint8)
    written = read_picture(write_picture(Picture((clear,)), tmp_path / "a.jpg"))
    assert written.array.min() >= 254
