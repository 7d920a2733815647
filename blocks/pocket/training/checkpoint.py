"""Training that can be stopped anywhere: everything that matters lies in one file, replaced whole."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

__all__ = ["Arguments", "arguments", "backward", "load", "mixed", "on", "one_cycle", "run", "save"]

_Model = TypeVar("_Model", bound=nn.Module)


class Arguments(argparse.Namespace):
    home: Path
    steps: int
    threads: int
    minutes: float
    device: torch.device
    second: bool  # of the recogniser alone
    polish: int  # of the autoencoder alone: steps of its second part


def arguments(about: str, steps: int, **switches: str) -> Arguments:
    """The command line that all trainings share; ``switches`` are a training's own, with their help."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--home", type=Path, required=True, help="folder of renders, checkpoints and results")
    parser.add_argument("--steps", type=int, default=steps, help="length of the whole training, on which rates depend")
    parser.add_argument("--threads", type=int, default=2, help="threads to compute with")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop, to be resumed, after so many minutes")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--polish", type=int, default=6000, help=argparse.SUPPRESS)
    for word, about_it in switches.items():
        parser.add_argument(f"--{word}", action="store_true", help=about_it)
    given = parser.parse_args(namespace=Arguments())
    given.device = torch.device(given.device)
    torch.set_num_threads(given.threads)
    return given


def one_cycle(step: int, steps: int, peak: float, warm: float = 0.08) -> float:
    """A rate that rises for the first share of the steps and falls as a half cosine to nearly nothing."""
    share = step / max(1, steps)
    if share < warm:
        return peak * (0.05 + 0.95 * share / warm)
    return peak * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * min(1.0, (share - warm) / (1 - warm))))))


def backward(loss: torch.Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]


def on(device: torch.device, model: _Model) -> _Model:
    """The model on the device, its pictures laid out as processors like them."""
    model.to(device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


def mixed(device: torch.device) -> torch.autocast:
    """Half precision where it is safe: bfloat16, which both kinds of device have."""
    return torch.autocast(device.type, torch.bfloat16)


def save(path: Path, parts: Mapping[str, Any], step: int, random: np.random.Generator) -> None:
    """Write states of all parts, the step and both random streams; the old file stays until the new one is whole."""
    state = {name: part.state_dict() for name, part in parts.items()}
    new = path.with_suffix(".new")
    torch.save({"parts": state, "step": step, "numpy": random.bit_generator.state, "torch": torch.get_rng_state()}, new)
    new.replace(path)


def load(path: Path, parts: Mapping[str, Any], random: np.random.Generator) -> int:
    """Put everything back as ``save`` found it. Returns the step to go on with, 0 if there is no file."""
    if not path.exists():
        return 0
    kept = torch.load(path, weights_only=True, map_location="cpu")
    for name, part in parts.items():
        part.load_state_dict(kept["parts"][name])
    random.bit_generator.state = kept["numpy"]
    torch.set_rng_state(kept["torch"])
    return int(kept["step"])


def run(
    name: str,
    given: Arguments,
    parts: Mapping[str, Any],
    random: np.random.Generator,
    step_once: Callable[[int], dict[str, float]],
    every: int = 100,
) -> bool:
    """Train from the last checkpoint to the last step, saving and printing now and then.

    Args:
        parts: models and optimisers by name; all have ``state_dict`` and ``load_state_dict``.
        step_once: does one step and returns figures to print.

    Returns:
        Whether the last step was reached.
    """
    path = given.home / f"{name}.pt"
    step = load(path, parts, random)
    started, counted, sums = time.monotonic(), 0, dict[str, float]()
    while step < given.steps and time.monotonic() - started < given.minutes * 60:
        for figure, value in step_once(step).items():
            sums[figure] = sums.get(figure, 0.0) + value
        step, counted = step + 1, counted + 1
        if step % every == 0 or step == given.steps:
            save(path, parts, step, random)
            spent = (time.monotonic() - started) / 60
            told = "  ".join(f"{figure} {value / counted:.4f}" for figure, value in sums.items())
            print(f"{name} {step}/{given.steps}  {told}  {spent:.1f} min", flush=True)
            counted, sums = 0, {}
    return step >= given.steps
