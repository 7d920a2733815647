"""``runs``: finished runs, what every step gave, and running one of them again with a change."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("runs", help="look at finished runs, save or rerun steps", description=__doc__)
    command.add_argument("action", nargs="?", default="list", choices=["list", "show", "save", "rerun"])
    command.add_argument("job", nargs="?", help="the run's job id")
    command.add_argument("step", nargs="?", help="for rerun: the step; for save: the step whose files to save")
    command.add_argument("changes", nargs="*", metavar="PORT=VALUE", help="for rerun: what to change")
    command.add_argument("--out", type=Path, default=Path(), help="for save: the folder (default: here)")
    command.add_argument("--limit", type=int, default=20, help="how many to list (default: 20)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at a run, or a rerun."""
    from blocks.errors import InputError
    from pipelines import Lab

    with Lab.open() as lab:
        if args.action == "list":
            return _list(lab.jobs(state="SUCCEEDED", limit=args.limit), args.json)
        if args.job is None:
            raise InputError(f"Which run? Give its job id: python -m workbench runs {args.action} ID")
        if args.action == "save":
            return _save(lab, args)
        job = lab.job(args.job)
        if args.action == "rerun":
            if args.step is None:
                raise InputError("Which step? python -m workbench runs rerun ID STEP [PORT=VALUE ...]")
            job = lab.run_of(lab.rerun(args.job, args.step, **dict(_change(c) for c in args.changes))).job
        return _show(lab, job, args.json)


def _change(text: str) -> tuple[str, Any]:
    """``scale=2`` as ("scale", 2): JSON where it is JSON, else the text itself."""
    from blocks.errors import InputError

    port, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"{text!r} is no change; write PORT=VALUE, as in scale=2.")
    try:
        return port, json.loads(value)
    except json.JSONDecodeError:
        return port, value


def _list(jobs: Any, as_json: bool) -> int:
    from workbench.commands._table import ago, duration, print_json, table

    if as_json:
        print_json(jobs)
    elif not jobs:
        print("No finished runs yet. Start one: python -m workbench enhance photo.png larger.png --scale 4")
    else:
        rows = [
            (
                j.id,
                j.pipeline,
                ago(j.finished_at),
                duration((j.finished_at or 0) - (j.started_at or 0)),
                j.note,
                j.title,
            )
            for j in jobs
        ]
        print(table(("id", "pipeline", "when", "took", "steps", "what"), rows))
    return 0


def _show(lab: Any, job: Any, as_json: bool) -> int:
    from workbench.commands._table import duration, print_json

    steps = lab.steps(job.id)
    if as_json:
        print_json({"job": job, "steps": steps})
        return 0
    print(f"{job.id}  {job.title}  {job.state}")
    for step in steps:
        print(f"\n{step.name}: {step.state} {duration(step.seconds)}  key {step.key[:16] if step.key else ''}")
        for word, values in (("takes", step.inputs), ("gives", step.outputs)):
            for port, value in values.items():
                print(f"  {word} {port} = {_short(value)}")
    return 0


def _short(value: Any) -> str:
    name = getattr(value, "name", None)
    text = f"{name} ({value.digest[:12]})" if name else str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def _save(lab: Any, args: argparse.Namespace) -> int:
    from pipelines.show import save_files
    from workbench.commands._table import print_json

    steps = {s.name: s for s in lab.steps(args.job)}
    value = lab.result(args.job) if args.step is None else steps[args.step].outputs
    saved = save_files(lab, value, args.out)
    if args.json:
        print_json({"files": [str(path) for path in saved]})
    else:
        print("\n".join(str(path) for path in saved) or "That gave no files.")
    return 0
