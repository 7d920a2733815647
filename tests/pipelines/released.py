"""The list of released blocks: what each one's source was when its version was set.

    python -m tests.pipelines.released                  after a new block, or a new version
    python -m tests.pipelines.released --same-results   after a change that cannot change results (a comment, a name)

A result is known by the key of its block, its version and its source. Stored results stay right without this list;
what it guards is the version, which is what people compare and what is written into files.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from blocks.block import block_of

__all__ = ["LIST", "blocks", "current", "problems", "released"]

LIST = Path(__file__).with_name("released_blocks.json")
_ROOT = Path(__file__).parents[2]
_ROOMS = ("blocks", "enhance", "lora")

Released = dict[str, dict[str, str]]


def blocks() -> Iterator[tuple[str, str]]:
    """Module and function of every block of the lab, read from the text so that nothing else is imported."""
    for room in _ROOMS:
        for file in sorted((_ROOT / room).rglob("*.py")):
            module = ".".join(file.relative_to(_ROOT).with_suffix("").parts)
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.FunctionDef) and any(_declares(d) for d in node.decorator_list):
                    yield module, node.name


def current() -> Released:
    """Every block as it is now."""
    found = {}
    for module, name in blocks():
        about = block_of(getattr(importlib.import_module(module), name))
        found[about.name] = {"version": about.version, "digest": about.digest}
    return found


def released() -> Released:
    """Every block as it was recorded."""
    return json.loads(LIST.read_text()) if LIST.exists() else {}


def problems(before: Released, now: Released) -> list[str]:
    """What is wrong, each with what to do about it."""
    command = "`python -m tests.pipelines.released`"
    found = []
    for name, about in now.items():
        known = before.get(name)
        if known is None or known["version"] != about["version"]:
            found.append(f"{name} {about['version']} is not in the list; run {command}.")
        elif known["digest"] != about["digest"]:
            found.append(
                f"The source of {name} has changed and its version is still {about['version']}: raise it if results "
                f"may differ and run {command}, or run that with --same-results."
            )
    return found + [f"{name} is gone; run {command}." for name in before.keys() - now.keys()]


def _declares(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "id", getattr(called, "attr", "")) == "block"


def main(arguments: list[str]) -> int:
    before, now = released(), current()
    changed = [p for p in problems(before, now) if "still" in p]
    if changed and "--same-results" not in arguments:
        print("\n".join(changed), file=sys.stderr)
        return 1
    LIST.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n")
    print(f"{len(now)} blocks recorded in {LIST.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
