"""Scores a picture against a plain insightface loop, and search by face against numpy in memory.

Scoring: both read the same portraits from files, with the pocket face pack, on one thread, turn by turn; figures are
medians of processor milliseconds a picture. Ours asks a second recogniser as well, which the loop does not have. The
loop runs as it comes (`prepare` without a size: the detector looks at 128 and at 640 pixels), and prepared at the one
size that ours begins with.

Search: a million vectors of 512 numbers, ours from its files on the disk, numpy from an array in memory; medians of
processor milliseconds after a first search. Within one character the rival is the time that is allowed.
`python -m tests.bench.bench_scores`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from blocks.scores.score import score_pictures
from data.vectors import VectorIndex

__all__ = ["measure"]

PICTURES = 96
ROUNDS = 5
SIZE = 160
VECTORS = 1_000_000
SEARCHES = 9
OF_ONE = 5_000
ALLOWED = 50.0


def measure() -> list[dict[str, Any]]:
    """Rows of scoring, then of search."""
    return [*_scoring(), *_search()]


def _scoring() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        paths = _portraits(Path(folder))
        references = _references(paths[:4])
        as_it_comes, at_one_size = _loop(None), _loop((SIZE, SIZE))

        def ours() -> list[float]:
            return [score["raw"] for score in score_pictures(paths, [references], threads=1)]

        wanted = np.array(references["identity"])
        runs = [ours, lambda: as_it_comes(paths, wanted), lambda: at_one_size(paths, wanted)]
        _check(runs[0](), runs[2]())
        mine, default, fixed = (figure * 1000 / PICTURES for figure in _medians(runs, ROUNDS))
    name = "scoring a portrait of 128 pixels"
    return [
        _row(name, mine, default, "insightface loop, as it comes", "ms"),
        _row(f"{name}, loop at ours' size", mine, fixed, f"insightface loop at {SIZE}, one recogniser", "ms"),
    ]


def _portraits(folder: Path) -> list[Path]:
    from PIL import Image

    random, paths = np.random.default_rng(1), []
    for number in range(PICTURES):
        picture = draw_portrait(identity(7_000 + number % 8), random_look(random), 128, seed=number).picture
        paths.append(folder / f"{number:03d}.png")
        Image.fromarray(picture).save(paths[-1])
    return paths


def _references(paths: Sequence[Path]) -> dict[str, Any]:
    from PIL import Image

    reader = open_faces(threads=1)
    pictures = [np.asarray(Image.open(path)) for path in paths]
    faces = [found[0] for found in reader.find_many(pictures)]
    seconds = reader.second_embeddings(list(zip(pictures, faces, strict=True)))
    members = [{"embedding": f.embedding, "second": second} for f, second in zip(faces, seconds, strict=True)]
    return make_references(members, embedder=reader.embedder, domain=reader.domain, second_embedder=reader.second)


def _loop(size: tuple[int, int] | None) -> Callable[[Sequence[Path], np.ndarray], list[float]]:
    """What anybody would write with insightface."""
    import cv2
    import onnxruntime
    from insightface.app import FaceAnalysis

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    app = FaceAnalysis(name=str(open_faces().pack.folder), sess_options=options)
    app.prepare(ctx_id=-1, det_size=size)

    def scores(paths: Sequence[Path], wanted: np.ndarray) -> list[float]:
        found = []
        for path in paths:
            faces = app.get(cv2.imread(str(path)))
            largest = max(faces, key=lambda f: (f.bbox[2] - f.bbox[0]) * (f.bbox[3] - f.bbox[1]), default=None)
            found.append(float("nan") if largest is None else float(largest.normed_embedding @ wanted))
        return found

    return scores


def _check(ours: list[float], theirs: list[float]) -> None:
    """At one size both see the same, so that their times compare."""
    off = np.abs(np.array(ours, float) - theirs)
    if np.nanmedian(off) > 1e-3:
        raise RuntimeError(f"the scores differ by {np.nanmedian(off):.3f}, so their times do not compare")


def _search() -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        index = VectorIndex(Path(folder), "e" * 64)
        memory = np.empty((VECTORS, 512), np.float32)
        random = np.random.default_rng(2)
        names = [str(n) for n in range(VECTORS)]
        for start in range(0, VECTORS, 20_000):
            rows = random.standard_normal((20_000, 512), np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            memory[start : start + 20_000] = rows
        index.rewrite((names[n : n + 100_000], memory[n : n + 100_000]) for n in range(0, VECTORS, 100_000))
        query = memory[4321] + memory[99] / 2
        query /= np.linalg.norm(query)
        of_one = {str(n) for n in random.choice(VECTORS, OF_ONE, replace=False)}

        def plain() -> list[int]:
            cosines = memory @ query
            best = np.argpartition(-cosines, 10)[:10]
            return best[np.argsort(-cosines[best])].tolist()

        if [int(name) for name, _ in index.nearest(query)] != plain():
            raise RuntimeError("the ten nearest differ, so the times do not compare")
        mine, theirs = _medians([lambda: index.nearest(query), plain], SEARCHES)
        [narrow] = _medians([lambda: index.nearest(query, within=of_one)], SEARCHES)
    return [
        _row("ten nearest of a million faces, from the disk", mine * 1000, theirs * 1000, "numpy in memory", "ms"),
        _row(f"ten nearest of one character's {OF_ONE} in a million", narrow * 1000, ALLOWED, "what is allowed", "ms"),
    ]


def _medians(runs: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Seconds of each, turn by turn, after a first time that does not count."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(-1, rounds):
        for place, run in enumerate(runs):
            start = time.process_time()
            run()
            if turn >= 0:
                times[place].append(time.process_time() - start)
    return [median(column) for column in times]


def _row(name: str, ours: float, rival: float, rival_name: str, unit: str) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(ours, 3),
        "rival": round(rival, 3),
        "rival_name": rival_name,
        "ratio": round(ours / rival, 3),
        "unit": unit,
        "better": "lower",
    }


if __name__ == "__main__":
    for row in measure():
        print(row)
