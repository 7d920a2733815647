"""Which version of a LoRA is the best, and what it is worth: told from pictures that it was not trained on.

Three disjoint sets: it learned from the first, is chosen by the second, and is reported on by the third. The last
version is not the best by default: a training that goes on too long copies its pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from blocks.block import block
from blocks.errors import InputError
from blocks.generate import models_used
from blocks.models.pictures import open_pictures
from blocks.progress import Progress, part, silent
from lora.captions import without_trigger
from lora.dataset import rows
from lora.drawing import Model, draw, opened, sheet
from lora.faces import Seen, alike, look_at, middle
from lora.versions import step_of

__all__ = ["Picked", "best_of", "pick_version"]

_MOST_VERSIONS = 8
_CHOSEN = 0.6  # share of the progress at which a version is chosen


class Picked(NamedTuple):
    """The version that was chosen, and why.

    Attributes:
        lora: the version's file.
        report: ``chosen`` (step), ``versions`` (likeness of each on the select set), ``before`` and ``after`` on the
            report set (first, second: mean likeness by each recogniser, 0 for a picture without a face, with
            ``spread``; adherence: share of the caption's keys that are seen, None where nobody can tell), ``reach``
            (what the training pictures themselves reach), ``drift`` on captions without the trigger word (pixels:
            mean difference, 0 to 1; likeness: how much more like the character other people became), ``sets``.
        before, after: sheets of the pictures that were reported on.
        sheets: one a version.
    """

    lora: Path
    report: dict[str, Any]
    before: Path
    after: Path
    sheets: list[Path]


@dataclass(frozen=True, slots=True)
class _Target:
    """Who it should be, by each recogniser; None where there is none."""

    first: Any
    second: Any


def _units(versions: Sequence[Any] = (), count: int = 4) -> float:
    """Pictures drawn."""
    return float((min(len(versions), _MOST_VERSIONS) + 4) * count)


@block(version="1", device="any", exact="close", grace=10.0, units=_units, models=models_used)
def pick_version(
    versions: Sequence[Path],
    pictures: Sequence[Path],
    table: Sequence[dict[str, Any]],
    trigger: str,
    model: str = "",
    count: int = 4,
    size: int = 0,
    weight: float = 1.0,
    seed: int = 1000,
    pack: str = "",
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    models: str = "",
    digest: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Picked:
    """Choose the best version and report on it.

    Args:
        versions: of `lora.train.train_lora`, the earliest first.
        pictures, table, trigger: of the dataset; without pictures held out, those that were trained on stand in, and
            the report says so.
        count: pictures drawn of each version, and for each half of the report.
        size: width and height of these in pixels; 0 for the model's own.
        weight: how strongly the LoRA counts.
        seed: of the first picture; the report takes others than the choice.
        pack: the face pack that tells likeness; without one, the last version is taken and the report says so.
        model, dtype, device, threads, models, digest: as for `blocks.generate.generate`.

    Raises:
        InputError, NotAvailable: as `blocks.generate.generate`, or there are no versions.
    """
    if not versions:
        raise InputError("The training kept no version, so there is none to choose; train for more steps.")
    chosen = list(versions[-_MOST_VERSIONS:])
    base = opened(model, models, dtype=dtype, device=device, threads=threads, size=size)
    train = rows(pictures, table, "train")
    select, report = (rows(pictures, table, name) or train for name in ("select", "report"))
    choosing = _Judge(base, scratch, select, pack, models, count, seed)
    tried, sheets = [], []
    for number, version in enumerate(chosen):
        stretch = part(progress, _CHOSEN * number / len(chosen), _CHOSEN * (number + 1) / len(chosen))
        tried.append(choosing.judge(version, weight, stretch))
        sheets.append(tried[-1]["sheet"])
    best = best_of([one["first"] for one in tried])
    reporting = _Judge(base, scratch, report, pack, models, count, seed + 10_000)
    before = reporting.judge(None, weight, part(progress, _CHOSEN, 0.75))
    after = reporting.judge(chosen[best], weight, part(progress, 0.75, 0.9))
    drift = reporting.drift(chosen[best], weight, trigger, part(progress, 0.9, 1.0))
    told = {
        "chosen": step_of(chosen[best]),
        "versions": [{"step": step_of(path), **_plain(one)} for path, one in zip(chosen, tried, strict=True)],
        "before": _plain(before),
        "after": _plain(after),
        "reach": reporting.reach([path for path, _ in train]),
        "drift": drift,
        "sets": {"train": len(train), "select": len(select), "report": len(report), "held_out": select is not train},
        "weight": weight,
        "why": "likeness on pictures held out"
        if choosing.target.first is not None
        else "the last: no faces were found",
    }
    return Picked(chosen[best], told, before["sheet"], after["sheet"], sheets)


def best_of(likeness: Sequence[float | None]) -> int:
    """The place of the best; of equals the earliest, which has copied least; the last where nothing is known."""
    known = [value for value in likeness if value is not None]
    return likeness.index(max(known)) if known else len(likeness) - 1


class _Judge:
    """Draws by the captions of a set and compares with its pictures."""

    def __init__(
        self,
        base: Model,
        scratch: Path,
        aside: Sequence[tuple[Path, Mapping[str, Any]]],
        pack: str,
        models: str,
        count: int,
        seed: int,
    ) -> None:
        self._base, self._scratch, self._pack, self._models, self._seed = base, scratch, pack, models, seed
        self._rows = [aside[number % len(aside)][1] for number in range(count)]
        self.target = self._target([path for path, _ in aside])

    def judge(self, lora: Path | None, weight: float, progress: Progress) -> dict[str, Any]:
        """How like the character pictures by the set's captions are."""
        drawn = self._draw(lora, weight, [str(row["caption"]) for row in self._rows], progress)
        seen = self._seen(drawn)
        first = [alike(one.first, self.target.first) if one else None for one in seen]
        second = [alike(one.second, self.target.second) if one else None for one in seen]
        name = lora.stem if lora else "base"
        shown = sheet(drawn, self._scratch / f"{name}-{self._seed}.png")
        found = {**_mean("first", first, self.target.first), **_mean("second", second, self.target.second)}
        return {**found, "adherence": _adherence(drawn, self._rows), "sheet": shown}

    def drift(self, lora: Path, weight: float, trigger: str, progress: Progress) -> dict[str, Any]:
        """What the LoRA does to pictures that are not meant to be of the character."""
        captions = [without_trigger(str(row["caption"]), trigger) for row in self._rows]
        base = self._draw(None, weight, captions, part(progress, 0, 0.5))
        with_it = self._draw(lora, weight, captions, part(progress, 0.5, 1))
        before, after = ([np.asarray(one, dtype=np.float32) / 255 for one in open_pictures(d)] for d in (base, with_it))
        pixels = float(np.mean([np.abs(one - other).mean() for one, other in zip(before, after, strict=True)]))
        found: dict[str, Any] = {"pixels": round(pixels, 4), "likeness": None}
        if self.target.first is not None:
            means = [
                np.mean([(alike(one.first, self.target.first) if one else None) or 0.0 for one in self._seen(drawn)])
                for drawn in (base, with_it)
            ]
            found["likeness"] = round(float(means[1] - means[0]), 4)
        return found

    def reach(self, pictures: Sequence[Path]) -> dict[str, Any]:
        """How like the set's the pictures that were trained on are: what a perfect LoRA could come to."""
        seen = self._seen(pictures)
        found = {}
        for name in ("first", "second"):
            target = getattr(self.target, name)
            values = [value for one in seen if one and (value := alike(getattr(one, name), target)) is not None]
            found[name] = round(float(np.mean(values)), 4) if values else None
        return found

    def _draw(self, lora: Path | None, weight: float, captions: list[str], progress: Progress) -> list[Path]:
        folder = self._scratch / f"{lora.stem if lora else 'base'}-{self._seed}-{len(list(self._scratch.iterdir()))}"
        return draw(self._base, captions, folder, lora=lora, weight=weight, seed=self._seed, progress=progress)

    def _seen(self, pictures: Sequence[Path]) -> list[Seen | None]:
        read = [np.asarray(one) for one in open_pictures(list(pictures))]
        return look_at(read, self._pack, self._models) or [None] * len(read)

    def _target(self, pictures: Sequence[Path]) -> _Target:
        seen = self._seen(pictures)
        return _Target(*(middle([getattr(one, name) if one else None for one in seen]) for name in ("first", "second")))


def _mean(name: str, values: Sequence[float | None], target: Any) -> dict[str, Any]:
    """A picture without a face is like nobody: it counts as 0."""
    if target is None:
        return {name: None, f"{name}_spread": None}
    known = [value or 0.0 for value in values]
    return {name: round(float(np.mean(known)), 4), f"{name}_spread": round(float(np.std(known)), 4)}


def _adherence(pictures: Sequence[Path], wanted: Sequence[Mapping[str, Any]]) -> float | None:
    """The share of what the captions ask for that is to be seen; None where no reader of looks is here, or no keys."""
    from blocks.errors import NotAvailable

    keys = ("hair", "hair_colour", "outfit", "outfit_colour", "expression", "view", "background")
    asked = [{key: str(row[key]) for key in keys if row.get(key)} for row in wanted]
    if not any(asked):
        return None
    try:
        from blocks.pocket.reader import read_look

        found = read_look([np.asarray(one) for one in open_pictures(list(pictures))])
    except (ImportError, NotAvailable):
        return None
    right = [
        seen[key][0] == value
        for look, seen in zip(asked, found, strict=True)
        for key, value in look.items()
        if key in seen
    ]
    return round(float(np.mean(right)), 4) if right else None


def _plain(judged: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in judged.items() if key != "sheet"}
