"""A training that was stopped goes on as if it had not been."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from blocks.pocket.training.checkpoint import Arguments, backward, one_cycle, run


def train(home: Path, steps: int, stop: int | None = None) -> list[float]:
    """A little regression; with ``stop`` it is killed in that step."""
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)

    def step_once(step: int) -> dict[str, float]:
        if step == stop:
            raise KeyboardInterrupt
        x = torch.from_numpy(random.normal(size=(8, 3))).float()
        loss = (model(x) - x.sum(1, keepdim=True)).square().mean()
        optimiser.zero_grad()
        backward(loss)
        optimiser.step()
        return {"loss": float(loss.detach())}

    given = Arguments(home=home, steps=steps, threads=1, minutes=1e9)
    assert run("little", given, {"model": model, "optimiser": optimiser}, random, step_once, every=5)
    return [float(weight) for weight in model[0].weight.detach().flatten()]


def test_a_killed_training_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    (tmp_path / "calm").mkdir()
    (tmp_path / "killed").mkdir()
    undisturbed = train(tmp_path / "calm", 20)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", 20, stop=13)
    assert train(tmp_path / "killed", 20) == undisturbed


def test_a_finished_training_has_nothing_left_to_do(tmp_path: Path) -> None:
    first = train(tmp_path, 10)
    assert train(tmp_path, 10, stop=0) == first


def test_the_rate_rises_then_falls_to_nearly_nothing() -> None:
    rates = [one_cycle(step, 100, 1.0) for step in range(101)]
    peak = int(np.argmax(rates))
    assert 5 <= peak <= 12
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)
