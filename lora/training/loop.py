"""The training itself: one loop that says what happens in events, so that pages, the command line and tests share it.

    for event in Training(loaded, examples, config).run(folder):
        ...

Whoever stops taking events stops the training: what it came to is kept in the folder, and `run` with the same folder
goes on from there, to exactly the weights that it would have come to without a stop.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from blocks.errors import Diverged, InputError, NotAvailable
from blocks.models.digest import model_digest
from blocks.models.loading import Loaded
from blocks.progress import Progress, silent
from lora.layers import Adapter
from lora.training.config import TrainConfig
from lora.training.encoding import Encoder, Example
from lora.training.families import family_of
from lora.training.memory import enough_memory
from lora.training.network import NAME, adapter_from, put_on
from lora.training.optimisers import optimiser_for, rate_at
from lora.training.quantised import quantise
from lora.training.state import State, read_state, write_state
from lora.training.weighting import noiser
from lora.versions import version_name

__all__ = ["STATE", "Event", "Saved", "Stepped", "Training"]

STATE = "state.safetensors"
_ALONE = 0xA1, 0xB2  # keep the streams of batches and of steps apart


@dataclass(frozen=True, slots=True)
class Stepped:
    """A step is done: its number, from 1, its loss, its rate, and how long it took in seconds."""

    step: int
    loss: float
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Saved:
    """A version is kept.

    Attributes:
        adapter: its layers, of the running mean if one is kept.
    """

    step: int
    adapter: Adapter
    path: Path


Event = Stepped | Saved


class Training:
    """A model with layers that learn, what they learn from, and how far they are."""

    def __init__(
        self,
        loaded: Loaded,
        examples: Sequence[Example],
        config: TrainConfig,
        progress: Progress = silent,
        *,
        base: str = "",
    ) -> None:
        """
        Args:
            loaded: it is changed, so let it go afterwards (`blocks.models.loading.release`).
            examples: prior ones among them are of other people.
            base: digest of the model; "" and it is computed.

        Raises:
            InputError: there is nothing to learn from, or the model cannot be trained so.
            NotAvailable: the memory does not suffice.
            UnreadableFile, UnsafeFile: a picture is damaged.
        """
        self._examples = [one for one in examples if not one.prior]
        self._prior = [one for one in examples if one.prior]
        if not self._examples:
            raise InputError("There are no pictures to train on; add some, ten to twenty of the same person.")
        self.config, self._pipe, self._device = config, loaded.pipe, torch.device(loaded.device)
        self._family = family_of(loaded.profile)
        self._noiser = noiser(self._family, loaded.scheduler, config)
        self._denoiser = getattr(loaded.pipe, self._family.part)
        self._dtype = next(self._denoiser.parameters()).dtype
        self._encoder = Encoder(loaded, self._family, keep=config.cache)
        with enough_memory(config):
            self._encoder.fill(examples, config.flip, config.empty_captions > 0, progress)
        if config.quantise:
            quantise(self._denoiser)
        self._weights = put_on(self._denoiser, self._family, config)
        if config.checkpointing:
            self._denoiser.enable_gradient_checkpointing()
        self._optimiser = optimiser_for(list(self._weights.values()), config)
        self._mean = {name: one.detach().clone() for name, one in self._weights.items()} if config.ema else {}
        self._order: tuple[int, list[list[Example]]] = (-1, [])
        self.step, self.losses = 0, list[float]()
        self._about = _about(base or model_digest(loaded.folder), loaded.dtype, examples, config)

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self, folder: Path) -> Generator[Event, None, None]:
        """Train to the last step, from where the folder's state ends if it has one.

        Raises:
            Diverged: the loss is no number any more; the state from before is kept.
            NotAvailable: the memory does not suffice.
        """
        if (folder / STATE).exists():
            self.restore(read_state(folder / STATE))
        began = self.step
        try:
            while self.step < self.config.steps:
                started = time.monotonic()
                rate = rate_at(self.step, self.config)
                loss = self.learn()
                yield Stepped(self.step, loss, rate, time.monotonic() - started)
                if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                    yield self._save(folder)
        except GeneratorExit:  # nobody listens any more: a stop
            if self.step > began:
                write_state(folder / STATE, self.state())
            raise

    def learn(self) -> float:
        """One step. Returns its loss.

        Raises:
            Diverged, NotAvailable: as `run`.
        """
        self._denoiser.train()
        for group in self._optimiser.param_groups:
            group["lr"] = rate_at(self.step, self.config)
        parts = self.config.accumulate
        try:
            with enough_memory(self.config):
                loss = sum(self._gather(self.step * parts + part) for part in range(parts)) / parts
        except NotAvailable:
            self._optimiser.zero_grad(set_to_none=True)
            raise
        norm = torch.nn.utils.clip_grad_norm_(list(self._weights.values()), self.config.clip)
        if not math.isfinite(loss) or not bool(torch.isfinite(norm)):
            self._optimiser.zero_grad(set_to_none=True)
            raise Diverged(
                f"At step {self.step + 1} the training's numbers ran away (loss {loss}). What was kept before is "
                "kept, but would come to the same again: train anew with a lower rate, with bfloat16 or float32 "
                "instead of float16, or with the other weighting."
            )
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.losses.append(loss)
        self._average()
        return loss

    def _gather(self, number: int) -> float:
        """Gradients of the batch of that number."""
        batch = self._batch(number)
        random = torch.Generator().manual_seed(_mixed(self.config.seed, _ALONE[1], number))
        loss = self._loss(batch, random)
        if prior := self._priors(batch):
            loss = loss + self.config.prior_weight * self._loss(prior, random)
        (loss / self.config.accumulate).backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    def _loss(self, batch: Sequence[Example], random: torch.Generator) -> Tensor:
        """How far the denoiser is off, weighted by the noise; a mean over the batch."""
        chances = torch.rand(len(batch), 2, generator=random)
        flips = [
            self.config.flip and not one.prior and bool(chance < 0.5)
            for one, chance in zip(batch, chances[:, 0], strict=True)
        ]
        found = self._encoder.latents(batch, flips)
        shape = (len(batch), *found[0].mean.shape)
        choice, noise = (torch.randn(shape, generator=random).to(self._device) for _ in range(2))
        clean = torch.stack([one.sample(chance) for one, chance in zip(found, choice, strict=True)])
        empty = chances[:, 1] < self.config.empty_captions
        captions = ["" if off and not one.prior else one.caption for one, off in zip(batch, empty, strict=True)]
        texts = self._encoder.texts(captions)
        put = self._noiser.put(clean, noise, self._noiser.draw(len(batch), random))
        made = self._family.predict(self._pipe, put.noisy.to(self._dtype), put.times, texts)
        off = (made.float() - self._family.pack(put.target).float()).square()
        return (off.flatten(1).mean(1) * put.weight).mean()

    # -- what a step looks at ---------------------------------------------------------------------------------------

    def _batch(self, number: int) -> list[Example]:
        """The batch of that number: a function of the seed, so that nothing has to be remembered."""
        sizes = sorted({one.size for one in self._examples})
        rounds = sum(math.ceil(sum(one.size == size for one in self._examples) / self.config.batch) for size in sizes)
        turn, place = divmod(number, rounds)
        if self._order[0] != turn:
            self._order = (turn, self._shuffled(turn, sizes))
        return self._order[1][place]

    def _shuffled(self, turn: int, sizes: Sequence[tuple[int, int]]) -> list[list[Example]]:
        """All batches of a turn: each of one size, the last of a size filled up from its beginning."""
        random = np.random.default_rng([self.config.seed, _ALONE[0], turn])
        batches, width = [], self.config.batch
        for size in sizes:
            same = [one for one in self._examples if one.size == size]
            same = [same[place] for place in random.permutation(len(same))]
            filled = [same[place % len(same)] for place in range(math.ceil(len(same) / width) * width)]
            batches += [filled[start : start + width] for start in range(0, len(filled), width)]
        return [batches[place] for place in random.permutation(len(batches))]

    def _priors(self, batch: Sequence[Example]) -> list[Example]:
        """As many pictures of other people, of the same size; none if there are none."""
        same = [one for one in self._prior if one.size == batch[0].size]
        start = self.step * len(batch)
        return [same[(start + place) % len(same)] for place in range(len(batch))] if same else []

    # -- what it has come to ----------------------------------------------------------------------------------------

    def adapter(self) -> Adapter:
        """The layers as they are, of the running mean if one is kept."""
        return adapter_from(self._mean or self._weights, self._family.part, self.config)

    def state(self) -> State:
        """Everything that the next step depends on."""
        memory = self._optimiser.state_dict()
        tensors, numbers = dict[str, Tensor](), dict[str, Any]()
        for place, values in memory["state"].items():
            for name, value in values.items():
                if isinstance(value, Tensor):
                    tensors[f"{place}/{name}"] = value
                else:
                    numbers[f"{place}/{name}"] = value
        group = {k: v for k, v in memory["param_groups"][0].items() if k != "params"}
        weights = {name: one.detach() for name, one in self._weights.items()}
        told = {"group": group, "numbers": numbers}
        return State(self.step, weights, dict(self._mean), tensors, told, tuple(self.losses), self._about)

    def restore(self, state: State) -> None:
        """Go on from there.

        Raises:
            InputError: it is the state of another training.
        """
        if state.about != self._about or state.weights.keys() != self._weights.keys():
            raise InputError(
                "What is kept is of a training with other pictures, captions, settings or another model; "
                "begin anew, or give exactly what it was begun with (only the number of steps may grow)."
            )
        for name, tensor in state.weights.items():
            self._weights[name].data.copy_(tensor)
        for name, tensor in state.mean.items():
            self._mean[name].copy_(tensor)
        memory: dict[int, dict[str, Any]] = {}
        for room in (state.optimiser, state.group["numbers"]):
            for key, value in room.items():
                place, _, name = key.partition("/")
                memory.setdefault(int(place), {})[name] = value
        group = {**state.group["group"], "params": list(range(len(self._weights)))}
        group = {k: tuple(v) if k == "betas" else v for k, v in group.items()}
        self._optimiser.load_state_dict({"state": memory, "param_groups": [group]})
        self.step, self.losses = state.step, list(state.losses)

    def swap(self) -> None:
        """Put the running mean in the place of what learns, or, called again, back; without one nothing happens."""
        for name, mean in self._mean.items():
            weight = self._weights[name]
            weight.data, self._mean[name] = mean, weight.data
        self._denoiser.eval()

    def _save(self, folder: Path) -> Saved:
        from lora.files import write_diffusers

        adapter = self.adapter()
        path = write_diffusers(folder / version_name(self.step), adapter, {"step": str(self.step)})
        write_state(folder / STATE, self.state())  # last: what it tells of is there
        return Saved(self.step, adapter, path)

    def _average(self) -> None:
        keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
        for name, mean in self._mean.items():
            mean.lerp_(self._weights[name].detach(), 1 - keep)

    def take_off(self) -> None:
        """Let the model be as it was."""
        self._denoiser.delete_adapters(NAME)


def _about(base: str, dtype: str, examples: Sequence[Example], config: TrainConfig) -> str:
    """What the weights depend on, as a digest; the last step is left out, so that a training can be made longer."""
    said = [[model_digest(one.picture), one.caption, list(one.size), one.prior] for one in examples]
    settings = {k: v for k, v in config.facts().items() if k not in ("steps", "save_every")}
    told = json.dumps([base, dtype, said, settings], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _mixed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1
