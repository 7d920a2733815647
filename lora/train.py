"""The block that trains: a dataset and a model in, every version of the LoRA out."""

from __future__ import annotations

import math
import shutil
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.generate import models_used
from blocks.models.places import place_of
from blocks.models.recognise import recognise
from blocks.progress import Progress, part, silent
from lora.dataset import rows
from lora.training.config import TrainConfig, configured

if TYPE_CHECKING:
    from blocks.models.loading import Loaded
    from lora.training.encoding import Example
    from lora.training.loop import Training

__all__ = ["SUITS", "Trained", "settings_for", "train_lora"]

_READY = 0.05  # share of the progress at which everything is encoded
_TOLD = 200  # lines of the log that a training's losses take at most
_FEWEST_VERSIONS = 3
_RECENT = 20  # steps that the speed is a mean of

SUITS: Mapping[str, Mapping[str, Any]] = {
    "pocket": {
        "rate": 2e-3,
        "batch": 8,
        "targets": "wide",
        "steps": {"fast": 400, "balanced": 800, "thorough": 3000},
        "save_every": {"fast": 200, "balanced": 200, "thorough": 600},
    },
    "sd15": {"rate": 2e-4, "batch": 4},
    "sdxl": {"rate": 1e-4, "batch": 2, "checkpointing": True},
    **{
        family: {"rate": 1e-4, "batch": 1, "accumulate": 2, "checkpointing": True}
        for family in ("flux1", "flux1-schnell", "flux2-klein", "qwen-edit-plus", "z-image")
    },
}
"""What a family wants otherwise than the presets; by preset where that differs. The lab's own model is small: its
steps take a tenth of a second, and it needs more of them."""


class Trained(NamedTuple):
    """What a training came to.

    Attributes:
        versions: LoRA files in diffusers' keys, the earliest first.
        state: from which the training can be made longer.
        curve: a point a step: step, loss, rate; with likeness where a version was looked at.
        facts: settings, family, pictures, seconds, and what was looked at.
    """

    versions: list[Path]
    state: Path
    curve: list[dict[str, Any]]
    facts: dict[str, Any]


def settings_for(family: str, preset: str = "balanced", settings: Mapping[str, Any] | None = None) -> TrainConfig:
    """All settings of a training: the preset's, then the family's, then those that are given.

    Raises:
        InputError: there is no such preset or setting, or a value is out of range.
    """
    suits = {
        name: value.get(preset) if isinstance(value, Mapping) else value
        for name, value in SUITS.get(family, {}).items()
    }
    given = dict(settings or {})
    found = configured(preset, {name: value for name, value in suits.items() if value is not None}, **given)
    if given.get("save_every") is None and found.save_every > found.steps // _FEWEST_VERSIONS:
        # A short training has versions to choose from too.
        found = replace(found, save_every=max(1, math.ceil(found.steps / _FEWEST_VERSIONS)))
    return found


def _settings(
    family: str, preset: str, settings: Mapping[str, Any] | None, config: Mapping[str, Any] | None
) -> TrainConfig:
    """Those that were settled when the training was asked for; else as they follow now."""
    return configured(preset, **config) if config else settings_for(family, preset, settings)


def _units(
    model: str = "",
    preset: str = "balanced",
    settings: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    models: str = "",
) -> float:
    """Pictures looked at."""
    family = recognise(place_of(model, models)).profile.family
    chosen = _settings(family, preset, settings, config)
    return float(chosen.steps * chosen.batch * chosen.accumulate)


