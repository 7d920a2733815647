"""The parts of a training that are told apart by numbers: buckets, amounts of noise, optimisers and their rates."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace

import pytest
import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler

from blocks.errors import InputError, NotAvailable
from lora.training.config import TrainConfig
from lora.training.encoding import bucket_of, sizes_for
from lora.training.families import FAMILIES
from lora.training.optimisers import Prodigy, optimiser_for, rate_at
from lora.training.weighting import FlowNoise, NoiseSteps, noiser

PROFILE = SimpleNamespace(sizes=((512, 512), (640, 448), (448, 640)), multiple=64, title="A model")


def test_a_picture_goes_into_the_bucket_of_its_shape():
    sizes = sizes_for(PROFILE, 256)
    assert sizes == ((256, 256), (384, 256), (256, 384)) and sizes_for(PROFILE) == PROFILE.sizes
    shapes = {(500, 500): (256, 256), (4000, 2700): (384, 256), (270, 400): (256, 384), (101, 100): (256, 256)}
    assert {shape: bucket_of(shape, sizes) for shape in shapes} == shapes
    with pytest.raises(InputError, match="too small"):
        sizes_for(PROFILE, 8)


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_min_snr_caps_what_little_noise_counts(kind):
    scheduler = DDPMScheduler(prediction_type=kind)
    plain, capped = NoiseSteps(scheduler, None), NoiseSteps(scheduler, 5.0)
    steps = torch.tensor([0, 200, 999])
    signal = scheduler.alphas_cumprod[steps]
    ratio = signal / (1 - signal)
    clean = torch.randn(3, 4, 2, 2)
    assert torch.equal(plain.put(clean, clean, steps).weight, torch.ones(3))
    # Hang et al., 2023: min(SNR, gamma) / SNR where noise is predicted; for velocity both have one more.
    extra = 0.0 if kind == "epsilon" else 1.0
    wanted = (ratio.clamp(max=5.0) + extra) / (ratio + extra)
    assert torch.allclose(capped.put(clean, clean, steps).weight, wanted, atol=1e-5)


def test_a_flow_goes_straight_from_picture_to_noise_and_its_densities_differ():
    clean, noise = torch.zeros(2, 4, 2, 2), torch.ones(2, 4, 2, 2)
    flow = FlowNoise(FlowMatchEulerDiscreteScheduler(), "none")
    put = flow.put(clean, noise, torch.tensor([0.25, 1.0]))
    assert put.noisy.flatten(1).mean(1).tolist() == [0.25, 1.0] and put.times.tolist() == [250.0, 1000.0]
    assert torch.equal(put.target, noise - clean) and torch.equal(put.weight, torch.ones(2))
    spread = {}
    for weighting in ("none", "logit_normal", "mode"):
        drawn = FlowNoise(FlowMatchEulerDiscreteScheduler(), weighting).draw(4000, torch.Generator().manual_seed(0))
        assert float(drawn.min()) > 0 and float(drawn.max()) <= 1
        spread[weighting] = float(drawn.std())
    assert spread["none"] == pytest.approx(12**-0.5, abs=0.01) and spread["logit_normal"] < spread["none"] - 0.05
    assert spread["mode"] < spread["none"], "the middle is looked at more often"
    shares = torch.tensor([0.5])
    weights = {name: FlowNoise(FlowMatchEulerDiscreteScheduler(), name).put(clean[:1], noise[:1], shares).weight
               for name in ("sigma_sqrt", "cosmap")}  # fmt: skip
    assert weights["sigma_sqrt"].item() == 4.0 and weights["cosmap"].item() == pytest.approx(4 / math.pi)


def test_a_weighting_of_the_other_kind_of_model_is_refused():
    with pytest.raises(InputError, match="min-snr is for Stable Diffusion"):
        noiser(FAMILIES["flux1"], FlowMatchEulerDiscreteScheduler(), TrainConfig(weighting="min-snr"))
    with pytest.raises(InputError, match="mode is for flow models"):
        noiser(FAMILIES["sd15"], DDPMScheduler(), TrainConfig(weighting="mode"))
    with pytest.raises(InputError, match="predicts sample"):
        noiser(FAMILIES["sd15"], DDPMScheduler(prediction_type="sample"), TrainConfig())


def test_the_rate_rises_and_falls_as_it_was_asked():
    config = TrainConfig(steps=100, warmup=10, rate=1.0)
    rates = [rate_at(step, config) for step in range(101)]
    assert rates[0] < rates[5] < rates[10] == 1.0 and rates[55] == pytest.approx(0.5) and rates[100] < 1e-9
    assert rate_at(99, TrainConfig(steps=100, warmup=10, rate=1.0, schedule="constant")) == 1.0


def test_prodigy_finds_a_rate_and_the_answer():
    weights = torch.nn.Parameter(torch.zeros(4))
    optimiser, wanted = Prodigy([weights]), torch.tensor([1.0, -2.0, 0.5, 3.0])
    for _ in range(400):
        optimiser.zero_grad()
        ((weights - wanted) ** 2).sum().backward()
        optimiser.step()
    assert optimiser.param_groups[0]["d"] > 1e-3, "it began at 1e-6"
    assert torch.allclose(weights, wanted, atol=0.05)


def test_eight_bits_without_their_package_say_what_to_choose(monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(NotAvailable, match=r"bitsandbytes.*adamw"):
        optimiser_for([torch.nn.Parameter(torch.zeros(2))], TrainConfig(optimiser="adamw8bit"))
