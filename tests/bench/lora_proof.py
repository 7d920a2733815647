"""Whether a LoRA helps: the likeness of ten people whom nothing was trained on, before and after.

    python -m tests.bench.lora_proof [--actors 10] [--home FOLDER] [--steps N] [--readme]

For each actor two LoRAs are trained: one from the renderer's own frames, and one from cells of a grid alone, which the
generator drew by the actor's face. Then pictures are drawn from text prompts only, by the base and with the LoRA, and
compared by the second recogniser, which neither conditions, nor gates, nor chooses the version, with frames of the
actor that were used for nothing else. What the training pictures themselves reach by that measure is the whole way;
the share of it that a LoRA goes is the figure.

Everything is kept in the folder: a run that was stopped goes on where it was, and other weights or settings are
measured anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import numpy as np
from PIL import Image

from blocks.generate import generate
from blocks.grid import standard_set
from blocks.models.digest import model_digest
from blocks.models.places import place_of
from blocks.pocket.captions import caption
from blocks.pocket.identity import identity
from blocks.pocket.look import Look, random_look
from blocks.pocket.portrait import draw_portrait
from lora.captions import caption_of
from lora.faces import alike, look_at, middle
from lora.pick import pick_version
from lora.train import settings_for, train_lora
from tests.bench.__main__ import ROOT, machine

__all__ = ["FIRST", "Plan", "main", "table"]

FIRST = 31_000
"""The first actor, of the open gallery: no script trains, calibrates or measures with these."""

CASES = ("frames", "cells")
TRIGGER = "mira7"
BEGIN, END = "<!-- lora proof -->", "<!-- /lora proof -->"
MINUTES = 3
_TRAIN, _SELECT, _REPORT, _FACE, _TRIES = 20, 4, 8, 4, 2
_KEYS = ("hair", "hair_colour", "outfit", "outfit_colour", "expression", "view", "lighting", "background", "pose")


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is measured; what is measured with another plan is measured anew.

    Attributes:
        steps: of a training; 0 for the preset's.
        pictures: drawn of each version, and of each half of the report.
        train: pictures that are trained on.
    """

    preset: str = "balanced"
    steps: int = 0
    pictures: int = 8
    train: int = _TRAIN


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is not measured yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=int, default=10)
    parser.add_argument("--cases", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "lora-proof")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--train", type=int, default=_TRAIN, help="pictures to train on")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--readme", action="store_true", help="put the table into the README")
    args = parser.parse_args(arguments)
    plan = Plan(args.preset, args.steps, args.pictures, train=args.train)
    args.home.mkdir(parents=True, exist_ok=True)
    found = []
    for seed in range(FIRST, FIRST + args.actors):
        for case in args.cases:
            found.append(_measured(seed, case, plan, args.home, args.threads))
            print(_line(found[-1]), flush=True)
    text = table(found)
    print("\n" + text)
    if args.readme:
        _put(text, ROOT / "README.md")
    return 0


