"""Every way to blend two faces, on drawn actors whom no part of the pack has seen; a row's rival is the target.

For each of 50 pairs at random (neighbours in the gallery differ by one and the same codeword, so that they would be
chosen pairs), eleven pictures along the way from the first actor to the second with one seed; references are
four renderer frames of each actor in looks at random. Likeness is the cosine to an actor's mean frame by the second
recogniser, which neither draws nor gates:

- Spearman's rank correlation of weight and likeness to the second parent along the way, mean over the pairs;
- at one half, the likeness to each parent against the 95th percentile of strangers (a frame of one actor against the
  references of all others) and against half of the parent's own ceiling (each of its frames against the mean of the
  others), and by how much the two likenesses differ, median over the pairs; the last also by the first recogniser,
  which led the drawing: what lies between the two is what they see otherwise, and no way of leading can mend that;
- with the second actor as outfit alone, how much of what it wears (kind and colour) the picture shows, by the judge,
  beside what the same picture without it shows by chance.

For two faces slerp is the spherical mean, so both are drawn once.
`python -m tests.bench.bench_blend [PAIRS]` prints the whole table of methods as well; fifty pairs take an hour or two.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from blocks.blending import METHODS, blend_parents, compare_parents, path_weights
from blocks.faces import open_faces
from blocks.generate import generate
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references

__all__ = ["Figures", "along", "figures", "markdown", "measure", "spearman"]

PAIRS, POINTS, FRAMES = 50, 11, 4
FIRST = 40_000  # seed of the pairs, and of their pictures
OPEN = (100_000, 1_000_000)  # seeds of the open gallery; the model card's people have lower ones
PROMPT = "short brown hair, neutral, front view, studio"
DRAWN = ("spherical", "mean", "tokens")
SAME_AS = {"slerp": "spherical"}
ORDER, APART, SHARE = 0.9, 0.1, 0.5

Actor = dict[str, Any]


@dataclass
class Figures:
    """What is measured of one method.

    Attributes:
        order: Spearman's correlation, a pair each.
        half: likeness to the first and the second parent at one half, a pair each.
        led: the same by the first recogniser.
        ceilings: of both, a pair each.
        faceless: pictures in which no face was seen; of how many.
    """

    order: list[float] = field(default_factory=list)
    half: list[tuple[float, float]] = field(default_factory=list)
    led: list[tuple[float, float]] = field(default_factory=list)
    ceilings: list[tuple[float, float]] = field(default_factory=list)
    faceless: int = 0
    drawn: int = 0

    @property
    def lesser(self) -> float:
        """Likeness to the parent who is less alike, median."""
        return median(min(pair) for pair in self.half) if self.half else 0.0

    @property
    def share(self) -> float:
        """The lesser of both shares of the own ceiling, median."""
        shares = [min(a / c, b / d) for (a, b), (c, d) in zip(self.half, self.ceilings, strict=True) if c > 0 and d > 0]
        return median(shares) if shares else 0.0

    @property
    def apart(self) -> float:
        """By how much both likenesses differ, median."""
        return _apart(self.half)

    @property
    def led_apart(self) -> float:
        """The same by the first recogniser."""
        return _apart(self.led)

    @property
    def spearman(self) -> float:
        """Mean over the pairs."""
        return fmean(self.order) if self.order else 0.0


def _apart(pairs: Sequence[tuple[float, float]]) -> float:
    return median(abs(a - b) for a, b in pairs) if pairs else 1.0


def measure(pairs: int = PAIRS, points: int = POINTS) -> list[dict[str, Any]]:
    """Rows of every method, then of the outfit."""
    found, strangers, outfit = figures(pairs, points)
    return list(_rows(found, strangers, outfit))


def figures(
    pairs: int = PAIRS, points: int = POINTS, **drawing: Any
) -> tuple[dict[str, Figures], float, tuple[float, float]]:
    """Figures of every method; the 95th percentile of strangers; how much of an outfit is shown, with and without it.

    Args:
        drawing: settings of `blocks.generate.generate` that are not the profile's own.
    """
    seeds = np.random.default_rng(FIRST).choice(np.arange(*OPEN), 2 * pairs, replace=False)
    cast = [_actor(int(seed)) for seed in seeds]
    strangers = float(np.percentile(_impostors(cast), 95))
    found = {name: Figures() for name in DRAWN}
    worn: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(pairs):
            first, second = cast[2 * pair : 2 * pair + 2]
            for name in DRAWN:
                _sweep(found[name], first, second, name, points, FIRST + pair, Path(folder), drawing)
            asked, shown = _outfit(first, second, FIRST + pair, Path(folder), drawing)
            worn.append(shown)
            bare.append(asked)
            print(f"pair {pair + 1} of {pairs}: Spearman {found['spherical'].spearman:.2f}", file=sys.stderr)
    return found, strangers, (fmean(worn), fmean(bare))


def markdown(found: Mapping[str, Figures], strangers: float) -> str:
    """All methods in one table, for the README."""
    head = [
        "| method | Spearman | lesser likeness at ½ | its share of the ceiling | both differ by "
        "| by the first recogniser | no face seen |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    rows = []
    for name, method in METHODS.items():
        one = found.get(SAME_AS.get(name, name))
        if one is None:
            continue
        note = f" (as {METHODS[SAME_AS[name]].title.lower()})" if name in SAME_AS else ""
        missing = one.faceless / max(1, one.drawn)
        rows.append(
            f"| {method.title}{note} | {one.spearman:.2f} | {one.lesser:.2f} | {one.share:.0%} | {one.apart:.2f} "
            f"| {one.led_apart:.2f} | {missing:.0%} |"
        )
    target = f"| *target* | {ORDER:.2f} | {strangers:.2f} (95 % of strangers) | {SHARE:.0%} | {APART:.2f} | | |"
    return "\n".join([*head, *rows, target])


def spearman(first: Sequence[float], second: Sequence[float]) -> float:
    """Rank correlation, ties by their mean rank; 0 where one of them does not vary."""
    ranks = [_ranks(np.asarray(values, np.float64)) for values in (first, second)]
    spread = [float(rank.std()) for rank in ranks]
    if min(spread) == 0:
        return 0.0
    return float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / (spread[0] * spread[1]))


def along(weights: Sequence[float], likeness: Sequence[float | None]) -> float:
    """Spearman over the points at which a face was seen; 0 where fewer than three were."""
    seen = [(weight, value) for weight, value in zip(weights, likeness, strict=True) if value is not None]
    return spearman(*zip(*seen, strict=True)) if len(seen) > 2 else 0.0


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def _actor(seed: int) -> Actor:
    """References of an actor, from frames whose face was found."""
    from PIL import Image

    reader, random = open_faces(threads=1), np.random.default_rng(seed)
    members, frames = [], []
    while len(members) < FRAMES:
        picture = draw_portrait(identity(seed), random_look(random), seed=seed + len(frames)).picture
        frames.append(picture)
        face = next(iter(reader.find(picture)), None)
        second = reader.second_embedding(picture, face) if face is not None else ()
        if face is not None and face.embedding and len(second):
            members.append({"file": str(len(frames)), "embedding": face.embedding, "second": second})
    references = make_references(members, embedder=reader.embedder, domain="pocket", second_embedder=reader.second)
    return {"name": str(seed), "references": references, "picture": Image.fromarray(frames[0])}


def _impostors(cast: Sequence[Actor]) -> list[float]:
    """A frame of each actor against the references of all others, by the second recogniser."""
    faces = np.array([one["references"]["members"][0]["second"] for one in cast])
    people = np.array([one["references"]["second_identity"] for one in cast])
    cosines = faces @ people.T
    return [float(value) for value in cosines[~np.eye(len(cast), dtype=bool)]]


def _sweep(
    into: Figures, first: Actor, second: Actor, method: str, points: int, seed: int, folder: Path, drawing: Mapping
) -> None:
    parents = [{"name": one["name"], "references": one["references"]} for one in (first, second)]
    weights = path_weights(2, points)
    drawn = [_drawn(parents, folder, seed, drawing, method=method, weights=one) for one in weights]
    likes = [_likeness(about, "second") for about in drawn]
    seen = [None if one is None else one[1] for one in likes]
    into.order.append(along([one[1] for one in weights], seen))
    into.drawn += points
    into.faceless += sum(one is None for one in likes)
    middle = likes[points // 2]
    if middle is not None:
        into.half.append(middle)
        into.led.append(_likeness(drawn[points // 2], "raw") or middle)
        into.ceilings.append((_ceiling(first), _ceiling(second)))


def _outfit(first: Actor, second: Actor, seed: int, folder: Path, drawing: Mapping) -> tuple[float, float]:
    """How much of the second actor's outfit is shown where nobody asked for it, and where it is taken."""
    path = folder / "outfit.png"
    second["picture"].save(path)
    face = {"name": first["name"], "references": first["references"]}
    coat = {"name": second["name"], "role": "outfit", "picture": 0}
    taken = _drawn([face, coat], folder, seed, drawing, pictures=[path])
    plain = _drawn([face, {**face, "name": "again"}], folder, seed, drawing, pictures=[path], against=[face, coat])
    shown = [about["blend"]["similarity"][1]["agreement"] or 0.0 for about in (plain, taken)]
    return shown[0], shown[1]


