"""``sheet``: the pictures of a character's grid put together on one sheet, for print; or one drawn as a single picture.

contact: all of them, row by row. views: the eight of the reference sheet. profile: 9:16, the full body with two or
three heads in the corners. A PNG at 300 dots an inch, in which no picture is made smaller and nothing is written.

With --model, views and profile are drawn as one generated picture, by a model that is shown pictures of the person
(FLUX.2, FLUX Kontext, Qwen-Image-Edit Plus, Z-Image Omni); each face in it is scored. Nothing takes the place of a
composed sheet.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import JobInfo
    from pipelines import Lab

__all__ = ["add"]

KINDS = ("contact", "views", "profile")
_DRAWN_WITH = ("seed", "steps", "guidance", "width", "height", "pack")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("sheet", help="put a character's grid on one sheet", description=__doc__)
    command.add_argument("character", metavar="CHARACTER", help="slug or id; `characters` lists them")
    command.add_argument("--kind", choices=KINDS, required=True, help="which sheet")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="the .png file to write")
    command.add_argument("--model", metavar="ID", help="draw it as one picture with this model (default: compose it)")
    command.add_argument("--seed", type=int, metavar="N", help="of a drawn sheet (default: drawn by lot)")
    command.add_argument("--steps", type=int, help="of a drawn sheet (default: what suits the model)")
    command.add_argument("--guidance", type=float, help="of a drawn sheet (default: what suits the model)")
    command.add_argument("--width", type=int, metavar="PIXELS", help="of a drawn sheet (default: what suits the model)")
    command.add_argument("--height", type=int, metavar="PIXELS", help="of a drawn sheet")
    command.add_argument("--pack", metavar="ID", help="face pack that scores it (default: the lab's own)")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compose or draw, follow, copy out."""
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
        [job] = follow_all(lab, [_asked(lab, args)])
        if job.state != "SUCCEEDED":
            raise LabError(job.error or "The job was stopped.")
        made = lab.result(job.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_to(lab, made["picture"], target)
    width, height, dpi = _facts(target)
    told = {"file": str(target), "kind": args.kind, "width": width, "height": height, "dpi": dpi, "job": job.id}
    about = made.get("about")
    if args.json:
        print_json(told | _drawn(about))
    else:
        print(f"{target}  {width} × {height} pixels at {dpi} dpi{_faces(about)}")
    return 0


def _asked(lab: Lab, args: argparse.Namespace) -> JobInfo:
    from blocks.errors import InputError

    settings = {name: value for name in _DRAWN_WITH if (value := getattr(args, name)) is not None}
    if args.model is None and settings:
        given = ", ".join(f"--{name}" for name in settings)
        raise InputError(f"A sheet that is composed takes no {given}; name a --model to have it drawn as one picture.")
    job: JobInfo
    if args.model is None:
        job = lab.compose_sheet(args.character, args.kind)
    else:
        job = lab.draw_sheet(args.character, args.kind, model=args.model, settings=settings)
    return job


def _drawn(about: Any) -> dict[str, Any]:
    """Of a sheet that was drawn: what with, and how like each face is; of one that was composed, nothing."""
    if not about:
        return {"model": None, "score": None}
    return {"model": about["facts"]["model"], "seed": about["facts"]["seed"], "score": about["score"]}


def _faces(about: Any) -> str:
    if not about:
        return ""
    score = about["score"]
    like = ", ".join(f"{face['raw']:.2f}" for face in score["faces"] if face["raw"] is not None)
    return f", {score['found']} of {score['expected']} faces found" + (f", likeness {like}" if like else "")


def _facts(path: Path) -> tuple[int, int, int]:
    """Width and height in pixels, and dots an inch."""
    from PIL import Image

    with Image.open(path) as sheet:
        return (*sheet.size, round(sheet.info.get("dpi", (0, 0))[0]))
