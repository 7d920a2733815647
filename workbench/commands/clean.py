"""``clean``: free space by moving what can be made again to the trash; nothing goes without --yes."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("clean", help="see where the space went, and free it", description=__doc__)
    command.add_argument("--yes", action="store_true", help="really move it to the trash")
    command.add_argument(
        "--class",
        dest="classes",
        action="append",
        choices=["cache", "transient"],
        help="only this class (default: both)",
    )
    command.add_argument("--older-than", type=float, default=0.0, metavar="DAYS", help="only what is older")
    command.add_argument("--undo", action="store_true", help="take the last cleaning back")
    command.add_argument("--empty-trash", action="store_true", help="delete the trash for good")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look, clean, undo, or empty the trash."""
    from pipelines import Lab
    from workbench.commands._table import print_json, size

    with Lab.open() as lab:
        if args.undo:
            said, result = "Back from the trash: {files} files.", {"files": lab.undo_clean()}
        elif args.empty_trash:
            files, count = lab.empty_trash()
            said, result = "Deleted {files} files, {size}.", {"files": files, "bytes": count}
        else:
            classes = tuple(args.classes or ("transient", "cache"))
            result = lab.clean(classes=classes, older_than=args.older_than * 86400, dry=not args.yes)
            said = "To the trash: {files} files, {size}; undo with --undo, delete for good with --empty-trash."
            if not args.yes:
                said = "Would free {size} ({files} files that can be made again); do it with --yes."
        use = lab.disk_use()
    if args.json:
        print_json({**result, "use": use})
        return 0
    for kind, used in use["classes"].items():
        print(f"{kind:10} {used['files']:6} files  {size(used['bytes'])}")
    print(f"{'trash':10} {use['trash']['files']:6} files  {size(use['trash']['bytes'])}")
    print(said.format(files=result["files"], size=size(result.get("bytes", 0))))
    return 0
