"""``sheet``: the pictures of a character's grid put together on one sheet, for print.

contact: all of them, row by row. views: the eight of the reference sheet. profile: 9:16, the full body with two or
three heads in the corners. A PNG at 300 dots an inch, in which no picture is made smaller and nothing is written.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add"]

KINDS = ("contact", "views", "profile")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("sheet", help="put a character's grid on one sheet", description=__doc__)
    command.add_argument("character", metavar="CHARACTER", help="slug or id; `characters` lists them")
    command.add_argument("--kind", choices=KINDS, required=True, help="which sheet")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .png file to write")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compose, follow, copy out."""
    from blocks.errors import InputError, LabError
    from pipelines import Lab
    from pipelines.show import copy_to
    from workbench.commands._following import follow_all
    from workbench.commands._table import print_json

    target = args.out.expanduser().absolute()
    if target.suffix.lower() != ".png":
        raise InputError(f"A sheet is a PNG; call the file {target.with_suffix('.png').name}.")
    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file in it.")
    with Lab.open() as lab:
        [job] = follow_all(lab, [lab.compose_sheet(args.character, args.kind)])
        if job.state != "SUCCEEDED":
            raise LabError(job.error or "The job was stopped.")
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_to(lab, lab.result(job.id)["picture"], target)
    width, height, dpi = _facts(target)
    told = {"file": str(target), "kind": args.kind, "width": width, "height": height, "dpi": dpi, "job": job.id}
    print_json(told) if args.json else print(f"{target}  {width} × {height} pixels at {dpi} dpi")
    return 0


def _facts(path: Path) -> tuple[int, int, int]:
    """Width and height in pixels, and dots an inch."""
    from PIL import Image

    with Image.open(path) as sheet:
        return (*sheet.size, round(sheet.info.get("dpi", (0, 0))[0]))
