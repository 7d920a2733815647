from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tomllib
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from blocks.errors import InputError
from blocks.models.headers import read_header
from lora.bring import bring_lora, inspect
from lora.dataset import make_dataset
from lora.export import export_lora
from lora.files import read_adapter, write_diffusers
from lora.layers import LoRA, plain
from lora.models import open_model

REPORT = {
    "chosen": 200,
    "versions": [{"step": 100}, {"step": 200}],
    "before": {"first": 0.1, "second": 0.05},
    "after": {"first": 0.6, "second": 0.55},
    "reach": {"first": 0.8, "second": None},
    "sets": {"report": 4},
}


@pytest.fixture
def exported(tiny, pictures, tmp_path):
    """An export of a random LoRA of the tiny model, alpha half its rank."""
    model = open_model(tiny("pocket"))
    random = torch.Generator().manual_seed(3)
    adapter = {
        f"unet.{name}": LoRA(torch.randn(4, wide, generator=random), torch.randn(high, 4, generator=random) * 0.3, 2.0)
        for name, (high, wide, *rest) in model.denoiser.items()
        if name.endswith("to_q") and not rest
    }
    version = write_diffusers(tmp_path / "step-000200.safetensors", adapter, {})

    def export(**changes):
        folder = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        (folder / "dataset").mkdir(parents=True)
        made = make_dataset(pictures, "mira7", scratch=folder / "dataset")
        training = {"settings": {"rank": 4, "alpha": 2.0, "rate": 1e-3, "steps": 200, "batch": 2, "weighting": "auto"}}
        chosen = {"title": "Mira Okonkwo", "date": "2026-01-31", "training": training, "report": REPORT, **changes}
        return export_lora(
            version, made.pictures, made.table, made.trigger, str(tiny("pocket")), scratch=folder, **chosen
        )

    export.adapter = adapter
    return export


def test_both_files_draw_what_the_version_draws_and_say_what_they_are(exported, tiny, draw):
    made = exported()
    model = open_model(tiny("pocket"))
    for path in (made.lora, made.kohya):
        found = plain(read_adapter(path, model))
        assert all(
            torch.allclose(one.up @ one.down, found[place].up @ found[place].down, atol=1e-5)
            for place, one in plain(exported.adapter).items()
        )
    told = read_header(made.kohya).metadata
    assert told["ss_network_dim"] == "4" and told["ss_network_alpha"] == "2.0" and told["ss_v2"] == "False"
    assert told["ss_network_module"] == "networks.lora" and told["ss_base_model_version"] == "pocket"
    assert json.loads(told["ss_network_args"]) == {}
    assert told["modelspec.sai_model_spec"] == "1.0.1" and told["modelspec.trigger_phrase"] == "mira7"
    assert told["modelspec.architecture"] == "pocket/lora" and told["modelspec.date"] == "2026-01-31"
    for path in (made.lora, made.kohya):
        body = path.read_bytes()
        tensors = body[8 + int.from_bytes(body[:8], "little") :]
        assert read_header(path).metadata["modelspec.hash_sha256"] == f"0x{hashlib.sha256(tensors).hexdigest()}"
    assert draw("pocket", loras=[{"path": str(made.lora)}]).picture.read_bytes() != draw("pocket").picture.read_bytes()


def test_a_round_trip_through_our_own_import_draws_the_same_picture(exported, tiny, draw, tmp_path):
    made = exported()
    (tmp_path / "back").mkdir()
    back = bring_lora(made.kohya, str(tiny("pocket")), scratch=tmp_path / "back")
    first, second = (
        draw("pocket", loras=[{"path": str(path)}]).picture.read_bytes() for path in (made.lora, back.lora)
    )
    assert first == second
    assert back.facts["trigger"] == "mira7" and back.facts["layout"] == "kohya" and back.facts["family"] == "pocket"


def test_the_same_lora_gives_the_same_bytes(exported):
    one, other = exported(), exported()
    for first, second in zip(
        [one.lora, one.kohya, *one.packages], [other.lora, other.kohya, *other.packages], strict=True
    ):
        assert first.read_bytes() == second.read_bytes()


