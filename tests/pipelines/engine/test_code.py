"""A function's digest holds what it does, and nothing else."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

SOURCE = '''
import enum, json, re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

TABLE = {"x": 1}

class Both(NamedTuple):
    low: int
    high: int

@dataclass(frozen=True)
class Fact:
    n: int = 1
    def twice(self):
        return self.n * 2

class Kind(enum.Enum):
    A = "a"

class Base:
    def say(self):
        return "base"

class Derived(Base):
    def say(self):
        return super().say() + "derived"

def helper(x):
    return json.dumps(TABLE) + str(x)

def step(x: int, y: int = 3) -> Both:
    """Says."""
    if x in {"alpha", "beta", "gamma", "delta"}:
        return Both(1, Fact(2).twice())
    return Both(len(helper(x) + Derived().say()), [Kind.A for _ in range(y)])
'''

SCRIPT = """
import importlib.util, sys
from pipelines.engine.code import by_value
spec = importlib.util.spec_from_file_location("chain", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["chain"] = module
spec.loader.exec_module(module)
print(by_value((module.step, None, None))[1])
"""


@pytest.fixture
def digest(tmp_path: Path) -> object:
    """Digest of `step` in a source, in a process of its own with another order of sets."""
    seeds = iter(range(100))

    def of(source: str) -> str:
        (tmp_path / "chain.py").write_text(source)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(next(seeds))}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"  # it could not tell edits within a second apart
        command = [sys.executable, "-c", SCRIPT, str(tmp_path / "chain.py")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    return of


def test_it_is_the_same_in_every_process_and_wherever_the_code_stands(digest) -> None:  # type: ignore[no-untyped-def]
    first = digest(SOURCE)
    assert digest(SOURCE) == first
    assert digest("# a comment\n\n" + SOURCE.replace("def helper", "# another\ndef helper")) == first
    assert digest(SOURCE + "\ndef unused():\n    return 1\n") == first


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"delta"}', '"epsilon"}'),
        ("y: int = 3", "y: int = 4"),
        ('{"x": 1}', '{"x": 2}'),
        ("str(x)", "repr(x)"),
        ("self.n * 2", "self.n * 3"),
        ("n: int = 1", "n: int = 5"),
        ('A = "a"', 'A = "b"'),
        ('return "base"', 'return "basis"'),
        ("low: int\n", "lower: int\n"),
        ("range(y)", "range(y + 1)"),
    ],
)
def test_whatever_a_result_depends_on_changes_it(digest, old: str, new: str) -> None:  # type: ignore[no-untyped-def]
    assert SOURCE.count(old) == 1
    assert digest(SOURCE) != digest(SOURCE.replace(old, new))


def test_the_pickle_is_read_where_the_module_is_not(tmp_path: Path) -> None:
    (tmp_path / "chain.py").write_text(SOURCE)
    script = SCRIPT.replace(
        "print(by_value((module.step, None, None))[1])",
        "sys.stdout.buffer.write(by_value((module.step, None, None))[0])",
    )
    command = [sys.executable, "-c", script, str(tmp_path / "chain.py")]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    step, _, _ = pickle.loads(done.stdout)
    assert tuple(step("alpha")) == (1, 4)