def _measured(seed: int, case: str, plan: Plan, home: Path, threads: int) -> dict[str, Any]:
    """What one LoRA came to, if need be by making it."""
    told = json.dumps([seed, case, asdict(plan), _settings(plan), model_digest(place_of("", ""))], sort_keys=True)
    key = hashlib.sha256(told.encode()).hexdigest()[:16]
    kept = home / f"{seed}-{case}-{key}.json"
    if not kept.exists():
        folder = home / kept.stem
        made = _made(seed, case, plan, folder, threads)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps({"actor": seed, "case": case, "plan": asdict(plan), **made}, indent=1))
        part.replace(kept)
        shutil.rmtree(folder)
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def _made(seed: int, case: str, plan: Plan, folder: Path, threads: int) -> dict[str, Any]:
    """Train on pictures of an actor, choose a version, and report on frames that were kept aside."""
    frames = _frames(seed, plan.train + _SELECT + _REPORT + _FACE, folder / "frames")
    aside, rest = frames[:_REPORT], frames[_REPORT:]
    face, own = rest[:_FACE], rest[_FACE:]
    learn = own if case == "frames" else _cells(seed, face, plan, folder / "cells", threads)
    learn = learn[: plan.train + _SELECT]
    rows = [(path, look, "select" if number < _SELECT else "train") for number, (path, look) in enumerate(learn)]
    rows += [(path, look, "report") for path, look in aside]
    pictures = [path for path, _, _ in rows]
    table = [
        {**look, "file": path.name, "caption": caption_of(look, TRIGGER), "set": name} for path, look, name in rows
    ]
    settings = {"steps": plan.steps} if plan.steps else {}
    run, scratch = folder / "run", _empty(folder / "scratch")
    began, spent = time.monotonic(), time.process_time()
    trained = train_lora(
        pictures, table, "", plan.preset, settings, samples=0, threads=threads, device="cpu",
        scratch=scratch, unfinished=run,
    )  # fmt: skip
    took = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - spent}
    picked = pick_version(
        trained.versions, pictures, table, TRIGGER, count=plan.pictures, threads=threads, device="cpu",
        scratch=_empty(folder / "picked"),
    )  # fmt: skip
    report = picked.report
    wanted = ("chosen", "versions", "before", "after", "reach", "drift")
    return {**took, "settings": trained.facts["settings"], **{name: report[name] for name in wanted}}


def _settings(plan: Plan) -> dict[str, Any]:
    return settings_for("pocket", plan.preset, {"steps": plan.steps or None}).facts()


Shown = tuple[Path, dict[str, Any]]


def _frames(seed: int, count: int, folder: Path) -> list[Shown]:
    """Frames of an actor as the renderer draws them, each in another look, the face to be seen."""
    folder.mkdir(parents=True, exist_ok=True)
    random, found = np.random.default_rng([seed, 5]), list[Shown]()
    while len(found) < count:
        look = random_look(random)
        if look.view == "back":
            continue
        path = folder / f"frame-{len(found):02d}.png"
        drawn = draw_portrait(identity(seed), look, 128, seed=seed + len(found)).picture
        Image.fromarray(drawn).save(path)
        found.append((path, {key: getattr(look, key) for key in _KEYS}))
    return found


