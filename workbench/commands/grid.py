"""``grid``: the variation grid of a character: how it stands, or pictures for cells, a section, or all that is missing.

Without an option it shows what stands in each cell. A cell gets a picture where it has none; with --cell or --again
also where it has one, and the new picture then waits beside it until somebody confirms it. Interrupted, it keeps the
cells that are done: the same command goes on with the rest.

--template gives the grid other cells. Where that would take cells out or change them it says which, and does nothing
without --yes; pictures are kept in any case.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import JobInfo, TakeInfo
    from pipelines import Lab
    from pipelines.variations import CellInfo, Which

__all__ = ["add"]

_FIGURES = ("raw", "calibrated", "passed", "scorable")
_PASSED_ON = ("model", "seed", "steps", "guidance", "reference_scale", "pack")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("grid", help="fill the variation grid of a character", description=__doc__)
    command.add_argument("character", metavar="CHARACTER", help="slug or id; `characters` lists them")
    command.add_argument("--section", default="", metavar="S", help="only this section, as in Expressions")
    command.add_argument("--cell", nargs="+", default=[], metavar="KEY", help="these cells, as in expression_happy")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--missing", action="store_true", help="make what is missing")
    what.add_argument("--flagged", action="store_true", help="make again what is below the gate")
    what.add_argument("--again", action="store_true", help="make all of it, whether there is a picture or not")
    command.add_argument(
        "--template",
        metavar="NAME",
        help="give the grid the cells of this template first; `standard` for the usual ones",
    )
    command.add_argument("--yes", action="store_true", help="apply it even where cells go or change")
    command.add_argument("--model", metavar="ID", help="the model (default: the lab's own)")
    command.add_argument("--seed", type=int, metavar="N", help="of one cell (default: drawn by lot)")
    command.add_argument("--steps", type=int, help="steps (default: what suits the model)")
    command.add_argument("--guidance", type=float, help="guidance (default: what suits the model)")
    command.add_argument("--reference-scale", type=float, metavar="X", help="weight of the references, 0 to 2")
    command.add_argument("--pack", metavar="ID", help="face pack (default: the lab's own)")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder to copy the pictures into, by key")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask for cells, follow them, tell how the grid stands."""
    from blocks.errors import InputError
    from pipelines import Lab

    if args.seed is not None and len(args.cell) != 1:
        raise InputError("A seed is of one cell: name it with --cell KEY, or leave --seed out.")
    if args.cell and (args.section or args.missing or args.flagged or args.again):
        raise InputError("Cells that are named are made in any case; give --cell, or --section and the like.")
    if args.yes and args.template is None:
        raise InputError("--yes belongs to --template NAME; nothing else is asked.")
    began = time.monotonic()
    with Lab.open() as lab:
        if args.template is not None:
            _apply(lab, args)
        wanted = bool(args.cell or args.section or args.missing or args.flagged or args.again)
        done = _made(lab, args) if wanted else []
        cells = [_told(lab, cell, args.out) for cell in _shown(lab.grid(args.character), args)]
        name = lab.character(args.character).name
    errors = [{"cell": _label(job), "job": job.id, "error": job.error or job.state.lower()} for job in _unmade(done)]
    _report(args, name, cells, [_label(job) for job in done if job.state == "SUCCEEDED"], errors)
    if args.json:
        from workbench.commands._table import print_json

        made = [{"cell": _label(job), "job": job.id} for job in done if job.state == "SUCCEEDED"]
        seconds = round(time.monotonic() - began, 3)
        print_json({"character": name, "cells": cells, "made": made, "errors": errors, "seconds": seconds})
    return 1 if errors else 0


def _apply(lab: Lab, args: argparse.Namespace) -> None:
    """Give the grid the cells of a template, or say what that would do."""
    from blocks.errors import Conflict

    template = "" if args.template == "standard" else args.template
    changes = lab.template_changes(args.character, template)
    if not (changes.harmless or args.yes):
        raise Conflict(f"{args.template} was not applied. {changes.words()} Give --yes to apply it.")
    cells = lab.apply_template(args.character, template, sure=args.yes)
    print(f"{args.template}: the grid has {len(cells)} cells. {changes.words()}".rstrip(), file=sys.stderr)


def _made(lab: Lab, args: argparse.Namespace) -> list[JobInfo]:
    """Ask for what is wanted, and wait for it and for what was being made of it before."""
    which: Which = "flagged" if args.flagged else "all" if args.again else "missing"
    settings = {name: value for name in _PASSED_ON if (value := getattr(args, name)) is not None}
    before = [cell.job for cell in _shown(lab.grid(args.character), args) if cell.busy and cell.job is not None]
    asked = lab.generate_cells(args.character, args.cell, section=args.section, which=which, settings=settings)
    if not asked and not before:
        print("Nothing of this is missing." if which == "missing" else "There is nothing to make.", file=sys.stderr)
    try:
        return _followed(lab, [*before, *asked])
    except KeyboardInterrupt:
        for job in asked:
            lab.cancel(job.id)
        for job in asked:
            lab.wait(job.id)
        print("Cells that are done are kept; the same command goes on with the rest.", file=sys.stderr)
        raise


