from __future__ import annotations

import shutil

import pytest

from blocks.errors import NotAvailable
from blocks.models import loading, memory
from blocks.models.families import profile
from blocks.models.loading import choose, load, release
from blocks.models.memory import Need, check_fits, need

GIB = 1 << 30


def test_a_model_is_loaded_once_and_one_is_kept(tiny):
    first = load(tiny("pocket"))
    assert load(tiny("pocket")) is first
    load(tiny("sdxl"))
    assert len(loading._kept) == 1
    assert load(tiny("pocket")) is not first


def test_a_changed_folder_is_loaded_anew(tiny, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny("pocket"), folder)
    first = load(folder)
    (folder / "scheduler" / "scheduler_config.json").touch()
    assert load(folder) is not first


def test_another_number_format_is_another_model(tiny, draw):
    assert load(tiny("pocket"), dtype="bfloat16").dtype == "bfloat16"
    assert draw("pocket", dtype="bfloat16").facts["dtype"] == "bfloat16"
    assert draw("pocket").facts["dtype"] == "float32"


def test_other_pipelines_share_the_parts(tiny):
    loaded = load(tiny("pocket"), dtype="bfloat16")
    other = loaded.shared("StableDiffusionImg2ImgPipeline")
    assert type(other).__name__ == "StableDiffusionImg2ImgPipeline"
    assert other.unet is loaded.pipe.unet
    assert str(loaded.pipe.dtype) == "torch.bfloat16", "sharing casts nothing"


def test_released_is_forgotten(tiny):
    load(tiny("pocket"))
    release()
    assert not loading._kept


def test_the_number_format_is_the_profiles_unless_one_is_asked_for():
    assert choose(profile("sdxl"), "auto", "cpu") == "float32"
    assert choose(profile("sdxl"), "auto", "cuda") == "float16"
    assert choose(profile("flux1"), "auto", "cuda:1") == "bfloat16"
    assert choose(profile("z-image-omni"), "auto", "cpu") == "bfloat16"
    assert choose(profile("flux1"), "bfloat16", "cpu") == "bfloat16"


def test_need_is_measured_from_the_files_at_the_width_they_are_loaded_with(tiny):
    found = need(tiny("pocket"), profile("pocket"), "float32")
    pipe = load(tiny("pocket")).pipe
    parts = [sum(p.numel() for p in part.parameters()) * 4 for part in (pipe.unet, pipe.vae, pipe.text_encoder)]
    assert abs(found.weights - sum(parts)) < 4096
    assert abs(found.largest - max(parts)) < 4096
    assert need(tiny("pocket"), profile("pocket"), "bfloat16").weights * 2 == found.weights


def test_a_model_that_does_not_fit_says_so_before_a_byte_is_loaded(tiny, monkeypatch):
    release()
    monkeypatch.setattr(memory, "available", lambda device: 1000)
    with pytest.raises(NotAvailable, match=r"pocket needs .* of main memory and 0 MiB are free.*bfloat16"):
        load(tiny("pocket"))
    assert not loading._kept


@pytest.mark.parametrize(
    ("free", "says"),
    [(14, "Choose offload=model: 11.0 GiB suffice"), (6, "offload=sequential: 4.0 GiB"), (2, "Not even sequential")],
)
def test_on_a_gpu_the_offload_that_would_fit_is_offered(free, says, monkeypatch):
    big = Need(weights=20 * GIB, largest=8 * GIB, working=3 * GIB)
    monkeypatch.setattr(memory, "available", lambda device: free * GIB if device != "cpu" else 100 * GIB)
    with pytest.raises(NotAvailable, match=rf"FLUX needs 23.0 GiB of the GPU and {free}.0 GiB are free.*{says}"):
        check_fits("FLUX", big, "cuda", "none")


def test_what_fits_passes(monkeypatch):
    big = Need(weights=20 * GIB, largest=8 * GIB, working=3 * GIB)
    monkeypatch.setattr(memory, "available", lambda device: 12 * GIB if device != "cpu" else 100 * GIB)
    check_fits("FLUX", big, "cuda", "model")
    check_fits("FLUX", big, "cpu", "none")


def test_offloading_needs_main_memory_for_what_waits(monkeypatch):
    big = Need(weights=20 * GIB, largest=8 * GIB, working=3 * GIB)
    monkeypatch.setattr(memory, "available", lambda device: 12 * GIB)
    with pytest.raises(NotAvailable, match=r"keeps 20\.0 GiB in main memory"):
        check_fits("FLUX", big, "cuda", "model")


def test_there_is_some_memory_here():
    assert memory.available("cpu") > 0


def test_a_form_is_told_whether_a_model_could_ever_fit(monkeypatch):
    needed = Need(20 * GIB, 5 * GIB, GIB)
    monkeypatch.setattr(memory, "whole", lambda device: 12 * GIB)
    refused = memory.fit("big", needed, "cuda")
    assert refused.fits is False and "Choose offload=model" in refused.words
    assert memory.fit("big", needed, "cuda", "model").fits is True
    assert "bfloat16" in memory.fit("big", needed, "cpu").words
    monkeypatch.setattr(memory, "whole", lambda device: 0)
    assert memory.fit("big", needed, "cuda").fits is None


def test_the_machine_tells_how_much_memory_it_has():
    assert memory.whole("cpu") >= memory.available("cpu") > 0
