"""The pictures that everything learns from: many people in many looks, drawn once and kept in shards.

python -m blocks.pocket.training.renders --home DIR [--people 6000] [--looks 6]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.identity import Split, identity
from blocks.pocket.look import LIGHTINGS, Look, random_look
from blocks.pocket.portrait import Motion, Portrait, draw_portrait

__all__ = ["Renders", "draw_shards", "one_render", "random_motion"]

SHARD = 1500  # pictures in one file
SIZE = 128


def random_motion(random: np.random.Generator, loose: float = 1.0) -> Motion:
    """Small departures from the standard pose, as frames of a clip have them."""
    return Motion(
        yaw=float(np.clip(random.normal(0, 6 * loose), -10, 10)),
        roll=float(random.normal(0, 5 * loose)),
        nod=float(random.normal(0, 3 * loose)),
        shift=(float(random.normal(0, 0.03 * loose)), float(random.normal(0, 0.02 * loose))),
        zoom=float(np.clip(random.normal(1, 0.07 * loose), 0.75, 1.25)),
        speech=float(random.random()) if random.random() < 0.25 * loose else 0.0,
        blink=bool(random.random() < 0.03 * loose),
    )


def one_render(split: Split, person: int, number: int, **fixed: str) -> Portrait:
    """Picture ``number`` of a person: look, motion and place follow from the three arguments alone.

    Half the pictures are in plain light and half in any of the nine; one in three stands as still as a portrait.
    """
    random = np.random.default_rng([person, number, 11])
    look: Look = random_look(random, **fixed)
    if "lighting" not in fixed:
        plain = random.random() < 0.4
        look = look.but(lighting="photostudio" if plain else LIGHTINGS[int(random.integers(len(LIGHTINGS)))])
    still = random.random() < 0.35
    motion = random_motion(random, 0.25 if still else 1.0)
    return draw_portrait(identity(person, split), look, SIZE, seed=person * 131 + number, motion=motion)


def draw_shards(folder: Path, split: Split, people: int, looks: int) -> None:
    """Draw ``looks`` pictures of each person into ``folder``; shards that are there stay as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(person, number) for number in range(looks) for person in range(people)]
    for start in range(0, len(jobs), SHARD):
        path = folder / f"shard-{start // SHARD:03}.npz"
        if path.exists():
            continue
        drawn = [one_render(split, who, number, **_shared(split, who, number)) for who, number in jobs[start:][:SHARD]]
        facts = [asdict(portrait.look) for portrait in drawn]
        new = path.with_suffix(".new.npz")
        np.savez(
            new,
            pictures=np.stack([portrait.picture for portrait in drawn]),
            people=np.array([portrait.who.seed for portrait in drawn]),
            landmarks=np.stack([_landmarks(portrait) for portrait in drawn]),
            boxes=np.array([_box(portrait) for portrait in drawn], np.float32),
            looks=np.array(json.dumps(facts)),
        )
        new.replace(path)
        print(f"{folder.name}: {min(start + SHARD, len(jobs))} of {len(jobs)}", flush=True)


def _shared(split: Split, person: int, number: int) -> dict[str, str]:
    """For measuring, twenty people at a time share hair and outfit, so that those cannot tell them apart."""
    if split == "training":
        return {}
    look = random_look(np.random.default_rng([person // 20, number, 23]))
    names = ("hair", "hair_colour", "outfit", "outfit_colour")
    return {name: getattr(look, name) for name in names}


def _landmarks(portrait: Portrait) -> Floats:
    assert portrait.face is not None  # random looks never turn their back
    return portrait.face.landmarks.astype(np.float32)


def _box(portrait: Portrait) -> tuple[float, float, float, float]:
    assert portrait.face is not None
    return portrait.face.box


@dataclass(frozen=True)
class Renders:
    """All shards of a folder in memory.

    Attributes:
        pictures: Nx128x128x3 8-bit RGB. ``people``: N seeds. ``landmarks``: Nx5x2 and ``boxes``: Nx4 in pixels.
        looks: N looks.
    """

    pictures: Pixels
    people: np.ndarray[Any, np.dtype[np.int64]]
    landmarks: Floats
    boxes: Floats
    looks: list[Look]

    @classmethod
    def read(cls, folder: Path) -> Renders:
        shards = [np.load(path) for path in sorted(folder.glob("shard-[0-9][0-9][0-9].npz"))]
        looks = [Look(**fact) for shard in shards for fact in json.loads(str(shard["looks"]))]

        def whole(name: str) -> Any:
            return np.concatenate([shard[name] for shard in shards])

        return cls(whole("pictures"), whole("people"), whole("landmarks"), whole("boxes"), looks)

    def batches(self, random: np.random.Generator, size: int) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
        """Indices in an order that never ends."""
        while True:
            order = random.permutation(len(self.pictures))
            yield from (order[start : start + size] for start in range(0, len(order) - size + 1, size))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--people", type=int, default=6000)
    parser.add_argument("--looks", type=int, default=6)
    given = parser.parse_args()
    draw_shards(given.home / "renders-open", "open", 400, 8)
    draw_shards(given.home / "renders-calibration", "calibration", 400, 8)
    draw_shards(given.home / "renders-training", "training", given.people, given.looks)


if __name__ == "__main__":
    main()
