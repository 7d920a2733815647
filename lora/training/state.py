"""A training's whole state as one safetensors file: no pickles, written whole or not at all.

Nothing random is in it: every draw of a step comes from the seed and the step's number, so a training that goes on
needs to know only how far it came.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from blocks.errors import UnreadableFile

__all__ = ["State", "read_state", "write_safely", "write_state"]

_FACTS = "state"


@dataclass(frozen=True, slots=True)
class State:
    """How far a training came.

    Attributes:
        step: steps that are done.
        weights: what learns, by name.
        mean: the running mean of it; empty if none is kept.
        optimiser: tensors of its memory, by ``number/name``; numbers are those of the weights in their order.
        group: its other numbers.
        losses: of every step so far.
        about: what the training was made with; one that goes on must have the same.
    """

    step: int
    weights: Mapping[str, Tensor]
    mean: Mapping[str, Tensor]
    optimiser: Mapping[str, Tensor]
    group: Mapping[str, Any]
    losses: tuple[float, ...]
    about: str


def write_safely(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Path:
    """A safetensors file that is there whole or not at all; of the same tensors and facts always the same bytes."""
    from safetensors.torch import save

    body = save({name: one.detach().cpu().contiguous() for name, one in tensors.items()})
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(_with_facts(body, metadata))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _with_facts(body: bytes, metadata: Mapping[str, str]) -> bytes:
    """The library writes facts in another order each time, so they are put in here, in theirs."""
    end = 8 + int.from_bytes(body[:8], "little")
    header = json.dumps({"__metadata__": dict(sorted(metadata.items())), **json.loads(body[8:end])}).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + body[end:]


def write_state(path: Path, state: State) -> Path:
    """Keep a state; the one that was there is there until this one is whole."""
    tensors = {
        **{f"weights/{name}": one for name, one in state.weights.items()},
        **{f"mean/{name}": one for name, one in state.mean.items()},
        **{f"optimiser/{name}": one for name, one in state.optimiser.items()},
        "losses": torch.tensor(state.losses, dtype=torch.float64),
    }
    facts = {"step": state.step, "group": dict(state.group), "about": state.about}
    return write_safely(path, tensors, {_FACTS: json.dumps(facts)})


def read_state(path: Path) -> State:
    """A state that was kept.

    Raises:
        UnreadableFile: the file is damaged, or none of these.
    """
    from safetensors import safe_open

    try:
        with safe_open(path, "pt") as file:
            facts = json.loads(file.metadata()[_FACTS])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        losses = tuple(tensors.pop("losses").tolist())
        rooms: dict[str, dict[str, Tensor]] = {"weights": {}, "mean": {}, "optimiser": {}}
        for name, tensor in tensors.items():
            room, _, rest = name.partition("/")
            rooms[room][rest] = tensor
        return State(int(facts["step"]), **rooms, group=facts["group"], losses=losses, about=str(facts["about"]))
    except Exception as error:  # readers raise of every kind for what a stranger may write
        raise UnreadableFile(
            f"{path.name} is no state of a training, or is damaged ({str(error)[:150]}); begin again without it."
        ) from None
