"""Compiled plans on disk, so that a command need not import Gradio to learn what a chain looks like.

A plan is good for as long as no source file of the lab, and not the chain's own file, has changed.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

from pipelines.catalog import ChainFile
from pipelines.engine.plan import Plan

__all__ = ["keep", "recall", "state_of"]

_ROOT = Path(__file__).parent.parent
_ROOMS = ("blocks", "enhance", "lora", "pipelines")


def state_of(chain: ChainFile, choices: Mapping[str, int]) -> str:
    """A hash of everything a compiled plan depends on, from the files' sizes and times."""
    status = chain.path.stat()
    facts = [chain.name, str(chain.path), status.st_mtime_ns, status.st_size, sorted(choices.items()), _sources()]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def recall(folder: Path, state: str) -> Plan | None:
    """The plan that was kept for a state, or None."""
    import pickle

    try:
        plan = pickle.loads((folder / f"{state}.plan").read_bytes())
    except Exception:  # a plan that cannot be read is only made again, and pickles may fail with anything
        return None
    return plan if isinstance(plan, Plan) else None


def keep(folder: Path, state: str, plan: Plan) -> None:
    """Keep a plan, and drop older ones of the same chain; a disk that refuses costs only the next start."""
    import cloudpickle

    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f".{state}.{os.getpid()}"
        half.write_bytes(cloudpickle.dumps(plan))
        half.replace(folder / f"{state}.plan")
        for old in sorted(folder.glob("*.plan"), key=lambda p: p.stat().st_mtime)[:-64]:
            old.unlink()


@cache
def _sources() -> str:
    """The lab's own code, once a process: code that changes under a running process does not change the process."""
    found = sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for room in _ROOMS for p in _files(_ROOT / room))
    software = [sys.version, metadata.version("daggr"), metadata.version("gradio")]
    return hashlib.sha256(repr([found, software]).encode()).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.py")
