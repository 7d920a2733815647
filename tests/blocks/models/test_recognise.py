from __future__ import annotations

import json
import shutil
import struct

import pytest
import torch
from safetensors.torch import save_file

from blocks.errors import InputError, NotAvailable, UnknownName, UnreadableFile, UnsafeFile
from blocks.models.families import FAMILIES, profile
from blocks.models.headers import read_header
from blocks.models.loading import load
from blocks.models.recognise import recognise, recognise_adapter
from tests.blocks.models import _adapters

SINGLE_FILES = {
    "sd15": ["model.diffusion_model.input_blocks.0.0.weight", "cond_stage_model.transformer.text_model.x"],
    "sdxl": ["model.diffusion_model.input_blocks.0.0.weight", "conditioner.embedders.1.model.x"],
    "flux1": ["double_blocks.0.img_attn.qkv.weight", "guidance_in.in_layer.weight"],
    "flux1-schnell": ["double_blocks.0.img_attn.qkv.weight"],
    "flux2": ["double_blocks.0.img_attn.qkv.weight", "double_stream_modulation_img.lin.weight"],
    "qwen-edit-plus": ["transformer_blocks.0.img_mod.1.weight"],
    "z-image": ["noise_refiner.0.attention.qkv.weight", "cap_embedder.0.weight"],
    "z-image-omni": ["noise_refiner.0.attention.qkv.weight", "cap_embedder.0.weight", "siglip_embedder.0.weight"],
}


def _file(path, names):
    save_file({name: torch.zeros(1) for name in names}, path)
    return path


@pytest.fixture
def folder(tiny, tmp_path):
    """A pocket model that a test may damage."""
    shutil.copytree(tiny("pocket"), tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("family", SINGLE_FILES)
def test_a_single_file_is_told_by_its_tensors(family, tmp_path):
    found = recognise(_file(tmp_path / "anything.safetensors", SINGLE_FILES[family]))
    assert (found.profile.family, found.form) == (family, "file")


def test_a_single_file_is_not_run_but_said_how_to_make_a_folder_of(tmp_path):
    with pytest.raises(NotAvailable, match=r"StableDiffusionXLPipeline\.from_single_file"):
        load(_file(tmp_path / "anything.safetensors", SINGLE_FILES["sdxl"]))


def test_the_distilled_form_brings_its_own_defaults(tiny, tmp_path):
    klein = recognise(tiny("flux2-klein")).profile
    assert (klein.steps, klein.guidance_scale) == (4, 1.0)
    shutil.copytree(tiny("z-image"), tmp_path / "Z-Image-Turbo")
    assert recognise(tmp_path / "Z-Image-Turbo").profile.steps == 9
    assert recognise(tiny("z-image")).profile.steps == 50


def test_a_folder_of_pickles_is_refused_with_how_to_convert_it(folder):
    for path in (folder / "unet").glob("*.safetensors"):
        path.rename(path.with_suffix(".bin"))
    with pytest.raises(UnsafeFile, match=r"unet/.*\.bin may run code.*safetensors\.torch\.save_file"):
        recognise(folder)


def test_a_pickle_beside_safetensors_is_simply_not_read(folder):
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n")
    assert load(folder).profile.family == "pocket"


def test_a_folder_that_brings_code_is_refused(folder):
    index = json.loads((folder / "model_index.json").read_text())
    for library in ("my_unet", "os", ".."):
        (folder / "model_index.json").write_text(json.dumps(index | {"unet": [library, "Net"]}))
        with pytest.raises(UnsafeFile, match="asks for code of its own for its unet"):
            recognise(folder)


def test_a_part_that_names_classes_of_its_own_is_refused(folder):
    config = folder / "text_encoder" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"auto_map": {"AutoModel": "net.Net"}}))
    with pytest.raises(UnsafeFile, match="asks for code of its own for its text_encoder"):
        recognise(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe"])
def test_a_damaged_index_is_said_to_be(content, folder):
    (folder / "model_index.json").write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"model_index\.json is damaged"):
        recognise(folder)


def test_a_missing_part_is_named(folder):
    shutil.rmtree(folder / "vae")
    with pytest.raises(UnreadableFile, match="lacks its vae"):
        recognise(folder)


def test_a_part_that_is_cut_short_is_an_error_and_no_picture(folder):
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UnreadableFile, match="cut short"):
        load(folder)


