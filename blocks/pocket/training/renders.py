"""The pictures that everything learns from: many people in many looks, drawn once and kept in shards.

python -m blocks.pocket.training.renders --home DIR [--people 6000] [--looks 8] [--part 0/1]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.figure import Figure, draw_figure
from blocks.pocket.identity import Split, identity
from blocks.pocket.look import LIGHTINGS, POSES, Look, random_look
from blocks.pocket.portrait import Motion, Portrait, draw_portrait

__all__ = [
    "DRAWN_FROM",
    "Renders",
    "draw_figure_shards",
    "draw_met_shards",
    "draw_posed_shards",
    "draw_shards",
    "one_figure",
    "one_posed",
    "one_render",
    "random_motion",
]

Part = tuple[int, int]
SHARD = 1500  # pictures in one file
SIZE = 128
FIGURE = (160, 256)  # width and height of a body
# The generator learns from people whom the recogniser was not trained on: only of those are the embeddings as loose as
# those of the people it will be asked to draw.
DRAWN_FROM = 6000


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

    Four in ten are in plain light, the others in any of the nine; one in three stands as still as a portrait.
    """
    random = np.random.default_rng([person, number, 11])
    look: Look = random_look(random, **fixed)
    plain = random.random() < 0.4
    look = look.but(lighting="photostudio" if plain else LIGHTINGS[int(random.integers(len(LIGHTINGS)))])
    still = random.random() < 0.35
    motion = random_motion(random, 0.25 if still else 1.0)
    return draw_portrait(identity(person, split), look, SIZE, seed=person * 131 + number, motion=motion)


def one_posed(person: int, number: int) -> Portrait:
    """A training person who holds still: with hardly any motion, words and face say nearly all of the picture."""
    random = np.random.default_rng([person, number, 71])
    look = random_look(random)
    if random.random() < 0.35:
        look = look.but(lighting="photostudio")
    motion = random_motion(random, 0.15)
    return draw_portrait(identity(person, "training"), look, SIZE, seed=person * 131 + number, motion=motion)


def one_figure(person: int, number: int) -> Figure:
    """Body ``number`` of a training person, in any pose; one in twelve seen from behind."""
    random = np.random.default_rng([person, number, 47])
    back = {"view": "back"} if random.random() < 1 / 12 else {}
    look = random_look(random, pose=POSES[int(random.integers(len(POSES)))], **back)
    if random.random() < 0.4:
        look = look.but(lighting="photostudio")
    return draw_figure(identity(person, "training"), look, *FIGURE, seed=person * 131 + number)


def draw_shards(folder: Path, split: Split, people: int, looks: int, part: Part = (0, 1)) -> None:
    """Draw ``looks`` pictures of each person into ``folder``; shards that are there stay as they are.

    Args:
        part: which of how many equal parts of the work to do, for several processes side by side.
    """
    jobs = [(person, number) for number in range(looks) for person in range(people)]

    def draw(person: int, number: int) -> dict[str, Any]:
        return _facts(one_render(split, person, number, **_shared(split, person, number)))

    _draw_all(folder, jobs, draw, part)


def draw_posed_shards(folder: Path, people: int, looks: int, part: Part = (0, 1)) -> None:
    """Draw ``looks`` still portraits of each of ``people``, for the generator."""
    _draw_all(folder, _of_drawn(people, looks), lambda *job: _facts(one_posed(*job)), part)


def draw_met_shards(folder: Path, people: int, looks: int, part: Part = (0, 1)) -> None:
    """Draw ``looks`` frames of each of the same people, as a camera meets them: what the generator is shown of them."""
    _draw_all(folder, _of_drawn(people, looks), lambda *job: _facts(one_render("training", *job)), part)


def draw_figure_shards(folder: Path, people: int, part: Part = (0, 1)) -> None:
    """Draw a body of each of the first ``people`` whom the generator learns from."""
    _draw_all(folder, _of_drawn(people, 1), lambda *job: _facts(one_figure(*job)), part)


def _of_drawn(people: int, looks: int) -> list[tuple[int, int]]:
    return [(person, number) for number in range(looks) for person in range(DRAWN_FROM, DRAWN_FROM + people)]