def test_the_standard_package_is_a_folder_that_kohya_trains_from(exported):
    made = exported()
    with zipfile.ZipFile(made.packages[0]) as package:
        names = set(package.namelist())
        toml = tomllib.loads(package.read("dataset.toml").decode())
        guide, facts = package.read("README.md").decode(), json.loads(package.read("metadata.json"))
        settings = json.loads(package.read("recommended_settings.json"))
    [dataset] = toml["datasets"]
    [subset] = dataset["subsets"]
    # What its docs/config_README lists for each; anything else and its scripts stop.
    assert toml.keys() == {"general", "datasets"}
    assert toml["general"].keys() <= {"shuffle_caption", "caption_extension", "keep_tokens", "flip_aug"}
    assert dataset.keys() <= {"resolution", "batch_size", "enable_bucket", "bucket_no_upscale", "subsets"}
    assert subset.keys() <= {"image_dir", "num_repeats", "class_tokens"}
    assert subset["class_tokens"] == "mira7" and subset["num_repeats"] >= 1
    images = [name for name in names if name.startswith(f"{subset['image_dir']}/") and name.endswith(".png")]
    assert len(images) == 6 and all(name.removesuffix(".png") + ".txt" in names for name in images)
    assert {"mira-okonkwo.safetensors", "mira-okonkwo.diffusers.safetensors"} <= names
    assert "0.05 | 0.55" in guide and "`mira7`" in guide and "Version 200 was chosen of 2" in guide
    assert facts["trigger"] == "mira7" and settings["rank"] == 4


@pytest.mark.parametrize(
    ("method", "said"),
    [("lora", "--network_module networks.lora "), ("dora", "dora_wd=True"), ("lokr", "--network_args algo=lokr")],
)
def test_the_guide_trains_the_same_kind_of_layers_again(method, said, exported):
    settings = {"rank": 4, "alpha": 2.0, "rate": 1e-3, "steps": 200, "batch": 2, "method": method}
    with zipfile.ZipFile(exported(training={"settings": settings}).packages[0]) as package:
        guide = package.read("README.md").decode()
    assert said in guide and "--network_alpha 2" in guide
    assert ("lycoris.kohya" in guide) == (method != "lora")


def test_replicate_and_civitai_get_what_they_take(exported):
    made = exported()
    with (
        zipfile.ZipFile(made.packages[1]) as package,
        tarfile.open(fileobj=io.BytesIO(package.read("trained_model.tar"))) as tar,
    ):
        inside = tar.getnames()
    assert "lora.safetensors" in inside and sum(name.startswith("captions/") for name in inside) == 6
    with (
        zipfile.ZipFile(made.packages[2]) as package,
        zipfile.ZipFile(io.BytesIO(package.read("training_data.zip"))) as data,
    ):
        names = data.namelist()
    assert len(names) == 12 and not any("/" in name for name in names)
    assert all(name.removesuffix(".png") + ".txt" in names for name in names if name.endswith(".png"))


def test_a_file_made_elsewhere_is_told_apart_before_it_is_loaded(exported, tiny, tmp_path):
    assert inspect(exported().kohya) == {
        "file": "mira-okonkwo.safetensors",
        "layout": "kohya",
        "kind": "lora",
        "ranks": [4],
        "bytes": read_header(exported().kohya).bytes,
        "trigger": "mira7",
        "title": "Mira Okonkwo",
        "base": "pocket/lora",
        "author": "",
        "licence": "",
    }
    save_file(
        {"lora_unet_x.lora_down.weight": torch.zeros(2, 3)},
        tmp_path / "a.safetensors",
        {"ss_tag_frequency": '{"10_x": {"ohwx": 12, "smile": 3}}'},
    )
    assert inspect(tmp_path / "a.safetensors")["trigger"] == "ohwx"
    save_file({"weight": torch.zeros(2)}, tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="no LoRA"):
        inspect(tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="no package"):
        exported(packages=["hub"])
