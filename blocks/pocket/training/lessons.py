"""What the generator learns from: renders as latents, captions and faces.

    python -m blocks.pocket.training.lessons --home DIR [--part 0/1]

encodes all renders beforehand, shard by shard; needs the finished autoencoder. The face is always that of *other*
pictures of the same person, so that it says who somebody is and not how the picture looks.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from blocks.errors import InputError
from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.captions import varied_caption
from blocks.pocket.training.autoencoder import latents, to_tensor
from blocks.pocket.training.faces import Residual, align, embed_crops
from blocks.pocket.training.renders import Renders

__all__ = ["Batch", "Lessons", "encode", "encode_shards", "encoded", "faces_met", "load_recogniser", "load_vae", "met"]

BATCH, BODIES = 32, 12  # pictures in a step of portraits, and in one of bodies, which are larger
FACE = 6.0  # how much more a latent of a face counts than another
KINDS = ("posed", "figures")
BODIES_SHARE = 0.05  # of the batches
LOOSE = 0.015  # how far landmarks are off, in heights of the face, as those are that a detector finds


def load_recogniser(home: Path) -> nn.Module:
    model = Residual()
    model.load_state_dict(torch.load(home / "recogniser.pt", weights_only=True)["parts"]["model"])
    return model.eval()


def load_vae(home: Path) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL.from_pretrained(home / "vae").eval()


def encode(vae: Any, pictures: Pixels) -> Floats:
    """Scaled latents in half precision."""
    found = []
    with torch.no_grad():
        for start in range(0, len(pictures), 16):
            code = latents(vae, to_tensor(pictures[start : start + 16])) * vae.config.scaling_factor
            found.append(code.half().numpy())
    return np.concatenate(found)


def encode_shards(home: Path, part: tuple[int, int] = (0, 1)) -> None:
    """Encode every shard that is not encoded yet. ``part``: which of how many equal parts of the work to do."""
    vae = load_vae(home)
    shards = [path for kind in KINDS for path in (home / f"renders-{kind}").glob("shard-[0-9][0-9][0-9].npz")]
    shards.sort(key=lambda path: path.stem)  # some of each kind first, so that the generator can begin
    for path in shards[part[0] :: part[1]]:
        place = _place_of(path)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            new = place.with_suffix(".new.npy")
            np.save(new, encode(vae, np.load(path)["pictures"]))
            new.replace(place)
            print(f"encoded {path.parent.name} {path.stem}", flush=True)


def _place_of(shard: Path) -> Path:
    return shard.parent.with_name(shard.parent.name.replace("renders", "latents")) / f"{shard.stem}.npy"


def faces_met(people: Any, embeddings: Floats) -> Callable[[int, np.random.Generator], Floats]:
    """A function (person, random) -> unit mean embedding of one to four frames of that person, mostly of several."""
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, person in enumerate(people):
        rows_of[int(person)].append(row)

    def face(person: int, random: np.random.Generator) -> Floats:
        rows = rows_of.get(person)
        if not rows:
            return np.zeros(embeddings.shape[1], np.float32)
        count = min(len(rows), int(random.choice([1, 2, 3, 4], p=[0.15, 0.2, 0.25, 0.4])))
        chosen = random.choice(rows, size=count, replace=False)
        mean = embeddings[chosen].mean(0)
        unit: Floats = mean / np.linalg.norm(mean)
        return unit

    return face


@dataclass(frozen=True)
class Batch:
    """Latents, how much each of them counts (N x 1 x h x w, mean one), token numbers, and faces (N x 1 x 512)."""

    code: Tensor
    weight: Tensor
    tokens: Tensor
    faces: Tensor


class Lessons:
    """Endless batches. One text in ten is empty, one face in ten missing, sometimes both.

    Renders that are still being encoded join in when they are.
    """

    def __init__(self, home: Path, tokenizer: Any) -> None:
        self.home, self.drawn = home, 0
        self.renders = [Renders.read(home / f"renders-{kind}", pictures=False) for kind in KINDS]
        self.codes = [encoded(home, kind) for kind in KINDS]
        self.face = faces_met(*met(home))
        self.tokenizer = tokenizer

    def batch(self, random: np.random.Generator) -> Batch:
        self.drawn += 1
        if self.drawn % 500 == 0 and any(len(c) < len(r.looks) for c, r in zip(self.codes, self.renders, strict=True)):
            self.codes = [encoded(self.home, kind) for kind in KINDS]
        kind = int(random.random() < BODIES_SHARE)
        renders, codes = self.renders[kind], self.codes[kind]
        rows = random.integers(0, len(codes), (BATCH, BODIES)[kind])
        words, faces = [], []
        for row in rows:
            chance = random.random()
            words.append("" if chance < 0.1 else varied_caption(renders.looks[row], random))
            face = self.face(int(renders.people[row]), random)
            faces.append(face if not 0.06 < chance < 0.14 else np.zeros_like(face))
        tokens = self.tokenizer(words, padding="max_length", truncation=True, return_tensors="pt").input_ids
        code = torch.from_numpy(codes[rows]).float()
        weight = face_weights(renders.boxes[rows], code.shape[2], code.shape[3])
        return Batch(code, weight, tokens, torch.from_numpy(np.stack(faces)).float()[:, None])


def encoded(home: Path, kind: str) -> Floats:
    """Latents of all shards up to the first that is not encoded yet.

    Raises:
        InputError: the first one is not.
    """
    found = []
    for shard in sorted((home / f"renders-{kind}").glob("shard-[0-9][0-9][0-9].npz")):
        if not _place_of(shard).exists():
            break
        found.append(np.load(_place_of(shard)))
    if not found:
        raise InputError(f"No renders of {kind} are encoded in {home}. Run blocks.pocket.training.lessons first.")
    return np.concatenate(found)


def face_weights(boxes: Floats, height: int, width: int) -> Tensor:
    """N x 1 x height x width for boxes in pixels, eight to a latent: FACE in a face, one elsewhere, mean one."""
    weight = np.ones((len(boxes), 1, height, width), np.float32)
    for row, (left, top, right, bottom) in enumerate(np.clip(boxes / 8, 0, None)):
        weight[row, :, int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = FACE
    return torch.from_numpy(weight / weight.mean(axis=(1, 2, 3), keepdims=True))


def met(home: Path) -> tuple[Any, Floats]:
    """Whose face each frame shows, and its embedding; computed once."""
    path = home / "embeddings-met.npz"
    if not path.exists():
        renders = Renders.read(home / "renders-met")
        random = np.random.default_rng(31)
        loose = renders.landmarks + random.normal(0, 1, renders.landmarks.shape) * (
            LOOSE * (renders.boxes[:, 3] - renders.boxes[:, 1])[:, None, None]
        )
        crops = (align(picture, marks) for picture, marks in zip(renders.pictures, loose, strict=True))
        new = path.with_suffix(".new.npz")
        np.savez(new, people=renders.people, embeddings=embed_crops(load_recogniser(home), crops))
        new.replace(path)
    kept = np.load(path)
    return kept["people"], kept["embeddings"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--part", default="0/1", help="1/2 encodes the second of two halves, beside the other")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    mine, parts = map(int, given.part.split("/"))
    encode_shards(given.home, (mine, parts))


if __name__ == "__main__":
    main()