def _cells(seed: int, face: Sequence[Shown], plan: Plan, folder: Path, threads: int) -> list[Shown]:
    """Cells of a grid: drawn by the mean of the actor's face in a few frames, of two tries the likest.

    As in the lab, the first recogniser chooses, and the character's own hair and clothes are in every prompt.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seen = look_at([np.asarray(Image.open(path)) for path, _ in face]) or []
    centre = middle([one.first if one else None for one in seen])
    if centre is None:
        raise RuntimeError(f"no face was found in the frames of actor {seed}")
    own = Look(**face[0][1])
    cells = [cell for cell in standard_set() if cell.scored and not cell.pose]
    found = list[Shown]()
    for number, cell in enumerate(cells[: plan.train + _SELECT]):
        path = folder / f"{cell.key}.png"
        look = _look_of(cell.prompt, own)
        if not path.exists():
            tries = [
                _drawn(caption(look), centre, seed * 100 + number * _TRIES + n, folder / f"try-{n}", threads)
                for n in range(_TRIES)
            ]
            seen = look_at([np.asarray(Image.open(one)) for one in tries]) or []
            likeness = [(alike(one.first, centre) if one else None) or -1.0 for one in seen]
            tries[likeness.index(max(likeness))].replace(path)
        found.append((path, {key: getattr(look, key) for key in _KEYS}))
    return [found[place] for place in np.random.default_rng(seed).permutation(len(found))]


def _drawn(prompt: str, face: Any, seed: int, folder: Path, threads: int) -> Path:
    made = generate(
        prompt=prompt,
        identity=face.tolist(),
        reference_scale=1.0,
        seed=seed,
        threads=threads,
        device="cpu",
        digest="-",
        scratch=_empty(folder),
    )
    return made.picture


def _look_of(words: str, own: Look) -> Look:
    from blocks.pocket.captions import read_prompt

    return read_prompt(words).look(own.but(expression="neutral", view="front", lighting="photostudio"))


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _gained(one: Mapping[str, Any], which: str = "second") -> float:
    """The share of the way from the base to the training pictures."""
    before, after, reach = (float(one[when][which]) for when in ("before", "after", "reach"))
    return (after - before) / (reach - before) if reach > before else float("nan")


def _line(one: Mapping[str, Any]) -> str:
    before, after, reach = (one[when]["second"] for when in ("before", "after", "reach"))
    return (
        f"{one['actor']} {one['case']}: {before:.3f} -> {after:.3f} of {reach:.3f}, {_gained(one):.0%} of the way, "
        f"version {one['chosen']}, {one['seconds']:.0f} s ({one['cpu_seconds']:.0f} s of processor)"
    )


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """In Markdown: means over actors, with their spread (standard deviation)."""
    lines = [
        "| trained on | actors | without it | with it | the training pictures | share of the way | aim "
        "| second recogniser improved | training |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for case, words in (("frames", "the renderer's own frames"), ("cells", "cells of a grid alone")):
        some = [one for one in found if one["case"] == case]
        if not some:
            continue
        before, after, reach = ([float(one[when]["second"]) for one in some] for when in ("before", "after", "reach"))
        way = (mean(after) - mean(before)) / (mean(reach) - mean(before))
        each = [_gained(one) for one in some]
        better = sum(one > other for one, other in zip(after, before, strict=True))
        seconds = [float(one["seconds"]) for one in some]
        lines.append(
            f"| {words} | {len(some)} | {_spread(before)} | {_spread(after)} | {_spread(reach)} "
            f"| {way:.0%} (of each {mean(each):.0%} ± {pstdev(each):.0%}) | ≥ 50 %{'' if way >= 0.5 else ', missed'} "
            f"| {better} of {len(some)} | {mean(seconds):.0f} s, longest {max(seconds):.0f} s |"
        )
    steps = sorted({int(one["settings"]["steps"]) for one in found})
    pictures = sorted({int(one["plan"]["pictures"]) for one in found})
    drawn, trained = ("/".join(map(str, some)) for some in (pictures, steps))
    said = (
        f"Mean cosine (± spread over actors) of {drawn} pictures an actor, drawn from text prompts only, to {_REPORT} "
        f"frames that were used for nothing else, by the second recogniser; {trained} steps of training, at most "
        f"{MINUTES} minutes wanted, on {machine()}."
    )
    return "\n".join(lines) + f"\n\n{said}\n{_price(found)}"


def _price(found: Sequence[Mapping[str, Any]]) -> str:
    """What the likeness costs: how much of the prompt is drawn, and how far it gets into prompts that do not ask."""
    parts = []
    for case, words in (("frames", "trained on frames"), ("cells", "on cells")):
        some = [one for one in found if one["case"] == case]
        if not some:
            continue
        before, after = (mean(float(one[when]["adherence"]) for one in some) for when in ("before", "after"))
        drift = mean(float(one["drift"]["likeness"]) for one in some)
        parts.append(
            f"{words}, {after:.0%} of what the prompt asks for is drawn ({before:.0%} without it), and pictures of "
            f"prompts without the trigger word become more like the person by {drift:.2f}"
        )
    return "The price: " + "; ".join(parts) + " (first recogniser; no pictures of other people were in the training)."


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.2f} ± {pstdev(values):.2f}"


def _put(text: str, readme: Path) -> None:
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{readme.name} has no room for it: put {BEGIN} and {END} where it should stand.")
    readme.write_text(f"{before}{begin}\n{text}\n{end}{after}")


if __name__ == "__main__":
    raise SystemExit(main())
