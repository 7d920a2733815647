"""Settings are read from the pictures of this lab, of A1111 and of ComfyUI, and a stranger's words do no harm."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from blocks.errors import InputError, UnreadableFile
from blocks.provenance import stamp_picture
from blocks.settings_files import read_settings
from blocks.settings_files.texts import LARGEST_TEXT

INFOTEXT = (
    "short blue hair, red coat, <lora:rain:0.8>, (neon:1.2)\nnight street\n"
    "Negative prompt: blurred,\nhands\n"
    "Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4221, Size: 512x768, "
    'Model hash: 879db523c3, Model: dreamshaper_8, Clip skip: 2, ADetailer prompt: "a, b: c", Version: v1.10.1'
)

GRAPH: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286, "steps": 20, "cfg": 8, "sampler_name": "dpmpp_2m", "scheduler": "karras",
            "denoise": 1, "model": ["10", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd/v1-5-pruned.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 640, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox in a red coat", "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "watermark", "clip": ["10", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "styles\\ink.safetensors", "strength_model": 0.7, "model": ["4", 0], "clip": ["4", 1]},
    },
}  # fmt: skip

FLUX: dict[str, Any] = {
    "1": {"class_type": "RandomNoise", "inputs": {"noise_seed": ["20", 0]}},
    "20": {"class_type": "PrimitiveInt", "inputs": {"value": 99}},
    "2": {"class_type": "BasicGuider", "inputs": {"model": ["6", 0], "conditioning": ["3", 0]}},
    "3": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["4", 0]}},
    "4": {"class_type": "CLIPTextEncode", "inputs": {"text": ["21", 0], "clip": ["7", 0]}},
    "21": {"class_type": "StringConstant", "inputs": {"string": "a lighthouse"}},
    "5": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 24, "model": ["6", 0]}},
    "6": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-dev.safetensors"}},
    "7": {"class_type": "DualCLIPLoader", "inputs": {"clip_name1": "t5xxl.safetensors"}},
    "8": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "9": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
    "10": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["1", 0], "guider": ["2", 0], "sampler": ["8", 0], "sigmas": ["5", 0], "latent_image": ["9", 0],
        },
    },
    "11": {"class_type": "SaveImage", "inputs": {"images": ["10", 0]}},
}  # fmt: skip


def png(path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        info.add_itxt(keyword, text) if not text.isascii() else info.add_text(keyword, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


def with_exif(path: Path, comment: bytes = b"", **tags: str) -> Path:
    exif = Image.Exif()
    for tag, text in tags.items():
        exif[{"model": 0x0110, "make": 0x010F}[tag]] = text
    if comment:
        exif.get_ifd(0x8769)[0x9286] = comment
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_an_a1111_picture_gives_its_settings_in_our_names(tmp_path: Path) -> None:
    found = read_settings(png(tmp_path / "a.png", parameters=INFOTEXT))
    assert found.program == "a1111"
    assert found.settings == {
        "prompt": "short blue hair, red coat, (neon:1.2)\nnight street",
        "negative": "blurred,\nhands",
        "steps": 28, "sampler": "dpm++ karras", "guidance": 6.5, "seed": 4221, "width": 512, "height": 768,
        "model": "dreamshaper_8", "loras": [{"name": "rain", "weight": 0.8}],
    }  # fmt: skip
    said = " ".join(found.notes)
    assert "Clip skip" in said and "ADetailer prompt" in said and "brackets" in said and "Model hash" not in said


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le"])
def test_it_is_read_from_the_exif_of_a_jpeg_and_a_webp_too(tmp_path: Path, name: str, encoding: str) -> None:
    path = with_exif(tmp_path / name, b"UNICODE\0" + INFOTEXT.encode(encoding))
    assert read_settings(path).settings["seed"] == 4221


def test_a_second_pass_is_no_start_from_a_picture_and_a_start_is_said(tmp_path: Path) -> None:
    line = "a fox\nSteps: 20, Sampler: Euler a, Seed: 1, Denoising strength: 0.4"
    started = read_settings(png(tmp_path / "a.png", parameters=line))
    assert started.settings["strength"] == 0.4 and "started from another picture" in started.notes[0]
    twice = read_settings(png(tmp_path / "b.png", parameters=f"{line}, Hires upscale: 2"))
    assert "strength" not in twice.settings and "Hires upscale" in twice.notes[0]


def test_a_comfyui_graph_is_followed_from_what_it_saved(tmp_path: Path) -> None:
    other = {"12": {**GRAPH["3"], "inputs": {**GRAPH["3"]["inputs"], "seed": 5}}}
    found = read_settings(png(tmp_path / "a.png", prompt=json.dumps(GRAPH | other), workflow="{}"))
    assert found.program == "comfyui"
    assert found.settings == {
        "prompt": "a fox in a red coat", "negative": "watermark", "seed": 156680208700286, "steps": 20,
        "guidance": 8.0, "sampler": "dpm++ karras", "width": 512, "height": 640, "model": "v1-5-pruned",
        "loras": [{"name": "ink.safetensors", "weight": 0.7}],
    }  # fmt: skip
    assert "2 samplers" in found.notes[0]


def test_a_graph_with_a_guider_and_values_of_other_nodes_is_followed_as_well(tmp_path: Path) -> None:
    found = read_settings(with_exif(tmp_path / "a.webp", model=f"prompt:{json.dumps(FLUX)}"))
    assert found.settings == {
        "prompt": "a lighthouse", "seed": 99, "steps": 24, "guidance": 3.5, "sampler": "euler",
        "width": 1024, "height": 768, "model": "flux1-dev",
    }  # fmt: skip


def test_a_picture_of_the_lab_gives_back_what_it_was_drawn_with(tmp_path: Path) -> None:
    given = {
        "prompt": "red coat", "seed": 7, "steps": 20, "guidance": 4.0, "sampler": "ddim", "model": "pocket",
        "loras": [{"path": "ink.safetensors", "weight": 0.5}], "image": {"name": "a.png", "sha256": "ab" * 32},
        "identity": "pick.identity", "reference_scale": "decide_1.reference_scale",
    }  # fmt: skip
    steps = [
        {"step": "pick", "block": "blocks.frames.pick_actor", "inputs": {}},
        {"step": "decide_1", "block": "blocks.quality.decide", "inputs": {}},
        {"step": "draw_1", "block": "blocks.generate.generate", "inputs": given},
    ]
    stamped = stamp_picture(png(tmp_path / "a.png"), tmp_path / "b.png", {"pipeline": "x", "steps": steps})
    found = read_settings(stamped)
    assert found.program == "lab"
    assert found.settings == {
        "prompt": "red coat", "seed": 7, "steps": 20, "guidance": 4.0, "sampler": "ddim", "model": "pocket",
        "loras": [{"name": "ink.safetensors", "weight": 0.5}], "image": {"name": "a.png", "digest": "ab" * 32},
    }  # fmt: skip
    assert "identity, reference_scale" in found.notes[0]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Seed: -1", "seed"), ("Seed: 99999999999999999999999", "seed"), ("Steps: 1e9", "steps"),
        ("CFG scale: nan", "guidance"), ("Size: 99999x2", "width"), ("Steps: " + "9" * 5000, "steps"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_left_out_and_noted(tmp_path: Path, line: str, name: str) -> None:
    text = f"a fox\nSampler: Euler, Model: x, {line}, CFG rescale: 0"
    found = read_settings(png(tmp_path / "a.png", parameters=text))
    assert name not in found.settings
    assert any(name in note for note in found.notes)


def test_a_sampler_that_is_not_here_is_noted_and_the_models_own_is_used(tmp_path: Path) -> None:
    found = read_settings(png(tmp_path / "a.png", parameters="a\nSteps: 2, Sampler: DPM++ SDE Karras, Seed: 3"))
    assert "sampler" not in found.settings and "DPM++ SDE Karras" in found.notes[0]


def hostile() -> dict[str, str]:
    circle = {str(n): {"class_type": "KSampler", "inputs": {"positive": [str(1 - n), 0]}} for n in (0, 1)}
    return {
        "circle": json.dumps(circle),
        "deep": "[" * 100_000,
        "half a character": json.dumps({"1": {"class_type": "KSampler", "inputs": {"positive": 0, "seed": "\ud800"}}}),
        "no graph": "[1, 2]",
        "wrong types": json.dumps({"1": {"class_type": "KSampler", "inputs": {"positive": [[], 0], "seed": {}}}}),
        "spaces": "a\nSteps: 1," + " " * 15_000 + '"' * 200,
        "quotes": "a\n" + 'a:",' * 3_900,
        "long": "a," * 200_000,
    }  # fmt: skip


@pytest.mark.parametrize("kind", hostile())
@pytest.mark.parametrize("keyword", ["prompt", "parameters"])
def test_hostile_words_end_in_settings_or_in_a_clear_error(tmp_path: Path, kind: str, keyword: str) -> None:
    path = png(tmp_path / "a.png", **{keyword: hostile()[kind]})
    try:
        found = read_settings(path)
    except InputError as error:
        assert "a.png holds no settings" in str(error)
    else:
        json.dumps(found.settings, ensure_ascii=False).encode()


def test_a_text_that_unpacks_to_gigabytes_is_cut_short(tmp_path: Path) -> None:
    packed = zlib.compress(b"a" * (LARGEST_TEXT * 4), 9)
    content = b"parameters\0\0" + packed
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    whole = png(tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:33] + chunk + whole[33:])
    with pytest.raises(InputError, match="holds no settings"):
        read_settings(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_file_that_ends_in_the_middle_is_said_to_be_damaged(tmp_path: Path, name: str) -> None:
    path = with_exif(tmp_path / name, b"UNICODE\0" + INFOTEXT.encode("utf-16-be"))
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnreadableFile):
        read_settings(path)


def test_another_kind_of_file_and_a_picture_without_settings_say_what_to_take(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Steps: 20, Sampler: Euler, Seed: 1")
    with pytest.raises(InputError, match=r"no PNG, JPEG or WebP"):
        read_settings(tmp_path / "a.txt")
    with pytest.raises(InputError, match="as its generator saved it"):
        read_settings(png(tmp_path / "b.png"))
