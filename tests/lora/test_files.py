from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from blocks.errors import InputError, UnreadableFile, UnsafeFile
from lora.files import kohya_keys, read_adapter, write_diffusers, write_kohya
from lora.layers import LoKr, LoRA, plain
from lora.models import open_model

RANK, ALPHA = 3, 1.5
KOHYA = ("pocket", "sd15", "sdxl", "flux1")


def adapter_for(model, kind: str, seed: int = 0):
    """Random layers for a model's attention, alpha half the rank, strong enough to be seen."""
    random = torch.Generator().manual_seed(seed)

    def some(*shape):
        return torch.randn(shape, generator=random) * 0.5

    made = {}
    for name, (high, wide, *rest) in sorted(model.denoiser.items()):
        if rest or not name.endswith(("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj")):
            continue
        if name.startswith("single"):
            continue
        size = some(high).abs() + 0.5 if kind == "dora" else None
        made[f"{model.part}.{name}"] = (
            LoKr((some(2, 2),), (some(high // 2, RANK), some(RANK, wide // 2)), ALPHA / RANK)
            if kind == "lokr"
            else LoRA(some(RANK, wide), some(high, RANK), ALPHA, size)
        )
    return made


def changes(adapter):
    """What each layer's weights become, from any form of the same adapter."""
    return {path: (one.up @ one.down, one.magnitude) for path, one in plain(adapter).items()}


def same(one, other):
    one, other = changes(one), changes(other)
    assert one.keys() == other.keys()
    for path, (change, size) in one.items():
        assert torch.allclose(change, other[path][0], atol=1e-5), path
        assert (size is None) == (other[path][1] is None)
        assert size is None or torch.allclose(size, other[path][1])


@pytest.fixture(params=["lora", "dora", "lokr"])
def kind(request):
    return request.param


@pytest.mark.parametrize("family", [*KOHYA, "flux2-klein", "qwen-edit-plus", "z-image"])
def test_a_file_in_the_keys_of_diffusers_is_read_as_it_was_written(family, kind, tiny, tmp_path):
    model = open_model(tiny(family))
    adapter = adapter_for(model, kind)
    same(adapter, read_adapter(write_diffusers(tmp_path / "a.safetensors", adapter, {}), model))


@pytest.mark.parametrize("family", KOHYA)
def test_a_file_in_the_keys_of_kohya_is_read_as_it_was_written(family, kind, tiny, tmp_path):
    model = open_model(tiny(family))
    adapter = adapter_for(model, kind)
    same(adapter, read_adapter(write_kohya(tmp_path / "a.safetensors", adapter, model, {}), model))


@pytest.mark.parametrize("family", ["pocket", "sdxl"])
def test_every_layout_draws_the_same_picture(family, kind, tiny, draw, tmp_path):
    model = open_model(tiny(family))
    adapter = adapter_for(model, kind)
    direct = write_diffusers(tmp_path / "direct.safetensors", adapter, {})
    kohya = write_kohya(tmp_path / "kohya.safetensors", adapter, model, {})
    back = write_diffusers(tmp_path / "back.safetensors", read_adapter(kohya, model), {})
    first, second = (draw(family, loras=[{"path": str(path)}]).picture.read_bytes() for path in (direct, back))
    assert first == second != draw(family).picture.read_bytes()


def test_the_change_that_is_drawn_with_is_the_one_that_was_meant(tiny, kind):
    """diffusers, given the file, changes a layer's output exactly as the formula says."""
    import tempfile
    from pathlib import Path

    from diffusers import UNet2DConditionModel

    model = open_model(tiny("pocket"))
    adapter = adapter_for(model, kind)
    place = next(path for path in adapter if path.endswith("to_q"))
    unet = UNet2DConditionModel.from_pretrained(tiny("pocket") / "unet")
    layer = unet.get_submodule(place.removeprefix("unet."))
    weight, seen = layer.weight.detach().clone(), torch.randn(2, layer.in_features)
    with tempfile.TemporaryDirectory() as folder:
        path = write_diffusers(Path(folder, "a.safetensors"), adapter, {})
        unet.load_lora_adapter(load_file(path), prefix="unet")
    change, size = changes(adapter)[place]
    wanted = weight + change
    if size is not None:
        wanted = size[:, None] * wanted / wanted.norm(dim=1, keepdim=True)
    got = unet.get_submodule(place.removeprefix("unet."))(seen)
    assert torch.allclose(got, seen @ wanted.T, atol=1e-4)


def test_kohyas_keys_are_kohyas(tiny):
    """Names as its scripts build them: from diffusers' paths for 1.5, from Stability's blocks for XL."""
    for family, base in {
        "sd15": "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
        "sdxl": "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k",
        "flux1": "lora_unet_double_blocks_0_img_attn_qkv",
    }.items():
        model = open_model(tiny(family))
        keys = kohya_keys(adapter_for(model, "lora"), model)
        assert {f"{base}.lora_down.weight", f"{base}.lora_up.weight", f"{base}.alpha"} <= keys.keys()
    keys = kohya_keys(adapter_for(open_model(tiny("sd15")), "dora"), open_model(tiny("sd15")))
    scale = next(tensor for key, tensor in keys.items() if key.endswith(".dora_scale"))
    assert scale.ndim == 2 and scale.shape[1] == 1
    assert all(float(tensor) == ALPHA for key, tensor in keys.items() if key.endswith(".alpha"))


def test_sdxl_names_are_those_of_kohyas_own_table():
    """Places of a full-size SDXL, from the table in library/sdxl_model_util.py."""
    from lora.names import sdxl_name

    for ours, theirs in {
        "down_blocks_1_attentions_1_proj_in": "input_blocks_5_1_proj_in",
        "down_blocks_2_attentions_0_transformer_blocks_9_ff_net_2": "input_blocks_7_1_transformer_blocks_9_ff_net_2",
        "mid_block_attentions_0_transformer_blocks_0_attn1_to_q": "middle_block_1_transformer_blocks_0_attn1_to_q",
        "mid_block_resnets_1_conv2": "middle_block_2_out_layers_3",
        "up_blocks_0_attentions_2_proj_out": "output_blocks_2_1_proj_out",
        "up_blocks_1_attentions_0_proj_in": "output_blocks_3_1_proj_in",
        "up_blocks_2_resnets_2_conv_shortcut": "output_blocks_8_0_skip_connection",
        "down_blocks_0_downsamplers_0_conv": "input_blocks_3_0_op",
        "up_blocks_1_upsamplers_0_conv": "output_blocks_5_2_conv",
        "time_embedding_linear_1": "time_embed_0",
    }.items():
        assert sdxl_name(ours) == theirs


def test_a_file_of_ai_toolkit_and_one_of_old_diffusers_are_read(tiny, tmp_path):
    model = open_model(tiny("z-image"))
    adapter = {path: one.folded() for path, one in adapter_for(model, "lora").items()}
    toolkit = {
        f"diffusion_model.{path.removeprefix('transformer.')}.lora_{side}.weight": tensor
        for path, one in adapter.items()
        for side, tensor in (("A", one.down), ("B", one.up))
    }
    save_file(toolkit, tmp_path / "toolkit.safetensors")
    same(adapter, read_adapter(tmp_path / "toolkit.safetensors", model))
    model = open_model(tiny("pocket"))
    adapter = {path: one.folded() for path, one in adapter_for(model, "lora").items() if path.endswith("to_q")}
    old = {
        f"{path.replace('.to_q', '.processor.to_q_lora')}.{side}.weight": tensor
        for path, one in adapter.items()
        for side, tensor in (("down", one.down), ("up", one.up))
    }
    save_file(old, tmp_path / "old.safetensors")
    same(adapter, read_adapter(tmp_path / "old.safetensors", model))


def test_a_file_for_another_model_or_no_lora_is_refused_with_the_reason(tiny, tmp_path):
    pocket, sd15 = open_model(tiny("pocket")), open_model(tiny("sd15"))
    other = write_diffusers(tmp_path / "other.safetensors", adapter_for(sd15, "lora"), {})
    with pytest.raises(InputError, match="not made for Pocket"):
        read_adapter(other, pocket)
    save_file({"unet.conv_in.hada_w1_a": torch.zeros(2, 2)}, tmp_path / "loha.safetensors")
    with pytest.raises(InputError, match="no part of a LoRA"):
        read_adapter(tmp_path / "loha.safetensors", pocket)
    (tmp_path / "cut.safetensors").write_bytes(other.read_bytes()[:2000])
    with pytest.raises(UnreadableFile):
        read_adapter(tmp_path / "cut.safetensors", pocket)
    (tmp_path / "code.ckpt").write_bytes(b"\x80\x04")
    with pytest.raises(UnsafeFile):
        read_adapter(tmp_path / "code.ckpt", pocket)
    with pytest.raises(InputError, match="no layout"):
        model = open_model(tiny("z-image"))
        write_kohya(tmp_path / "z.safetensors", adapter_for(model, "lora"), model, {})


SHAPES = {
    "sd15": {
        "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    },
    "sdxl": {
        "down_block_types": ("DownBlock2D",) + ("CrossAttnDownBlock2D",) * 2,
        "up_block_types": ("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",),
        "transformer_layers_per_block": (1, 2, 10),
        "use_linear_projection": True,
    },
}
"""The published models' blocks, from their config.json; only narrower."""


@pytest.mark.parametrize("family", SHAPES)
def test_another_program_reads_every_layer_of_our_kohya_file_where_it_belongs(family, tmp_path):
    """The whole of SD 1.5 and SDXL, read by diffusers' own translation of kohya's names; alpha is not the rank."""
    from types import SimpleNamespace

    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel

    from lora.models import Model

    blocks = SHAPES[family]
    widths = tuple(8 * (n + 1) for n in range(len(blocks["down_block_types"])))
    narrow = {"norm_num_groups": 4, "attention_head_dim": 4, "cross_attention_dim": 8}
    unet = UNet2DConditionModel(sample_size=8, block_out_channels=widths, **narrow, **blocks)
    layers = {name: tuple(one.weight.shape) for name, one in unet.named_modules() if isinstance(one, torch.nn.Linear)}
    model = Model(tmp_path, SimpleNamespace(family=family, title=family), "unet", {"unet": layers})
    adapter = adapter_for(model, "lora")
    assert len(adapter) == {"sd15": 16 * 8, "sdxl": 70 * 8}[family]
    keys = kohya_keys(adapter, model)
    pipeline = StableDiffusionPipeline if family == "sd15" else StableDiffusionXLPipeline
    read, alphas, *_ = pipeline.lora_state_dict(dict(keys), unet_config=unet.config)
    found = unet_layers(read)
    assert found.keys() == adapter.keys()
    assert all(torch.equal(found[path][0], one.down) for path, one in adapter.items())
    assert all(torch.equal(found[path][1], one.up) for path, one in adapter.items())
    assert set(alphas.values()) == {ALPHA} and len(alphas) == len(adapter)
    bases = {key.removesuffix(".alpha") for key in keys if key.endswith(".alpha")}
    if family == "sdxl":
        assert "lora_unet_input_blocks_7_1_transformer_blocks_9_attn1_to_q" in bases
    # diffusers drops DoRA's sizes of such files, so of these only the names can be compared.
    assert kohya_keys(adapter_for(model, "dora"), model).keys() == keys.keys() | {f"{one}.dora_scale" for one in bases}


def unet_layers(read):
    """Down and up by layer, from any of the endings that diffusers uses."""
    found = {}
    for key, tensor in read.items():
        name = key.replace(".processor", "").replace("_lora.", ".lora.")
        path, _, side = name.removesuffix(".weight").rpartition(".lora.")
        path = f"{path}.0" if path.endswith("to_out") else path
        found.setdefault(path, {})[("down", "up").index(side)] = tensor
    return found
