"""Everything, from nothing to weights, figures and model card.

    python -m blocks.pocket.training --home DIR

Stopped anywhere it goes on where it was when it is called again. Two to three hours on two cores, of which the
generator takes half; see `blocks.pocket.training` for the single steps.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

__all__ = ["STAGES", "main"]

STAGES: tuple[tuple[str, ...], ...] = (
    ("renders", "--people", "6000", "--looks", "8"),
    ("autoencoder", "--steps", "5000", "--polish", "6000"),
    ("recogniser", "--steps", "5500"),
    ("detector", "--steps", "17400"),
    ("recogniser", "--second", "--steps", "1700"),
    ("judges", "--steps", "5000"),
    ("lessons",),
    ("decoder", "--steps", "2600"),
    ("generator", "--steps", "14800"),
    ("pose", "--steps", "700"),
    ("publish",),
    ("calibrate",),
    ("measure",),
)
"""Modules of this package in their order, with what they are given besides ``--home``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder of renders, checkpoints and results")
    home = parser.parse_args().home
    for name, *given in STAGES:
        print(f"== {name} {' '.join(given)}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"blocks.pocket.training.{name}", "--home", str(home), *given])
        if done.returncode:
            raise SystemExit(f"{name} failed; what it says is above. Call again to go on from its last checkpoint.")


if __name__ == "__main__":
    main()
