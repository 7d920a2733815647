"""``home``: what the lab's folder holds and how it is set; copies of its database; who did what.

use: where the space went. settings: every setting and where its value comes from. copy: copy the database now, while
everything goes on. copies: those there are. audit: the last things that were done. check: whether that record is whole.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("home", help="disk use, settings, copies, who did what", description=__doc__)
    command.add_argument(
        "action", nargs="?", default="use", choices=["use", "settings", "copy", "copies", "audit", "check"]
    )
    command.add_argument("--limit", type=int, default=20, help="for audit: how many entries (default: 20)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look, or a copy; 1 if the record is not whole."""
    from pipelines import Lab
    from workbench.commands._table import print_json

    with Lab.open() as lab:
        found = _look(lab, args)
    if args.json:
        print_json(found)
    else:
        _tell(args.action, found)
    return int(args.action == "check" and bool(found.problem))


def _look(lab: Any, args: argparse.Namespace) -> Any:
    match args.action:
        case "use":
            return lab.disk_use()
        case "settings":
            return _settings(lab.settings)
        case "copy":
            return lab.copy_database()
        case "copies":
            return lab.copies()
        case "audit":
            return lab.audit(max(1, args.limit))
        case _:
            return lab.check_audit()


def _settings(settings: Any) -> list[dict[str, str]]:
    rows = []
    for name, field in type(settings).model_fields.items():
        variable = f"LAB_{name.upper()}"
        origin = "set" if variable in os.environ else "default"
        value = str(getattr(settings, name))
        rows.append({"variable": variable, "value": value, "from": origin, "meaning": field.description or ""})
    return rows


def _tell(action: str, found: Any) -> None:
    from workbench.commands._table import ago, size, table

    match action:
        case "use":
            parts = {**found["classes"], **found["others"], "trash": found["trash"]}
            rows = [(name, one["files"], size(one["bytes"])) for name, one in parts.items()]
            print(table(("what", "files", "size"), [*rows, ("free", "", size(found["free"]))]))
        case "settings":
            print(table(("variable", "value", "", "meaning"), [tuple(row.values()) for row in found]))
        case "copy":
            print(f"{found.path} ({size(found.bytes)})")
        case "copies":
            rows = [(str(one.path), size(one.bytes), ago(one.at)) for one in found]
            print(
                table(("copy", "size", "when"), rows) if rows else "None yet; take one: python -m workbench home copy"
            )
        case "audit":
            entries = [(entry.sequence, ago(entry.at), entry.who, entry.action, entry.subject) for entry in found]
            print(table(("", "when", "who", "what", "to what"), entries))
        case _:
            print(found.problem or f"Whole: all {found.entries} entries checked.")