def _draw_all(
    folder: Path, jobs: list[tuple[int, int]], draw: Callable[[int, int], dict[str, Any]], part: Part
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(part[0] * SHARD, len(jobs), part[1] * SHARD):
        path = folder / f"shard-{start // SHARD:03}.npz"
        if path.exists():
            continue
        drawn = [draw(*job) for job in jobs[start : start + SHARD]]
        new = path.with_suffix(".new.npz")
        looks = json.dumps([facts.pop("look") for facts in drawn])
        stacked: dict[str, Any] = {name: np.stack([facts[name] for facts in drawn]) for name in drawn[0]}
        np.savez(new, **(stacked | {"looks": np.array(looks)}))
        new.replace(path)
        print(f"{folder.name}: {min(start + SHARD, len(jobs))} of {len(jobs)}", flush=True)


def _facts(drawn: Portrait | Figure) -> dict[str, Any]:
    """What a shard keeps of a picture; a face that cannot be seen has a box and landmarks of minus one."""
    face = drawn.face
    facts: dict[str, Any] = {
        "pictures": drawn.picture,
        "people": np.int64(drawn.who.seed),
        "landmarks": (face.landmarks if face else np.full((5, 2), -1.0)).astype(np.float32),
        "boxes": np.array(face.box if face else [-1.0] * 4, np.float32),
        "look": asdict(drawn.look),
    }
    return facts | ({"skeletons": drawn.skeleton} if isinstance(drawn, Figure) else {})


def _shared(split: Split, person: int, number: int) -> dict[str, str]:
    """For measuring, twenty people at a time share hair and outfit, so that those cannot tell them apart."""
    if split == "training":
        return {}
    look = random_look(np.random.default_rng([person // 20, number, 23]))
    names = ("hair", "hair_colour", "outfit", "outfit_colour")
    return {name: getattr(look, name) for name in names}


@dataclass(frozen=True)
class Renders:
    """All shards of a folder in memory.

    Attributes:
        pictures: NxHxWx3 8-bit RGB, portraits 128x128, bodies 256x160. ``people``: N seeds.
        landmarks: Nx5x2 and ``boxes``: Nx4 in pixels, minus one where no face can be seen.
        looks: N looks.
    """

    pictures: Pixels
    people: np.ndarray[Any, np.dtype[np.int64]]
    landmarks: Floats
    boxes: Floats
    looks: list[Look]

    @classmethod
    def read(cls, folder: Path, pictures: bool = True) -> Renders:
        """All shards, in their order; without ``pictures`` only the facts, which are small."""
        shards = [np.load(path) for path in sorted(folder.glob("shard-[0-9][0-9][0-9].npz"))]
        looks = [Look(**fact) for shard in shards for fact in json.loads(str(shard["looks"]))]

        def whole(name: str) -> Any:
            return np.concatenate([shard[name] for shard in shards])

        drawn = whole("pictures") if pictures else np.zeros((0, SIZE, SIZE, 3), np.uint8)
        return cls(drawn, whole("people"), whole("landmarks"), whole("boxes"), looks)

    def first(self, count: int) -> Renders:
        """The first ``count`` pictures, all of different people where there are so many."""
        return Renders(
            self.pictures[:count], self.people[:count], self.landmarks[:count], self.boxes[:count], self.looks[:count]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--people", type=int, default=6000, help="whom the recogniser learns from")
    parser.add_argument("--looks", type=int, default=8)
    parser.add_argument("--drawn", type=int, default=10_000, help="whom the generator learns from")
    parser.add_argument("--part", default="0/1", help="3/16 draws the fourth of sixteen parts, beside the others")
    given = parser.parse_args()
    mine, parts = map(int, given.part.split("/"))
    part = mine, parts
    draw_shards(given.home / "renders-open", "open", 400, 8, part)
    draw_posed_shards(given.home / "renders-posed", given.drawn, 4, part)
    draw_met_shards(given.home / "renders-met", given.drawn, 4, part)
    draw_figure_shards(given.home / "renders-figures", given.drawn // 2, part)
    draw_shards(given.home / "renders-training", "training", given.people, given.looks, part)


if __name__ == "__main__":
    main()
