"""``jobs``: what runs and what ran; look at one, stop it, or try it again."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("jobs", help="list, show, cancel or retry jobs", description=__doc__)
    command.add_argument(
        "action", nargs="?", default="list", choices=["list", "show", "log", "history", "cancel", "retry", "wait"]
    )
    command.add_argument("job", nargs="?", help="the job's id")
    command.add_argument("--state", type=str.upper, help="only jobs in this state")
    command.add_argument("--limit", type=int, default=20, help="how many to list (default: 20)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at, or one order to, the jobs."""
    from blocks.errors import InputError
    from pipelines import Lab

    with Lab.open() as lab:
        if args.action == "list":
            return _list(lab.jobs(state=args.state, limit=args.limit), args.json)
        if args.job is None:
            raise InputError(f"Which job? Give its id: python -m workbench jobs {args.action} ID")
        if args.action in ("log", "history"):
            return _lines(getattr(lab, args.action)(args.job), args.json)
        if args.action in ("cancel", "retry"):
            getattr(lab, args.action)(args.job)
        info = lab.wait(args.job) if args.action != "show" and args.action != "retry" else lab.job(args.job)
        if args.action == "retry":
            from pipelines.show import follow

            info = follow(lab, info)
        return _show(lab, info, args.json)


def _list(jobs: Any, json: bool) -> int:
    from workbench.commands._table import ago, duration, print_json, table

    if json:
        print_json(jobs)
    elif not jobs:
        print("No jobs yet. Start one: python -m workbench enhance photo.png larger.png --scale 4")
    else:
        rows = [
            (j.id, j.state, f"{j.progress:.0%}", duration(j.eta), ago(j.created_at), j.title, j.error or j.note)
            for j in jobs
        ]
        print(table(("id", "state", "done", "left", "when", "what", "note"), rows))
    return 0


def _show(lab: Any, info: Any, json: bool) -> int:
    from workbench.commands._table import duration, print_json, table

    steps = lab.steps(info.id)
    if json:
        print_json({"job": info, "steps": steps})
        return 0
    print(f"{info.title}\n{info.state}, attempt {info.attempt} of {info.max_attempts}, {info.progress:.0%} {info.note}")
    if info.error:
        print(info.error)
    rows = [(s.name, s.state, s.ran, s.reused, duration(s.seconds), s.error or "") for s in steps]
    print(table(("step", "state", "run", "reused", "time", ""), rows))
    return 0 if info.state != "FAILED" else 1


def _lines(entries: Any, json: bool) -> int:
    import time

    from workbench.commands._table import print_json

    if json:
        print_json(entries)
        return 0
    for entry in entries:
        about = entry if isinstance(entry, dict) else None
        moment = about["at"] if about else entry.at
        text = f"{about['who']}: {about['action']} {about['detail']}" if about else entry.line
        print(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment)), text)
    return 0
