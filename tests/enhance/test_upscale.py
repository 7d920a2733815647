"""The block that enlarges a picture file: everything the file held is still there afterwards, larger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from blocks.block import block_of
from blocks.errors import Cancelled, InputError, UnreadableFile, UnsafeFile
from enhance import upscale
from enhance.pictures import Picture, read_picture, write_picture
from enhance.upscale import upscale_picture

FAST = "realesr-animevideov3"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def gradient(height: int, width: int, channels: int, kind: type = np.uint8) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    planes = [(x + 1) / width, (y + 1) / height, (x + y + 1) / (width + height), np.full(x.shape, 1.0)]
    chosen = {1: planes[:1], 2: [planes[0], planes[3]], 3: planes[:3], 4: planes}[channels]
    return np.rint(np.stack(chosen, axis=2) * np.iinfo(kind).max * 0.9).astype(kind)


def halved(frame: np.ndarray, scale: int) -> np.ndarray:
    height, width, channels = frame.shape
    return frame.reshape(height // scale, scale, width // scale, scale, channels).mean(axis=(1, 3))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_channels_bits_profile_and_dots_are_kept(tmp_path: Path, scratch: Path, channels: int, kind: type) -> None:
    before = Picture((gradient(13, 17, channels, kind),), icc=SRGB if channels > 2 else None, dpi=(300.0, 300.0))
    out = upscale_picture(write_picture(before, tmp_path / "näme.png"), FAST, 2, scratch=scratch)
    after = read_picture(out)
    assert out == scratch / "näme_x2.png"
    assert after.frames[0].shape == (26, 34, channels)
    assert after.depth == before.depth
    assert after.icc == before.icc
    assert after.dpi == pytest.approx((300, 300), abs=0.1)
    white = np.iinfo(kind).max
    assert np.abs(halved(after.frames[0], 2) - before.frames[0]).mean() / white < 0.08


def test_sixteen_bits_are_more_than_eight(tmp_path: Path, scratch: Path) -> None:
    path = write_picture(Picture((gradient(16, 24, 3, np.uint16),)), tmp_path / "a.png")
    result = read_picture(upscale_picture(path, FAST, 2, scratch=scratch)).array
    assert (result % 257 != 0).mean() > 0.9


def test_an_opaque_or_clear_region_stays_exactly_so(tmp_path: Path, scratch: Path) -> None:
    frame = gradient(40, 40, 4)
    frame[..., 3] = 255
    frame[:, 20:, 3] = 0
    path = write_picture(Picture((frame,)), tmp_path / "a.png")
    alpha = read_picture(upscale_picture(path, FAST, 2, scratch=scratch)).alpha
    assert alpha is not None
    assert (alpha[:, :36] == 255).all()
    assert (alpha[:, 44:] == 0).all()


def test_no_dark_rim_is_drawn_around_what_is_transparent(tmp_path: Path, scratch: Path) -> None:
    frame = np.zeros((32, 32, 4), np.uint8)  # black where nobody sees it, as editors leave it
    y, x = np.mgrid[:32, :32]
    frame[(y - 16) ** 2 + (x - 16) ** 2 < 100] = (250, 240, 230, 255)
    path = write_picture(Picture((frame,)), tmp_path / "a.png")
    result = read_picture(upscale_picture(path, FAST, 2, scratch=scratch)).frames[0]
    visible = result[result[..., 3] > 0]
    assert visible[:, :3].min() > 215


def test_orientation_is_applied_and_not_repeated(tmp_path: Path, scratch: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    path = tmp_path / "a.jpg"
    Image.fromarray(gradient(10, 20, 3)).save(path, exif=exif, quality=95)
    out = upscale_picture(path, FAST, 2, scratch=scratch)
    assert Image.open(out).size == (20, 40)
    assert b"Maker" not in out.read_bytes()


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_is_enlarged_frame_by_frame(tmp_path: Path, scratch: Path, suffix: str) -> None:
    frames = tuple(np.full((12, 14, 3), value, np.uint8) for value in (30, 120, 220))
    path = write_picture(Picture(frames, (50.0, 100.0, 70.0), 0), tmp_path / f"a{suffix}")
    after = read_picture(upscale_picture(path, FAST, 2, scratch=scratch))
    assert after.durations == (50.0, 100.0, 70.0)
    assert after.loop == 0
    assert [round(float(f[..., :3].mean()), -1) for f in after.frames] == pytest.approx([30, 120, 220], abs=10)
    assert after.frames[0].shape[:2] == (24, 28)


@pytest.mark.parametrize(("format", "kind"), [("jpg", "JPEG"), ("JPEG", "JPEG"), ("webp", "WEBP"), ("png", "PNG")])
def test_another_format_can_be_asked_for(tmp_path: Path, scratch: Path, format: str, kind: str) -> None:
    path = write_picture(Picture((gradient(9, 9, 3),)), tmp_path / "a.png")
    out = upscale_picture(path, FAST, 2, format=format, scratch=scratch)
    assert read_picture(out).format == kind


@pytest.mark.parametrize("size", [(1, 1), (1, 31), (7, 3)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_odd_and_smallest_sizes(tmp_path: Path, scratch: Path, size: tuple[int, int], scale: int) -> None:
    path = write_picture(Picture((gradient(*size, 3),)), tmp_path / "a.png")
    out = upscale_picture(path, FAST, scale, scratch=scratch)
    assert read_picture(out).array.shape == (size[0] * scale, size[1] * scale, 3)


def test_equal_inputs_give_equal_files_whatever_the_tile(tmp_path: Path, scratch: Path) -> None:
    path = write_picture(Picture((gradient(190, 70, 3),)), tmp_path / "a.png")
    first = upscale_picture(path, FAST, 2, scratch=scratch).read_bytes()
    assert upscale_picture(path, FAST, 2, scratch=scratch).read_bytes() == first
    whole = read_picture(upscale_picture(path, FAST, 2, scratch=scratch)).array
    tiled = read_picture(upscale_picture(path, FAST, 2, tile=64, scratch=scratch)).array
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_progress_rises_to_one_with_a_preview(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("enhance._preview.TELL_EVERY", 0)
    monkeypatch.setattr("enhance._preview.SHOW_EVERY", 0)
    told: list[float] = []
    previews: list[tuple[int, int]] = []

    def progress(fraction: float, note: str = "", preview: Path | None = None) -> None:
        told.append(fraction)
        if preview is not None:
            previews.append(Image.open(preview).size)

    path = write_picture(Picture((gradient(120, 480, 4),)), tmp_path / "a.png")
    upscale_picture(path, FAST, 2, tile=64, scratch=scratch, progress=progress)
    assert told == sorted(told)
    assert told[-1] == 1
    assert previews and set(previews) == {(320, 80)}


@pytest.mark.parametrize("model", [FAST, "realesrgan-x4plus-anime"])
def test_cancelling_stops_the_work_and_leaves_no_result(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr("enhance._preview.TELL_EVERY", 0)

    def stop(fraction: float, note: str = "", preview: Path | None = None) -> None:
        if fraction > 0:
            raise Cancelled("asked to stop")

    path = write_picture(Picture((gradient(64, 64, 3),)), tmp_path / "a.png")
    with pytest.raises(Cancelled):
        upscale_picture(path, model, 4, tile=64, scratch=scratch, progress=stop)
    assert list(scratch.glob("a_x4*")) == []


def test_a_result_too_large_is_refused_with_what_would_do(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_picture(Picture((gradient(100, 100, 3),)), tmp_path / "a.png")
    monkeypatch.setattr(upscale, "MAX_OUTPUT_MEGAPIXELS", 0.1)
    with pytest.raises(UnsafeFile, match="smaller factor"):
        upscale_picture(path, FAST, 4, scratch=scratch)
    assert upscale_picture(path, FAST, 2, scratch=scratch).exists()
    with pytest.raises(UnsafeFile, match="limit for jpg"):
        upscale_picture(path, FAST, 2, format="jpg", scratch=scratch)


def test_bad_choices_and_files_are_named(tmp_path: Path, scratch: Path) -> None:
    path = write_picture(Picture((gradient(4, 4, 3),)), tmp_path / "a.png")
    with pytest.raises(InputError, match="tiff"):
        upscale_picture(path, FAST, 2, format="tiff", scratch=scratch)
    with pytest.raises(InputError, match="cannot enlarge by 7"):
        upscale_picture(path, FAST, 7, scratch=scratch)
    with pytest.raises(UnreadableFile, match=r"b\.png"):
        upscale_picture(tmp_path / "b.png", FAST, 2, scratch=scratch)


def test_the_source_is_left_alone_and_may_be_a_link_with_a_long_name(tmp_path: Path, scratch: Path) -> None:
    blob = write_picture(Picture((gradient(4, 4, 3),)), tmp_path / "blob.png").rename(tmp_path / "0a1b2c")
    link = tmp_path / ("é" * 120 + ".png")
    link.symlink_to(blob)
    before = blob.read_bytes()
    out = upscale_picture(link, FAST, 4, scratch=scratch)
    assert out.name == "é" * 100 + "_x4.png"
    assert blob.read_bytes() == before
    assert [p.name for p in scratch.iterdir()] == [out.name]


def test_the_engine_knows_its_size_and_ports(tmp_path: Path) -> None:
    path = write_picture(Picture((np.zeros((100, 250, 3), np.uint8),)), tmp_path / "a.png")
    described = block_of(upscale_picture)
    assert described.units is not None
    assert described.units(picture=path, model=FAST, scale=2) == pytest.approx(0.1)
    assert [port.name for port in described.inputs][:3] == ["picture", "model", "scale"]
