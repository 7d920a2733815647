"""The standard variation grid of actors nobody was trained on, drawn by the pocket pack through the lab's own jobs.

For each actor a reference set of drawn frames is made, the whole grid is filled on two slots, and its pictures are
read: the time against the fifteen minutes that are aimed at; the share of expression and view cells in which the judge
(`blocks.pocket.reader.read_look`) sees what the cell is called; and, for each section, how like the actor's held-out
frames the pictures are by the second recogniser, which neither leads nor gates, beside how like those frames are to
one another. `python -m tests.bench.bench_grid [ACTORS]`; a run is kept to PEOPLE.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from blocks.faces import FaceReader, open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from blocks.pocket.reader import read_look
from blocks.scores.references import make_references
from pipelines.lab import Lab
from pipelines.settings import Settings
from pipelines.variations import CellInfo

__all__ = ["measure"]

PEOPLE = 3
FIRST = 940_000  # identities of the split that no training draws
GIVEN, HELD_OUT = 8, 6  # frames of an actor: for the references, and to compare with
SLOTS = 2
TARGET_SECONDS, TARGET_READ = 900.0, 0.85


def measure(people: int = PEOPLE) -> list[dict[str, Any]]:
    """Seconds, shares and likeness over some actors."""
    faces, seconds, ceilings = open_faces(threads=1), [], []
    right: dict[str, list[bool]] = defaultdict(list)
    alike: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home", cpu_slots=SLOTS, gpu_slots=0, warm=SLOTS)
        with Lab.open(settings=settings) as lab:
            for number in range(people):
                character, held_out = _actor(lab, faces, FIRST + number, Path(folder))
                began = time.perf_counter()
                _fill(lab, character)
                seconds.append(time.perf_counter() - began)
                ceilings.append(_ceiling(held_out))
                _read(lab, faces, character, held_out, right, alike)
    return _rows(seconds, right, alike, statistics.mean(ceilings))


def _actor(lab: Lab, faces: FaceReader, seed: int, folder: Path) -> tuple[str, np.ndarray[Any, Any]]:
    """A character whose references are drawn frames of an actor, and second embeddings of other frames."""
    import cv2

    random = np.random.default_rng(seed)
    members, files, held_out = [], [], []
    for number in range(GIVEN + HELD_OUT):
        look = random_look(random, view=("front", "half_left", "half_right")[number % 3], lighting="photostudio")
        pixels = draw_portrait(identity(seed), look).picture
        found = faces.find(pixels)
        if not found:
            continue
        second = faces.second_embedding(pixels, found[0])
        if number >= GIVEN:
            held_out.append(second)
            continue
        path = folder / f"{seed}-{number}.png"
        cv2.imwrite(str(path), pixels[..., ::-1])
        files.append(lab.import_file(path))
        members.append({"file": path.name, "view": look.view, "embedding": found[0].embedding, "second": second})
    whom = make_references(members, embedder=faces.embedder, domain=faces.domain, second_embedder=faces.second)
    made = lab.create_character(f"Actor {seed}", references=whom, reference_files=files)
    return made.id, np.array([one for one in held_out if one])


def _fill(lab: Lab, character: str) -> None:
    for job in lab.generate_cells(character):
        ended = lab.wait(job.id)
        if ended.state != "SUCCEEDED":
            raise RuntimeError(f"{ended.title} did not end well: {ended.error}")


def _ceiling(held_out: np.ndarray[Any, Any]) -> float:
    """How like one another real frames are: each against the mean of the others."""
    rest = [_mean(np.delete(held_out, place, axis=0)) for place in range(len(held_out))]
    return float(np.mean([one @ mean for one, mean in zip(held_out, rest, strict=True)]))


def _read(
    lab: Lab,
    faces: FaceReader,
    character: str,
    held_out: np.ndarray[Any, Any],
    right: dict[str, list[bool]],
    alike: dict[str, list[float]],
) -> None:
    """What the judge and the second recogniser say of every cell."""
    import cv2

    cells = [cell for cell in lab.grid(character) if cell.standing.current]
    pictures = [cv2.imread(lab.media(cell.standing.current.picture.digest).path)[..., ::-1].copy() for cell in cells]  # type: ignore[union-attr]
    whom = _mean(held_out)
    for cell, pixels, look in zip(cells, pictures, read_look(pictures), strict=True):
        for what, agrees in _agreement(cell, {name: best for name, (best, _) in look.items()}).items():
            right[what].append(agrees)
        found = faces.find(pixels) if cell.scored else []
        if cell.scored:
            right["a face found"].append(bool(found))
        if found and (second := faces.second_embedding(pixels, found[0])):
            alike[cell.section].append(float(np.array(second) @ whom))


def _agreement(cell: CellInfo, look: dict[str, str]) -> dict[str, bool]:
    """Whether an expression or view cell shows what its key says."""
    kind, _, name = cell.key.partition("_")
    if cell.key == "base_face" or kind == "expression":
        agrees = look["expression"] == ("neutral" if cell.key == "base_face" else name)
        return {"expressions": agrees, "expression and view cells": agrees}
    if kind != "view":
        return {}
    view = name.startswith(look["view"])
    whole = f"{look['view']}_{look['lighting']}" == name
    return {"views": view, "views in their light": whole, "expression and view cells": view}


def _mean(embeddings: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _rows(
    seconds: list[float], right: dict[str, list[bool]], alike: dict[str, list[float]], ceiling: float
) -> list[dict[str, Any]]:
    rows = [_row("the standard set on two slots", statistics.median(seconds), TARGET_SECONDS, "s", "lower", "target")]
    for what in ("expression and view cells", "expressions", "views", "views in their light", "a face found"):
        name = f"read as labelled, {what}" if what != "a face found" else "a face found where one is expected"
        rows.append(_row(name, float(np.mean(right[what])), TARGET_READ, "share", "higher", "target"))
    for section, values in alike.items():
        name = f"held-out likeness, {section}"
        rows.append(_row(name, float(np.mean(values)), ceiling, "cosine", "higher", "real frames of the same actors"))
    return rows


def _row(name: str, ours: float, rival: float, unit: str, better: str, rival_name: str) -> dict[str, Any]:
    facts = {"ours": ours, "rival": rival, "ratio": ours / rival, "unit": unit, "better": better}
    return {"name": f"grid: {name}", "rival_name": rival_name, **facts}


if __name__ == "__main__":
    from tests.bench.__main__ import table, tidy

    print(table(tidy(row) for row in measure(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)))
