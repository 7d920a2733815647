"""How good the published weights are, on people and prompts they were never trained on.

    python -m blocks.pocket.training.measure [--people 20] [--prompts 4]

Writes ``figures.json`` and the model card beside the weights. Nothing else is needed; what is measured on is drawn.

Identity is measured by the second recogniser, which neither conditions nor gates: pictures made from reference frames,
made from text alone, and made from somebody else's frames, against held-out real frames of the actor; and as a share of
the actor's leave-one-out ceiling, which is how alike real frames are among themselves.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.captions import caption
from blocks.pocket.choices import CHOICES, OF_LOOK
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.pack import GUIDANCE, WEIGHTS
from blocks.pocket.reader import read_look
from blocks.pocket.training.calibrate import DOMAIN, gallery, rates_at_gate
from blocks.pocket.training.card import write_card
from blocks.pocket.training.faces import align, judge
from blocks.pocket.training.judges import truths
from blocks.pocket.training.published import PackReader
from blocks.pocket.training.renders import Renders, draw_shards, one_render
from blocks.scores.calibration import Calibration

__all__ = ["faces_of_renders", "generated", "main", "mean_direction"]

SEED = 20_000  # actors of the measurement are those of the open gallery from here on
FRAMES, GIVEN = 8, 4  # real frames of an actor, of which the first few are the references
STEPS = 20


def mean_direction(embeddings: Floats) -> Floats:
    """The unit vector of the mean of unit vectors, leaving out those that are not a number."""
    mean = np.nanmean(embeddings, axis=0)
    unit: Floats = mean / np.linalg.norm(mean)
    return unit


def faces_of_renders(reader: PackReader, renders: Renders) -> dict[str, Any]:
    """Detector and both recognisers on renders of people nobody was trained on."""
    found = [reader.find(picture) for picture in renders.pictures]
    exact = [
        face is not None and _eyes_off(face[1], renders.landmarks[row]) <= 0.05 * _width(renders.boxes[row])
        for row, face in enumerate(found)
    ]
    marks = [face[1] if face else renders.landmarks[row] for row, face in enumerate(found)]
    figures: dict[str, Any] = {
        "detector_found": float(np.mean([face is not None for face in found])),
        "detector_exact": float(np.mean(exact)),
    }
    for name, which, places in (
        ("recogniser", 0, marks),
        ("recogniser_at_true_landmarks", 0, renders.landmarks),
        ("second", 1, marks),
    ):
        crops = np.stack([align(picture, at) for picture, at in zip(renders.pictures, places, strict=True)])
        figures |= {f"{name}_{key}": value for key, value in asdict(judge(reader.embed(which, crops), renders)).items()}
    return figures


def _eyes_off(made: Floats, true: Floats) -> float:
    return float(np.linalg.norm(made[:2] - true[:2], axis=1).max())


def _width(box: Floats) -> float:
    return float(box[2] - box[0])


def reading(renders: Renders) -> dict[str, float]:
    """Shares in which the judge is right about renders."""
    said = read_look(list(renders.pictures))
    wanted = truths(renders.looks, [identity(int(seed)) for seed in renders.people])
    shares = {}
    for name, keys in CHOICES.items():
        seen = [row for row, place in enumerate(wanted[name].tolist()) if place >= 0]
        shares[name] = float(np.mean([said[row][name][0] == keys[int(wanted[name][row])] for row in seen]))
    return shares


def load_pipeline(weights: Path) -> Any:
    """The generator with its face adapter."""
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(str(weights / "generator"), torch_dtype=torch.float32)
    pipeline.load_ip_adapter(
        str(weights / "generator"), subfolder="", weight_name="faceid.safetensors", image_encoder_folder=None
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def make(pipeline: Any, prompts: list[str], face: Floats | None, seed: int, **settings: Any) -> Pixels:
    """128x128 pictures of the prompts. Without a face the adapter is off."""
    unit = torch.zeros(1, 1, 512) if face is None else torch.from_numpy(face).float()[None, None]
    pipeline.set_ip_adapter_scale(0.0 if face is None else 1.0)
    chosen: dict[str, Any] = {"guidance_scale": GUIDANCE} | settings
    made = pipeline(
        prompts,
        height=128,
        width=128,
        num_inference_steps=STEPS,
        ip_adapter_image_embeds=[torch.cat([torch.zeros_like(unit), unit])],
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
        **chosen,
    ).images
    pictures: Pixels = np.rint(made * 255).astype(np.uint8)
    return pictures


def generated(weights: Path, reader: PackReader, people: int, prompts: int, **settings: Any) -> dict[str, Any]:
    """Identity, looks, copying and time of pictures that the generator makes."""
    pipeline, calibration = load_pipeline(weights), Calibration.read(weights / "calibration.json", domain=DOMAIN)
    random = np.random.default_rng(77)
    scores: dict[str, list[float]] = defaultdict(list)
    by_view: dict[str, list[float]] = defaultdict(list)
    agrees: dict[str, list[bool]] = defaultdict(list)
    for place in range(people):
        seed = SEED + place
        frames, others = _frames(seed), _frames(SEED + (place + 1) % people)[:GIVEN]
        given, real = reader.first(frames[:GIVEN]), reader.second(frames)
        held_out = mean_direction(real[GIVEN:])
        looks = [random_look(random) for _ in range(prompts)]
        words = [caption(look) for look in looks]
        direction = mean_direction(given)
        for kind, face in (
            ("references", direction),
            ("text", None),
            ("another", mean_direction(reader.first(others))),
        ):
            pictures = make(pipeline, words, face, seed, **settings)
            seconds = reader.second(list(pictures))
            scores[kind] += list(seconds @ held_out)
            if kind == "references":
                own = reader.first(list(pictures)) @ direction
                scores["raw"] += list(own)
                scores["passed"] += [float(calibration.posterior(v, GIVEN) >= 0.85) for v in own if np.isfinite(v)]
                scores["copied"] += _copied(pictures, seconds, frames[:GIVEN], real)
                for look, value in zip(looks, seconds @ held_out, strict=True):
                    by_view[look.view.split("_")[0]].append(float(value))
                _compare(agrees, pictures, [identity(seed)] * prompts, looks)
        scores["ceiling"] += [float(real[row] @ _without(real, row)) for row in range(FRAMES)]
    figures: dict[str, Any] = {kind: float(np.nanmean(values)) for kind, values in scores.items()}
    figures["faces_found"] = float(np.isfinite(scores["references"]).mean())
    for kind in ("references", "text", "another"):
        figures[f"{kind}_share_of_ceiling"] = figures[kind] / figures["ceiling"]
    figures["references_by_view"] = {view: float(np.nanmean(values)) for view, values in sorted(by_view.items())}
    figures |= {name: float(np.mean(values)) for name, values in agrees.items()}
    return figures | {"pictures": people * prompts}


def _frames(seed: int) -> list[Pixels]:
    return [one_render("open", seed, 100 + number).picture for number in range(FRAMES)]


def _without(rows: Floats, row: int) -> Floats:
    return mean_direction(np.delete(rows, row, axis=0))


def _copied(pictures: Pixels, seconds: Floats, given: list[Pixels], real: Floats) -> list[float]:
    """1 for a picture that is nearer to a reference than any two real frames are, or the same but for a few levels."""
    among = real @ real.T
    most = float(np.nanmax(among[~np.eye(len(real), dtype=bool)]))
    found = []
    for picture, embedding in zip(pictures, seconds, strict=True):
        near = bool(np.nanmax(real[: len(given)] @ embedding) > most) if np.isfinite(embedding).all() else False
        same = min(float(np.abs(picture.astype(int) - frame).mean()) for frame in given) < 8
        found.append(float(near or same))
    return found


def _compare(agrees: dict[str, list[bool]], pictures: Pixels, actors: Sequence[Any], looks: Sequence[Any]) -> None:
    """What the judge reads against prompt and actor, where a picture of that look can show it."""
    wanted = truths(list(looks), list(actors))
    for row, said in enumerate(read_look(list(pictures))):
        for name, keys in CHOICES.items():
            place = int(wanted[name][row])
            if place >= 0:
                agrees[f"{'look' if name in OF_LOOK else 'person'}_{name}"].append(said[name][0] == keys[place])


def seconds_of_one(weights: Path) -> float:
    """Seconds for one picture with a face, on two threads; the best of three."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    pipeline, face = load_pipeline(weights), np.eye(1, 512, dtype=np.float32)[0]
    spent = []
    for _ in range(3):
        started = time.perf_counter()
        make(pipeline, ["short blue hair, red coat, happy, side left, night street"], face, 1)
        spent.append(time.perf_counter() - started)
    torch.set_num_threads(threads)
    return min(spent)


def held_out_renders(home: Path, people: int) -> Renders:
    draw_shards(home, "open", people, 8)
    return Renders.read(home)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder that keeps the renders to measure on")
    parser.add_argument("--people", type=int, default=20, help="actors for whom pictures are made")
    parser.add_argument("--prompts", type=int, default=4, help="pictures of each")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    reader = PackReader(given.weights)
    renders = held_out_renders(given.home / "renders-open", 400)
    figures: dict[str, Any] = {"faces": faces_of_renders(reader, renders), "reading": reading(renders)}
    calibration = Calibration.read(given.weights / "calibration.json", domain=DOMAIN)
    embeddings, people = gallery(reader, "open", 60, 12, first=30_000)
    rates = {count: rates_at_gate(calibration, embeddings, people, count) for count in (1, 4, 8)}
    figures["gate"] = {str(count): {"far": far, "tar": tar} for count, (far, tar) in rates.items()}
    figures["generated"] = generated(given.weights, reader, given.people, given.prompts)
    figures["seconds_per_picture"] = seconds_of_one(given.weights)
    (given.weights / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    write_card(figures, given.weights)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
