"""``pipelines``: the chains there are, or one of them with its steps and inputs."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("pipelines", help="list pipelines, or one's steps and inputs", description=__doc__)
    command.add_argument("pipeline", nargs="?", help="its name")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at the chains, or at one."""
    from pipelines import Lab

    with Lab.open() as lab:
        if args.pipeline is None:
            return _list(lab.pipelines(), str(lab.home / "pipelines"), args.json)
        return _show(lab.pipeline(args.pipeline), args.json)


def _list(chains: Any, folder: str, as_json: bool) -> int:
    from workbench.commands._table import print_json, table

    if as_json:
        print_json(chains)
        return 0
    rows = [(c.name, "lab" if c.own else "yours", f"broken: {c.error}" if c.error else c.description) for c in chains]
    print(table(("name", "whose", "what"), rows))
    print(f"\nYour own go into {folder}; each is a Python file with a build() that returns a daggr.Graph.")
    return 0


def _show(chain: Any, as_json: bool) -> int:
    from workbench.commands._table import print_json, table

    if as_json:
        print_json(chain)
        return 0
    print(f"{chain.title}: {chain.description}\nsteps: {', '.join(chain.steps)}\n")
    rows = [
        (i.name, i.step, "needed" if i.required else _default(i.default), i.options.get("info", ""))
        for i in chain.inputs
    ]
    print(table(("input", "of", "default", ""), rows))
    return 0


def _default(value: Any) -> str:
    from workbench.commands._table import as_json

    name = getattr(value, "name", None)
    text = str(name) if name else as_json(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
