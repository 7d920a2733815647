"""What a cosine of the recogniser means: fitted on people whom neither it nor any test has seen.

    python -m blocks.pocket.training.calibrate [--people 90] [--looks 28]

Needs the published face pack. Pictures are drawn, faces are found as the lab finds them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from blocks.pocket.canvas import Floats
from blocks.pocket.identity import Split
from blocks.pocket.pack import WEIGHTS
from blocks.pocket.training.published import PackReader
from blocks.pocket.training.renders import one_render
from blocks.scores.calibration import Calibration, fit, trials_of

Numbers = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["DOMAIN", "GATE", "gallery", "main", "rates_at_gate"]

DOMAIN = "pocket"
GATE = 0.85


def gallery(reader: PackReader, split: Split, people: int, looks: int, first: int = 0) -> tuple[Floats, Numbers]:
    """Embeddings of people in many looks, and whose they are; zeros where no face was found."""
    seeds = range(first, first + people)
    pictures = [one_render(split, seed, 200 + number).picture for seed in seeds for number in range(looks)]
    embeddings = reader.first(pictures)
    return np.nan_to_num(embeddings), np.repeat(np.array(seeds, np.int64), looks)


def rates_at_gate(calibration: Calibration, embeddings: Floats, people: Numbers, count: int) -> tuple[float, float]:
    """Shares of strangers and of the person's own pictures that pass the gate, with ``count`` references."""
    usable = np.linalg.norm(embeddings, axis=1) > 0.5
    trials = trials_of(embeddings[usable], people[usable], count, np.random.default_rng(1))
    least = calibration.cosine_at(GATE, count)
    return float((trials.impostor >= least).mean()), float((trials.genuine >= least).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="not needed; accepted as by every stage")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--people", type=int, default=90)
    parser.add_argument("--looks", type=int, default=28)
    given = parser.parse_args()
    reader = PackReader(given.out)
    embeddings, people = gallery(reader, "calibration", given.people, given.looks)
    calibration = fit(embeddings, people, embedder=reader.embedder, domain=DOMAIN)
    calibration.write(given.out / "calibration.json")
    for count in sorted(calibration.curves):
        far, tar = rates_at_gate(calibration, embeddings, people, count)
        least = calibration.cosine_at(GATE, count)
        print(f"{count} references: {GATE} is a cosine of {least:.3f}; false accepts {far:.2%}, true accepts {tar:.1%}")


if __name__ == "__main__":
    main()
