from __future__ import annotations

import math

import pytest
from safetensors.torch import load_file

from blocks.errors import Diverged, InputError, UnreadableFile
from lora.training.families import FAMILIES
from lora.training.loop import STATE, Saved, Stepped


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_ten_real_steps_and_changes(family, train, tmp_path):
    events = train(family, steps=10, save_every=10)
    steps = [event for event in events if isinstance(event, Stepped)]
    saved = [event for event in events if isinstance(event, Saved)]
    assert [event.step for event in steps] == list(range(1, 11))
    assert all(math.isfinite(event.loss) and event.loss > 0 for event in steps)
    assert [event.step for event in saved] == [10]
    assert any(layer.up.abs().max() > 0 for layer in saved[0].adapter.values()), "it starts from nothing and moved"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"method": "dora"},
        {"method": "lokr"},
        {"optimiser": "prodigy", "rate": 1.0},
        {"ema": 0.9, "flip": True, "cache": False, "accumulate": 2},
    ],
)
def test_a_training_that_was_stopped_comes_to_the_same_weights(settings, train, tmp_path):
    settings = {"steps": 6, "save_every": 3, "targets": "wide", "warmup": 2, **settings}
    train("pocket", tmp_path / "whole", **settings)
    train("pocket", tmp_path / "parts", stop=2, **settings)
    train("pocket", tmp_path / "parts", stop=4, **settings)
    rest = train("pocket", tmp_path / "parts", **settings)
    assert [event.step for event in rest if isinstance(event, Stepped)] == [5, 6]
    for name in ("step-000003.safetensors", "step-000006.safetensors", STATE):
        whole, parts = (load_file(tmp_path / run / name) for run in ("whole", "parts"))
        assert whole.keys() == parts.keys()
        assert max(float((whole[key] - parts[key]).abs().max()) for key in whole) == 0


def test_the_seed_decides_everything(train, tmp_path):
    last = [train("pocket", tmp_path / f"run-{n}", seed=seed)[-1].path.read_bytes() for n, seed in enumerate((1, 1, 2))]
    assert last[0] == last[1] != last[2]


def test_keeping_what_is_encoded_does_not_change_what_is_learned(train, tmp_path):
    kept, anew = (train("pocket", tmp_path / str(keep), cache=keep)[-1] for keep in (True, False))
    assert all((layer.up - anew.adapter[path].up).abs().max() < 1e-6 for path, layer in kept.adapter.items())


def test_a_base_in_eight_bits_learns_nearly_the_same(train, tmp_path, monkeypatch):
    from blocks.models.loading import release
    from lora.training import quantised

    monkeypatch.setattr(quantised, "_FEWEST", 1)
    plain, small = (
        [event.loss for event in train("pocket", tmp_path / str(held), quantise=held) if isinstance(event, Stepped)]
        for held in (False, True)
    )
    release()  # its layers stay in eight bits
    assert plain != small and all(abs(one - other) < 0.05 * one for one, other in zip(plain, small, strict=True))


def test_layers_in_eight_bits_multiply_as_they_did():
    import torch

    from lora.training.quantised import Int8Linear, quantise

    torch.manual_seed(0)
    whole = torch.nn.Sequential(torch.nn.Linear(128, 96), torch.nn.ReLU(), torch.nn.Linear(96, 4))
    seen = torch.randn(5, 128, requires_grad=True)
    before = whole(seen)
    [back] = torch.autograd.grad(before.sum(), seen)
    assert quantise(whole) == 128 * 96 * 3
    assert isinstance(whole[0], Int8Linear) and type(whole[2]) is torch.nn.Linear, "small layers stay"
    after = whole(seen)
    assert torch.allclose(before, after, atol=0.03) and not torch.equal(before, after)
    [again] = torch.autograd.grad(after.sum(), seen)
    assert torch.allclose(back, again, atol=0.03)


def test_numbers_that_run_away_end_it_and_what_was_kept_is_kept(train, tmp_path, monkeypatch):
    from lora.training import loop

    train("pocket", tmp_path, steps=2)
    monkeypatch.setattr(loop.Training, "_gather", lambda self, number: math.nan)
    with pytest.raises(Diverged, match="lower rate"):
        train("pocket", tmp_path, steps=4)
    monkeypatch.undo()
    assert [e.step for e in train("pocket", tmp_path, steps=4) if isinstance(e, Stepped)] == [3, 4]


def test_too_little_memory_is_told_with_what_helps(train, monkeypatch):
    from blocks.errors import NotAvailable
    from lora.training import loop

    def full(self, *given):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(loop.Training, "_gather", full)
    with pytest.raises(NotAvailable, match="smaller batch"):
        train("pocket")
    monkeypatch.setattr(loop.Encoder, "fill", full)
    with pytest.raises(NotAvailable, match="smaller pictures"):
        train("pocket")


def test_computing_again_what_is_not_kept_in_memory_changes_nothing(train, tmp_path):
    kept, again = (train("pocket", tmp_path / str(on), checkpointing=on)[-1] for on in (False, True))
    assert all((layer.up - again.adapter[path].up).abs().max() < 1e-5 for path, layer in kept.adapter.items())


def test_a_kept_state_of_another_training_or_a_damaged_one_is_refused(train, tmp_path):
    train("pocket", tmp_path, steps=2)
    with pytest.raises(InputError, match="another"):
        train("pocket", tmp_path, rank=3)
    (tmp_path / STATE).write_bytes(b"no state")
    with pytest.raises(UnreadableFile, match="begin again"):
        train("pocket", tmp_path)


def test_other_people_keep_the_base_from_drifting(tiny, pictures, tmp_path):
    from blocks.models.loading import load, release
    from lora.training.config import TrainConfig
    from lora.training.encoding import Example
    from lora.training.loop import Training

    examples = [Example(one, "sks", (32, 32), prior=n > 2) for n, one in enumerate(pictures)]
    config = TrainConfig(steps=3, batch=2, rank=2, save_every=3)
    try:
        events = list(Training(load(tiny("pocket")), examples, config).run(tmp_path))
        with pytest.raises(InputError, match="no pictures"):
            Training(load(tiny("pocket")), [one for one in examples if one.prior], config)
    finally:
        release()
    assert isinstance(events[-1], Saved)


def test_a_model_that_cannot_be_trained_says_which_can(train):
    with pytest.raises(InputError, match="pocket, sd15"):
        train("flux1-kontext")