@block(version="2", device="any", exact="close", grace=30.0, units=_units, models=models_used)
def train_lora(
    pictures: Sequence[Path],
    table: Sequence[dict[str, Any]],
    model: str = "",
    preset: str = "balanced",
    settings: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    prior: Sequence[Path] | None = None,
    prior_captions: Sequence[str] | None = None,
    start: Path | None = None,
    samples: int = 2,
    pack: str = "",
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    models: str = "",
    digest: str = "",
    *,
    scratch: Path,
    unfinished: Path | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a LoRA on a dataset.

    Args:
        pictures, table: of `lora.dataset.make_dataset`; the set "train" is trained on.
        model: folder of the base model; "" for the lab's own.
        preset: fast, balanced or thorough.
        settings: what is to be otherwise than in the preset; see `lora.training.config.ABOUT`.
        config: all settings as they were when the training was asked for, so that it stays the same training when
            presets change; None and they follow from preset and settings.
        prior, prior_captions: pictures of other people, with captions without the trigger word, that keep the base.
        start: the state of an earlier training with the same dataset and settings, which is made longer.
        samples: pictures drawn of every version, to look at while it runs; 0 for none.
        pack: of the faces by which these are compared with the dataset; "" for the one that comes with the lab.
        dtype, device: of the base, see `blocks.models.loading.load`; "auto" is bfloat16 on a GPU.
        threads, models, digest: as for `blocks.generate.generate`.
        unfinished: a folder in which the training is kept until it is done, so that a later call goes on from there.

    Raises:
        InputError: there is nothing to train on, a setting is out of range, or the model cannot be trained.
        NotAvailable: the model is not here, or the memory does not suffice.
        UnreadableFile, UnsafeFile: a file is damaged, or may run code.
        Diverged: the numbers ran away; what was kept is kept.
        Cancelled: from `progress`; the training is kept in `unfinished` as it stands.
    """
    import torch

    from blocks.models.loading import load, release
    from lora.training.loop import STATE, Training

    if threads:
        torch.set_num_threads(threads)
    folder = unfinished or scratch / "run"
    folder.mkdir(parents=True, exist_ok=True)
    if start is not None and not (folder / STATE).exists():
        shutil.copyfile(start, folder / STATE)
    progress(0, "loading the model")
    gpu = torch.cuda.is_available() and device != "cpu"
    release()
    loaded = load(place_of(model, models), dtype="bfloat16" if gpu and dtype == "auto" else dtype, device=device)
    try:
        chosen = _settings(loaded.profile.family, preset, settings, config)
        examples = _examples(loaded, chosen, pictures, table, prior, prior_captions)
        training = Training(loaded, examples, chosen, part(progress, 0.01, _READY), base=digest)
        watch = _Watch(training, chosen, loaded, scratch / "samples", _prompts(table, samples), progress)
        watch.compare_with([one.picture for one in examples if not one.prior], pack, models)
        watch.follow(folder)
        return _gathered(watch, folder, scratch, loaded)
    finally:
        release()  # its layers have been changed


def _examples(
    loaded: Loaded,
    config: TrainConfig,
    pictures: Sequence[Path],
    table: Sequence[Mapping[str, Any]],
    prior: Sequence[Path] | None,
    prior_captions: Sequence[str] | None,
) -> list[Example]:
    from blocks.models.pictures import open_pictures
    from lora.training.encoding import Example, bucket_of, sizes_for

    sizes = sizes_for(loaded.profile, config.size)
    others = list(prior or ())
    said = list(prior_captions or ())
    if len(said) != len(others):
        raise InputError(
            f"There are {len(others)} pictures of other people and {len(said)} captions; give one for each."
        )
    own = [(path, str(row["caption"]), False) for path, row in rows(pictures, table, "train")]
    return [
        Example(Path(path), caption, bucket_of(open_pictures([Path(path)])[0].size, sizes), other)
        for path, caption, other in [*own, *((path, text, True) for path, text in zip(others, said, strict=True))]
    ]


def _prompts(table: Sequence[Mapping[str, Any]], samples: int) -> list[str]:
    """Captions to look at a version by: of pictures that are not trained on, where there are any."""
    aside = [str(row["caption"]) for row in table if row.get("set") == "select"]
    return (aside or [str(row["caption"]) for row in table])[:samples]


class _Watch:
    """Runs a training, and says how it goes: progress with the time left, lines for the log, samples to look at."""

    def __init__(
        self,
        training: Training,
        config: TrainConfig,
        loaded: Loaded,
        folder: Path,
        prompts: list[str],
        progress: Progress,
    ) -> None:
        self.training, self.config, self.loaded = training, config, loaded
        self._folder, self._prompts = folder, prompts
        self._progress = part(progress, _READY, 0.99)
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._every = max(1, math.ceil(config.steps / _TOLD))
        self._centre: Any = None
        self.curve: list[dict[str, Any]] = []
        self.seconds = 0.0

    def compare_with(self, pictures: Sequence[Path], pack: str, models: str) -> None:
        """Let samples be compared with these pictures' faces."""
        self._pack, self._models = pack, models
        if self._prompts:
            from lora.faces import middle

            self._centre = middle([one.first if one else None for one in self._seen(pictures)])

    def follow(self, folder: Path) -> None:
        from lora.training.loop import Stepped

        run = self.training.run(folder)
        try:
            for event in run:
                if isinstance(event, Stepped):
                    self._stepped(event.step, event.loss, event.rate, event.seconds)
                else:
                    self._saved(event.step)
        finally:
            run.close()  # what it came to is kept

    def _stepped(self, step: int, loss: float, rate: float, seconds: float) -> None:
        self._times.append(seconds)
        self.seconds += seconds
        self.curve.append({"step": step, "loss": round(loss, 6), "rate": rate})
        speed = len(self._times) / max(sum(self._times), 1e-9)
        left = (self.config.steps - step) / speed
        if step % self._every == 0 or step == 1:
            print(f"step {step} of {self.config.steps} loss {loss:.6f} rate {rate:.3g}", flush=True)
        note = f"step {step} of {self.config.steps}, loss {loss:.4f}, {speed:.2f} steps a second, {_spoken(left)} left"
        self._progress(step / self.config.steps, note)

    def _saved(self, step: int) -> None:
        if not self._prompts:
            print(f"version {step} kept", flush=True)
            return
        from lora.drawing import Model, draw, sheet

        size, place = self.config.size, str(self.loaded.folder)
        model = Model(place, dtype=self.loaded.dtype, device=self.loaded.device, width=size, height=size)
        with _showing(self.training):
            # The layers that learn are on the model that is drawn with: it is the one that is loaded.
            drawn = draw(model, self._prompts, self._folder / f"{step:06d}", seed=self.config.seed)
        found = [one.first if one else None for one in self._seen(drawn)]
        from lora.faces import alike

        known = [value for one in found if (value := alike(one, self._centre)) is not None]
        likeness = round(sum(known) / len(drawn), 4) if self._centre is not None else None
        print(f"version {step} kept" + ("" if likeness is None else f" likeness {likeness:.4f}"), flush=True)
        if self.curve:
            self.curve[-1]["likeness"] = likeness
        shown = sheet(drawn, self._folder / f"{step:06d}.png")
        self._progress(step / self.config.steps, f"version {step} kept", shown)

    def _seen(self, pictures: Sequence[Path]) -> list[Any]:
        import numpy as np

        from blocks.models.pictures import open_pictures
        from lora.faces import look_at

        read = [np.asarray(one) for one in open_pictures(list(pictures))]
        return look_at(read, self._pack, self._models) or [None] * len(read)


@contextmanager
def _showing(training: Training) -> Iterator[None]:
    """The model as a version of it would draw: with the running mean, if one is kept."""
    training.swap()
    try:
        yield
    finally:
        training.swap()


def _gathered(watch: _Watch, folder: Path, scratch: Path, loaded: Loaded) -> Trained:
    from lora.training.loop import STATE

    versions = []
    for path in sorted(folder.glob("step-*.safetensors")):
        versions.append(scratch / path.name)
        shutil.copyfile(path, versions[-1])
    shutil.copyfile(folder / STATE, scratch / STATE)
    known = {point["step"]: point for point in watch.curve}
    curve = [known.get(n, {"step": n, "loss": round(x, 6)}) for n, x in enumerate(watch.training.losses, 1)]
    facts = {
        "family": loaded.profile.family,
        "model": loaded.folder.name,
        "settings": watch.config.facts(),
        "dtype": loaded.dtype,
        "device": loaded.device.partition(":")[0],
        "steps": watch.training.step,
        "steps_a_second": round(len(watch.curve) / watch.seconds, 3) if watch.seconds else None,
    }
    return Trained(versions, scratch / STATE, curve, facts)


def _spoken(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
