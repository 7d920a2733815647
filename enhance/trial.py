"""Open a checkpoint as it would be opened to be used, in a process of its own: ``python -m enhance.trial FILE``.

For architectures that names and shapes alone do not tell. Torch stays out of the process that asks, and a file that
takes all memory takes only this process with it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from blocks.errors import InputError, LabError, UnreadableFile

__all__ = ["try_out"]

PATIENCE = 180.0  # seconds; a checkpoint of a gigabyte opens in ten
ROOT = Path(__file__).parents[1]


def try_out(path: Path) -> None:
    """Open a checkpoint, elsewhere.

    Raises:
        UnreadableFile: it cannot be opened, or nothing here knows its architecture; the message says which.
    """
    command = [sys.executable, "-m", "enhance.trial", str(path.absolute())]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnreadableFile(
            f"{path.name} could not be opened within {PATIENCE:.0f} seconds; it may be too large for this machine."
        ) from error
    if done.returncode:
        why = done.stdout.strip() or f"{path.name} cannot be opened here; it may be too large for this machine."
        raise UnreadableFile(why)


def _open(path: Path) -> None:
    from enhance._checkpoints import load_state
    from enhance._torch_network import describe

    model = describe(load_state(path), path.name)
    if model.input_channels not in (1, 3) or model.output_channels not in (1, 3):
        raise InputError(f"{path.name} wants {model.input_channels} channels; only grey and RGB models can be used.")


if __name__ == "__main__":
    try:
        _open(Path(sys.argv[1]))
    except LabError as error:
        print(error)
        sys.exit(1)