def _followed(lab: Lab, jobs: Sequence[JobInfo]) -> list[JobInfo]:
    """Wait for all; each is told as it ends."""
    ended = []
    with _bar(len(jobs)) as (moved, say):
        for place, job in enumerate(jobs):
            label = _label(job)
            now = lab.wait(job.id, on_change=lambda now, at=place, name=label: moved(at + now.progress, name))
            ended.append(now)
            say(f"{place + 1} of {len(jobs)}  {label}: {_outcome(lab, now)}")
    return ended


@contextmanager
def _bar(count: int) -> Iterator[tuple[Callable[[float, str], None], Callable[[str], None]]]:
    """What moves a bar, and what writes a line above it; without a terminal there are only lines."""
    if not sys.stderr.isatty() or not count:
        yield lambda done, note: None, lambda line: print(line, file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}")
    percent = TextColumn("{task.percentage:>3.0f}%")
    with Progress(
        text, BarColumn(), percent, TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("cells", total=count)
        yield (
            lambda done, note: bar.update(task, completed=done, description=note),
            lambda line: bar.console.print(line, markup=False, highlight=False),
        )


def _outcome(lab: Lab, job: JobInfo) -> str:
    from workbench.commands._scores import in_words

    if job.state != "SUCCEEDED":
        return job.error or job.state.lower()
    takes = lab.takes(job=job.id, hidden=True)
    return f"seed {takes[0].seed}, {in_words(takes[0].score)}" if takes else "done"


def _shown(cells: Sequence[CellInfo], args: argparse.Namespace) -> list[CellInfo]:
    """Those that were asked about."""
    from blocks.errors import InputError

    sections = list(dict.fromkeys(cell.section for cell in cells))
    if args.section and args.section not in sections:
        raise InputError(f"This grid has no section {args.section[:80]!r}; it has {', '.join(sections)}.")
    unknown = sorted(set(args.cell) - {cell.key for cell in cells})
    if unknown:
        raise InputError(f"This grid has no cell {', '.join(unknown)[:200]}; `grid {args.character}` lists its cells.")
    return [cell for cell in cells if (not args.cell or cell.key in args.cell) and args.section in ("", cell.section)]


def _told(lab: Lab, cell: CellInfo, folder: Path | None) -> dict[str, Any]:
    """A cell as JSON, its picture copied out where that was wanted."""
    current, candidates = cell.standing.current, cell.standing.candidates
    facts: dict[str, Any] = {"key": cell.key, "section": cell.section, "title": cell.title, "prompt": cell.prompt}
    facts |= {"flagged": cell.flagged, "own": cell.own, "history": len(cell.standing.history)}
    facts |= _of(lab, current, folder, cell.key)
    return facts | {"waiting": [_of(lab, one, folder, f"{cell.key}-{one.id}") for one in candidates]}


def _of(lab: Lab, take: TakeInfo | None, folder: Path | None, name: str) -> dict[str, Any]:
    """What is known of a picture; its file is the lab's own, or the copy."""
    from pipelines.show import copy_to

    if take is None:
        return {"file": None, "take": None, "seed": None, "score": None}
    file = Path(lab.media(take.picture.digest).path)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        file = copy_to(lab, take.picture, folder / f"{name}{Path(take.picture.name).suffix}")
    score: Mapping[str, Any] | None = take.score
    figures = score and {name: score.get(name) for name in _FIGURES}
    return {"file": str(file), "take": take.id, "seed": take.seed, "score": figures}


def _label(job: JobInfo) -> str:
    return str((job.options.get("take") or {}).get("label") or "")


def _unmade(jobs: Sequence[JobInfo]) -> list[JobInfo]:
    return [job for job in jobs if job.state != "SUCCEEDED"]


def _report(
    args: argparse.Namespace, name: str, cells: list[dict[str, Any]], made: list[str], errors: list[dict[str, str]]
) -> None:
    from workbench.commands._scores import in_words
    from workbench.commands._table import table

    out = sys.stderr if args.json else sys.stdout
    if not made and not errors and not args.json:
        rows = [
            (one["key"], one["section"], _state(one), in_words(one["score"]) if one["take"] else "") for one in cells
        ]
        print(table(("cell", "section", "picture", "score"), rows), file=out)
    for wrong in errors:
        print(f"failed {wrong['cell']}: {wrong['error']}", file=sys.stderr)
    filled = sum(1 for one in cells if one["take"])
    flagged, waiting = (sum(1 for one in cells if one[what]) for what in ("flagged", "waiting"))
    print(
        f"{name}: {filled} of {len(cells)} cells, {flagged} below the gate, {waiting} with a new one beside", file=out
    )
    if filled < len(cells) and not made and not errors:
        print(f"Make the rest: python -m workbench grid {args.character} --missing", file=out)


def _state(cell: Mapping[str, Any]) -> str:
    if not cell["take"]:
        return "missing"
    return f"seed {cell['seed']}" + (", new beside" if cell["waiting"] else "")
