"""How good the generator is, on people and prompts it was never trained on.

    python -m blocks.pocket.training.measure --home DIR [--people 24] [--prompts 4] --out figures.json

Identity is measured by the second recogniser, which neither conditions nor gates: pictures made from reference frames,
made from text alone, and made from somebody else's frames, against held-out real frames of the actor; and as a share of
the actor's leave-one-out ceiling, which is how alike real frames are among themselves.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.captions import caption
from blocks.pocket.choices import OF_LOOK, OF_PERSON
from blocks.pocket.identity import identity
from blocks.pocket.look import Look, random_look
from blocks.pocket.training.detector import Detector, detect
from blocks.pocket.training.faces import Separable, align, embed_all, to_input
from blocks.pocket.training.judges import load_judge, opinions
from blocks.pocket.training.lessons import load_recogniser
from blocks.pocket.training.renders import Renders

__all__ = ["main", "mean_direction"]

SEED = 20_000  # actors of the measurement are those of the open gallery from here on


@dataclass(frozen=True)
class _Tools:
    pipeline: Any
    detector: Detector
    first: nn.Module
    second: nn.Module


def mean_direction(embeddings: Floats) -> Floats:
    """The unit vector of the mean of unit vectors."""
    mean = embeddings.mean(0)
    unit: Floats = mean / np.linalg.norm(mean)
    return unit


def load_tools(home: Path) -> _Tools:
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(str(home / "pipeline"), torch_dtype=torch.float32)
    pipeline.load_ip_adapter(str(home), subfolder="", weight_name="face-adapter.safetensors", image_encoder_folder=None)
    pipeline.set_progress_bar_config(disable=True)
    detector, second = Detector(), Separable()
    for model, name in ((detector, "detector"), (second, "recogniser-second")):
        model.load_state_dict(torch.load(home / f"{name}.pt", weights_only=True)["parts"]["model"])
        model.eval()
    return _Tools(pipeline, detector, load_recogniser(home), second)


def make(tools: _Tools, prompts: list[str], face: Floats | None, seed: int) -> tuple[Pixels, float]:
    """128x128 pictures of the prompts, 20 steps each, and the seconds it took. Without a face the adapter is off."""
    unit = torch.zeros(1, 1, 512) if face is None else torch.from_numpy(face).float()[None, None]
    tools.pipeline.set_ip_adapter_scale(0.0 if face is None else 1.0)
    started = time.perf_counter()
    made = tools.pipeline(
        prompts,
        height=128,
        width=128,
        num_inference_steps=20,
        guidance_scale=4.0,
        guidance_rescale=0.7,
        ip_adapter_image_embeds=[torch.cat([torch.zeros_like(unit), unit])],
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
    ).images
    return np.rint(made * 255).astype(np.uint8), time.perf_counter() - started


def embed_found(tools: _Tools, pictures: Pixels) -> Floats:
    """The second recogniser's unit embeddings; not a number where no face is found."""
    found = np.full((len(pictures), Separable.width), np.nan, np.float32)
    for row, picture in enumerate(pictures):
        face = detect(tools.detector, picture)
        if face is not None:
            with torch.no_grad():
                crop: Tensor = to_input(align(picture, face.marks)[None])
                found[row] = functional.normalize(tools.second(crop))[0].numpy()
    return found


def frames_of(seeds: list[int], count: int) -> Renders:
    """Real frames of open actors that no shard holds."""
    from blocks.pocket.training.renders import one_render

    drawn = [one_render("open", seed, 100 + number) for seed in seeds for number in range(count)]
    faces = [portrait.face for portrait in drawn if portrait.face]
    return Renders(
        np.stack([portrait.picture for portrait in drawn]),
        np.array([portrait.who.seed for portrait in drawn]),
        np.stack([face.landmarks for face in faces]),
        np.array([face.box for face in faces]),
        [portrait.look for portrait in drawn],
    )


def measure(home: Path, people: int, prompts: int) -> dict[str, Any]:
    tools, judge = load_tools(home), load_judge(home)
    seeds = [SEED + place for place in range(people)]
    frames = frames_of(seeds, 8)
    firsts = embed_all(tools.first, frames).reshape(people, 8, -1)
    seconds = embed_all(tools.second, frames).reshape(people, 8, -1)
    random = np.random.default_rng(77)
    scores: dict[str, list[float]] = {"references": [], "text": [], "another": [], "ceiling": []}
    looks: list[Look] = []
    made: list[Pixels] = []
    spent = 0.0
    for place in range(people):
        wanted = [random_look(random) for _ in range(prompts)]
        words = [caption(look) for look in wanted]
        held_out = mean_direction(seconds[place, 4:])
        for kind, face in (
            ("references", mean_direction(firsts[place, :4])),
            ("text", None),
            ("another", mean_direction(firsts[(place + 1) % people, :4])),
        ):
            pictures, cost = make(tools, words, face, seeds[place])
            scores[kind] += list(embed_found(tools, pictures) @ held_out)
            if kind == "references":
                looks, made, spent = looks + wanted, [*made, pictures], spent + cost
        for frame in range(4):
            scores["ceiling"].append(float(seconds[place, frame] @ held_out))
    said = opinions(judge, np.concatenate(made))
    figures: dict[str, Any] = {kind: float(np.nanmean(values)) for kind, values in scores.items()}
    figures["faces_found"] = float(np.isfinite(scores["references"]).mean())
    figures["share_of_ceiling"] = figures["references"] / figures["ceiling"]
    figures["text_share_of_ceiling"] = figures["text"] / figures["ceiling"]
    figures["seconds_per_picture"] = spent / (people * prompts)
    actors = [identity(seed) for seed in seeds for _ in range(prompts)]
    figures |= {f"look_{name}": _agreement(said[name], looks, name) for name in OF_LOOK}
    return figures | {f"person_{name}": _agreement(said[name], actors, name) for name in OF_PERSON}


def _agreement(said: list[str], truths: Sequence[object], name: str) -> float:
    return float(np.mean([word == getattr(truth, name) for word, truth in zip(said, truths, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(2)
    figures = measure(given.home, given.people, given.prompts)
    given.out.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
