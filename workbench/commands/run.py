"""``run``: any chain, the lab's own or one in the home's pipelines folder, with its inputs as NAME=VALUE.

A value is JSON where it is JSON, else text; of an input that is a file it is a path, or sha256:DIGEST of a file that
the lab has. `pipelines NAME` lists a chain's inputs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines import Lab

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("run", help="run a pipeline", description=__doc__)
    command.add_argument("pipeline", help="its name; `pipelines` lists them")
    command.add_argument("inputs", nargs="*", metavar="NAME=VALUE", help="inputs, as in picture=photo.png scale=2")
    command.add_argument("--out", type=Path, help="folder to copy the results into")
    command.add_argument("--yes", action="store_true", help="do not ask before long or large work")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Submit, follow, and put the results where they were wanted."""
    from pipelines import Lab
    from pipelines.show import follow, save_files
    from workbench.commands._asking import agreed

    with Lab.open() as lab:
        inputs = dict(given(lab, args.pipeline, text) for text in args.inputs)
        if not args.yes and not agreed(lab, [(args.pipeline, inputs)]):
            return 1
        job = follow(lab, lab.submit(args.pipeline, inputs))
        saved = [] if job.state != "SUCCEEDED" or args.out is None else save_files(lab, lab.result(job.id), args.out)
        return _report(lab, job, saved, args.json)


def given(lab: Lab, pipeline: str, text: str) -> tuple[str, Any]:
    """``scale=2`` as ("scale", 2).

    Raises:
        InputError: it is no NAME=VALUE.
    """
    from blocks.errors import InputError

    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(f"{text!r} is no input; write NAME=VALUE, as in scale=2.")
    if value.startswith("sha256:"):
        return name, lab.file(value.removeprefix("sha256:"))
    if any(info.file for info in lab.pipeline(pipeline).inputs if name in (info.name, f"{info.step}.{info.port}")):
        return name, str(Path(value).expanduser().absolute()) if value else None
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _report(lab: Lab, job: Any, saved: list[Path], as_json: bool) -> int:
    import sys

    from workbench.commands._table import duration, print_json

    failed = job.state != "SUCCEEDED"
    if as_json:
        outputs = {} if failed else lab.result(job.id)
        print_json({"job": job, "outputs": outputs, "files": [str(path) for path in saved]})
    elif failed:
        print(f"run: {job.title} {job.state.lower()}: {job.error or 'it was stopped.'}", file=sys.stderr)
    else:
        steps = lab.steps(job.id)
        took = duration((job.finished_at or 0) - (job.started_at or job.finished_at or 0))
        ran, reused = sum(s.ran for s in steps), sum(s.reused for s in steps)
        print(f"{job.title}: done in {took}, {ran} run, {reused} reused; run {job.id}")
        for line in [str(path) for path in saved] or [
            f"{port} = {_short(v)}" for port, v in lab.result(job.id).items()
        ]:
            print(f"  {line}")
    return int(failed)


def _short(value: Any) -> str:
    digest = getattr(value, "digest", None)
    text = f"{value.name} (sha256:{digest})" if digest else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:159]}…"