def _drawn(
    parents: Sequence[Mapping[str, Any]],
    folder: Path,
    seed: int,
    drawing: Mapping[str, Any],
    *,
    pictures: Sequence[Path] = (),
    against: Sequence[Mapping[str, Any]] = (),
    **asked: Any,
) -> dict[str, Any]:
    """One picture of a blend, and what it says of its likeness."""
    blended = blend_parents(parents, pictures, prompt=PROMPT, **asked)
    made = generate(
        prompt=blended.prompt,
        identity=blended.identity,
        seed=seed,
        reference_scale=1.0,
        device="cpu",
        threads=1,
        digest="not asked for",
        scratch=folder,
        **drawing,
    )
    found: dict[str, Any] = compare_parents(
        made.picture, list(against or parents), blended.about, pictures, threads=1
    ).about
    return found


def _likeness(about: Mapping[str, Any], by: str) -> tuple[float, float] | None:
    first, second = (one[by] for one in about["blend"]["similarity"])
    return None if first is None or second is None else (first, second)


def _ceiling(one: Actor) -> float:
    return float(one["references"]["ceiling"]["second"])


def _rows(found: Mapping[str, Figures], strangers: float, outfit: tuple[float, float]) -> Iterator[dict[str, Any]]:
    for name, one in found.items():
        title = METHODS[name].title.lower()
        yield _row(f"blend by {title}: Spearman of weight and likeness to the second parent", one.spearman, ORDER)
        yield _row(f"blend by {title}: lesser likeness at one half", one.lesser, strangers, "95 % of strangers")
        yield _row(f"blend by {title}: lesser share of the own ceiling at one half", one.share, SHARE)
        yield _row(f"blend by {title}: difference of both likenesses at one half", one.apart, APART, better="lower")
        yield _row(f"blend by {title}: the same by the first recogniser", one.led_apart, APART, better="lower")
    yield _row("blend: outfit of the second, agreement", outfit[0], outfit[1], "the same picture without it", "share")


def _row(
    name: str, ours: float, rival: float, rival_name: str = "target", unit: str = "cosine", better: str = "higher"
) -> dict[str, Any]:
    unit = "correlation" if "Spearman" in name else "share" if "share" in name else unit
    ratio = ours / rival if rival else 0.0
    return {
        "name": name,
        "ours": round(ours, 4),
        "rival": round(rival, 4),
        "rival_name": rival_name,
        "ratio": round(ratio, 3),
        "unit": unit,
        "better": better,
    }


if __name__ == "__main__":
    methods, beyond, shown = figures(int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)
    for row in _rows(methods, beyond, shown):
        print(row)
    print(markdown(methods, beyond))
