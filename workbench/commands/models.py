"""``models``: the models that are here and those that could be; bring one of your own, remove it, take it back.

A file that is brought is checked as it would be when it is opened, and nothing in it is run. It is copied into the
home and never takes the place of another.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("models", help="list models, bring or remove one", description=__doc__)
    command.add_argument("action", nargs="?", default="list", choices=["list", "add", "remove", "restore"])
    command.add_argument("what", nargs="?", metavar="FILE|NAME", help="for add: the file; else: the model")
    command.add_argument("--name", default="", help="for add: the file name to keep it under (default: its own)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at the models, or a change."""
    from blocks.errors import InputError
    from pipelines import Lab
    from workbench.commands._table import print_json

    if args.action != "list" and args.what is None:
        raise InputError(f"Which model? python -m workbench models {args.action} {_wanted(args.action)}")
    with Lab.open() as lab:
        if args.action == "list":
            models = lab.models()
            print_json(models) if args.json else _tell(models)
        elif args.action == "remove":
            file = lab.remove_model(args.what)
            said = f"{file} is in the trash; take it back with: python -m workbench models restore {file}"
            print_json({"removed": file}) if args.json else print(said)
        else:
            add, restore = lab.add_model, lab.restore_model
            info = add(Path(args.what), args.name) if args.action == "add" else restore(args.what)
            print_json(info) if args.json else print(f"{info.name}: {info.title}; {info.kind}, kept as {info.file}")
    return 0


def _wanted(action: str) -> str:
    return "FILE" if action == "add" else "NAME"


def _tell(models: list[Any]) -> None:
    from workbench.commands._table import size, table

    rows = [(m.name, m.kind, m.family, _factors(m), m.licence, size(m.size) if m.size else "", m.state) for m in models]
    print(table(("model", "for", "family", "factors", "licence", "size", ""), rows))
    for model in models:
        if model.why:
            print(f"  {model.name}: {model.why}")


def _factors(model: Any) -> str:
    """``2* 3* 4``: a star marks what is reduced from the network's own."""
    return " ".join(f"{scale}{'*' if scale in model.notes else ''}" for scale in model.scales)