def test_a_model_that_is_not_known_is_named_with_those_that_are(folder):
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "KandinskyPipeline"}))
    with pytest.raises(InputError, match=r"is a KandinskyPipeline.*FluxPipeline"):
        recognise(folder)


def test_stable_diffusion_2_is_not_taken_for_1(folder):
    config = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps(config | {"cross_attention_dim": 1024}))
    with pytest.raises(InputError, match="Stable Diffusion 2"):
        recognise(folder)


def test_an_empty_folder_and_one_of_something_else_are_no_models(tmp_path):
    with pytest.raises(UnreadableFile, match="no folder of a model"):
        recognise(tmp_path)


def test_adapters_are_told_apart(tiny, tmp_path):
    from tests.blocks.models._tiny import redux

    redux(tmp_path / "redux")
    made = {
        "faceid": _adapters.faceid(tiny("pocket"), tmp_path / "a.safetensors", with_lora=True),
        "ip-adapter": _adapters.ip_adapter(tiny("pocket"), tmp_path / "b.safetensors"),
        "lora": _adapters.lora(tiny("pocket"), tmp_path / "c.safetensors"),
        "control": _adapters.control_net(tiny("pocket"), tmp_path / "pose"),
        "redux": tmp_path / "redux",
    }
    assert {kind: recognise_adapter(path) for kind, path in made.items()} == {kind: kind for kind in made}
    kohya = _adapters.lora(tiny("sdxl"), tmp_path / "d.safetensors", kohya=True)
    assert recognise_adapter(kohya) == "lora"


def test_what_is_no_adapter_is_refused(tiny, tmp_path):
    with pytest.raises(InputError, match="is no LoRA, IP-Adapter"):
        recognise_adapter(_file(tmp_path / "a.safetensors", ["weight"]))
    with pytest.raises(InputError, match="FaceID Plus"):
        names = ["image_proj.perceiver_resampler.proj_in.weight", "ip_adapter.1.to_k_ip.weight"]
        recognise_adapter(_file(tmp_path / "b.safetensors", names))
    with pytest.raises(InputError, match="no Redux"):
        recognise_adapter(tiny("pocket"))


@pytest.mark.parametrize("ending", [".bin", ".ckpt", ".pt", ".PTH"])
def test_pickles_are_refused_by_their_ending(ending, tmp_path):
    (tmp_path / f"model{ending}").write_bytes(b"\x80\x04")
    with pytest.raises(UnsafeFile, match="may run code"):
        recognise(tmp_path / f"model{ending}")
    with pytest.raises(UnsafeFile, match="may run code"):
        recognise_adapter(tmp_path / f"model{ending}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04cos\nsystem\n",
        struct.pack("<Q", 2**60),
        struct.pack("<Q", 50) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 7) + b'{"a":1}',
        struct.pack("<Q", 12) + b'{"a":{"x":1}',
        struct.pack("<Q", 59) + b'{"a":{"dtype":"F32","shape":["x"],"data_offsets":[0,4]}}   ',
    ],
)
def test_what_is_no_safetensors_file_is_said_to_be_none(content, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(UnreadableFile, match="not a safetensors file"):
        read_header(tmp_path / "model.safetensors")


def test_a_header_gives_shapes_sizes_and_metadata(tmp_path):
    tensors = {"a": torch.zeros(2, 3), "b": torch.zeros(5, dtype=torch.bfloat16)}
    save_file(tensors, tmp_path / "model.safetensors", {"trained": "today"})
    header = read_header(tmp_path / "model.safetensors")
    assert header.shapes == {"a": (2, 3), "b": (5,)}
    assert (header.numbers, header.bytes, header.metadata) == (11, 34, {"trained": "today"})


def test_every_profile_is_sound():
    import diffusers

    for name, one in FAMILIES.items():
        assert one.family == name
        classes = (one.pipeline, one.start_pipeline, one.inpaint_pipeline, one.control_pipeline)
        assert all(hasattr(diffusers, kind) for kind in classes if kind)
        assert one.size in one.sizes
        assert all(side % one.multiple == 0 for size in one.sizes for side in size)
        assert bool(one.control_pipeline) == bool(one.control_argument)
        assert bool(one.references) == (one.max_references > 0)
        assert one.memory
        assert one.licence


def test_an_unknown_family_is_named_with_those_that_are():
    with pytest.raises(UnknownName, match="no model family 'kandinsky'"):
        profile("kandinsky")
