"""``enhance``: pictures and clips made larger and smoother; a file, or all of a folder.

A clip gets twice its frames unless --scale alone is given; a picture becomes four times as large unless --scale
says otherwise. What was done before is not done again.
"""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import FileRef, JobInfo
    from pipelines import Lab

__all__ = ["add"]

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".apng"})
CLIPS = frozenset({".mp4", ".mov", ".mkv", ".webm", ".m4v", ".avi", ".ts", ".mts", ".mpg", ".mpeg", ".wmv", ".flv"})


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("enhance", help="enlarge and smooth pictures and clips", description=__doc__)
    command.add_argument("source", metavar="SRC", type=Path, help="a picture, a clip, or a folder of them")
    command.add_argument("target", metavar="DST", type=Path, help="the file to write, or a folder")
    command.add_argument("--scale", type=int, choices=[1, 2, 3, 4], help="times larger (default: pictures 4, clips 1)")
    rate = command.add_mutually_exclusive_group()
    rate.add_argument("--fps", help="frames a second to reach, as in 120 or 60000/1001")
    rate.add_argument("--factor", help="frames for each one of the source, as in 2 or 5/2; 1 leaves them")
    command.add_argument("--model", help="the upscaler; `doctor` lists those that are here")
    command.add_argument("--restore", metavar="MODEL", help="restore faces of pictures with a model that does")
    command.add_argument("--interpolator", choices=["dis", "rife"], help="optical flow, or RIFE with your own weights")
    command.add_argument("--preview", type=float, metavar="SECONDS", help="of a clip, only so many seconds")
    command.add_argument("--yes", action="store_true", help="do not ask before long or large work")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


@dataclass(frozen=True)
class Item:
    """One file to enhance and where it goes (a folder, or a file's full name)."""

    source: Path
    target: Path
    clip: bool


def run(args: argparse.Namespace) -> int:
    """Submit a job a file, follow them, put the results where they were wanted."""
    from pipelines import Lab
    from workbench.commands._asking import agreed
    from workbench.commands._following import follow_all

    began = time.monotonic()
    items, skipped = find(args.source, args.target)
    with Lab.open() as lab:
        if not args.yes and not agreed(lab, (_inputs(item, args) for item in items)):
            return 1
        batch = secrets.token_hex(6) if len(items) > 1 or args.source.is_dir() else None
        jobs, errors = _submit(lab, items, args, batch)
        done = follow_all(lab, [job for _, job in jobs])
        written = []
        for item, job in zip([item for item, _ in jobs], done, strict=True):
            if job.state == "SUCCEEDED":
                written.append(_written(lab, item, job))
            else:
                errors.append({"file": str(item.source), "error": job.error or job.state.lower()})
    _report(args, written, errors, skipped, time.monotonic() - began)
    return 1 if errors else 0


def find(source: Path, target: Path) -> tuple[list[Item], list[dict[str, str]]]:
    """The files to enhance, and those that are left out with the reason.

    Raises:
        InputError: there is nothing at `source`, or nothing in it to enhance.
    """
    from blocks.errors import InputError

    if source.is_file():
        if target.exists() and source.samefile(target):
            raise InputError(f"{target} is the file to be enhanced; name another one, so that the original stays.")
        return [Item(source, target, _is_clip(source))], []
    if not source.is_dir():
        raise InputError(f"There is no file or folder {source}; check the path.")
    if target.is_file():
        raise InputError(f"{target} is a file; a folder's results need a folder to go to.")
    items, skipped = [], []
    for path in sorted(p for p in source.rglob("*") if p.is_file() and not p.name.startswith(".")):
        if path.suffix.lower() in PICTURES | CLIPS:
            folder = target / path.parent.relative_to(source)
            items.append(Item(path, folder / "", _is_clip(path)))
        else:
            skipped.append({"file": str(path), "reason": f"{path.suffix or 'a file without suffix'} is not enhanced"})
    if not items:
        raise InputError(f"There are no pictures or clips in {source}.")
    target.mkdir(parents=True, exist_ok=True)
    return items, skipped


def _is_clip(path: Path) -> bool:
    """By suffix; a GIF is a picture whose frames keep their times."""
    return path.suffix.lower() in CLIPS


def _submit(
    lab: Lab, items: list[Item], args: argparse.Namespace, batch: str | None
) -> tuple[list[tuple[Item, JobInfo]], list[dict[str, str]]]:
    from blocks.errors import InputError

    jobs, errors = [], []
    for item in items:
        pipeline, inputs = _inputs(item, args)
        try:
            jobs.append((item, lab.submit(pipeline, inputs, batch=batch)))
        except InputError as error:
            if len(items) == 1:
                raise
            errors.append({"file": str(item.source), "error": str(error)})
    return jobs, errors


def _inputs(item: Item, args: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    chosen: dict[str, Any] = {"model": args.model} if args.model else {}
    if not item.clip:
        chosen |= {"restore": args.restore} if args.restore else {}
        suffix = item.target.suffix.lower().lstrip(".").replace("jpeg", "jpg")
        form = {"format": suffix} if suffix in ("png", "jpg", "webp", "gif") else {}
        return "enhance_picture", {"picture": item.source, "scale": args.scale or 4, **form, **chosen}
    rate = {"fps": args.fps} if args.fps else {"factor": args.factor or ("1" if (args.scale or 1) > 1 else "2")}
    chosen |= {"interpolator": args.interpolator} if args.interpolator else {}
    preview = {"preview": args.preview} if args.preview else {}
    return "enhance_clip", {"clip": item.source, "scale": args.scale or 1, **rate, **preview, **chosen}


def _written(lab: Lab, item: Item, job: JobInfo) -> dict[str, Any]:
    """Copy a job's result out and say what it is."""
    result = lab.result(job.id)
    path = _put(lab, result["clip" if item.clip else "picture"], item.target)
    steps = lab.steps(job.id)
    return {
        "source": str(item.source),
        "file": str(path),
        "job": job.id,
        "facts": result.get("facts", {}),
        "notes": result.get("notes", []),
        "steps_run": sum(step.ran for step in steps),
        "steps_reused": sum(step.reused for step in steps),
    }


def _put(lab: Lab, ref: FileRef, target: Path) -> Path:
    """A folder gets the file under its own name; a file is replaced, as by `cp`."""
    from pipelines.show import copy_to, put_into

    if target.is_dir() or not target.suffix:
        target.mkdir(parents=True, exist_ok=True)
        return put_into(lab, ref, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    suffix = Path(ref.name).suffix  # of a clip: the container that could hold every track
    return copy_to(lab, ref, target if target.suffix.lower() == suffix.lower() else target.with_suffix(suffix))


def _report(
    args: argparse.Namespace,
    written: list[dict[str, Any]],
    errors: list[dict[str, str]],
    skipped: list[dict[str, str]],
    seconds: float,
) -> None:
    import sys

    from workbench.commands._table import duration, print_json

    out = sys.stderr if args.json else sys.stdout
    for one in written:
        print(one["file"], _facts(one["facts"]), file=out)
        for note in one["notes"]:
            print(f"  {note}", file=out)
    for left in skipped:
        print(f"skipped {left['file']}: {left['reason']}", file=out)
    for wrong in errors:
        print(f"failed {wrong['file']}: {wrong['error']}", file=sys.stderr)
    run, reused = (sum(one[name] for one in written) for name in ("steps_run", "steps_reused"))
    print(f"{len(written)} done in {duration(seconds)}; {run} steps run, {reused} reused", file=out)
    if args.json:
        print_json(_summary(written, errors, skipped, seconds))


def _facts(facts: Mapping[str, Any]) -> str:
    if not facts:
        return ""
    return f"({facts['frames']} frames, {facts['fps']} fps, {facts['width']}x{facts['height']})"


def _summary(
    written: list[dict[str, Any]], errors: list[dict[str, str]], skipped: list[dict[str, str]], seconds: float
) -> dict[str, Any]:
    clips = [one["facts"] for one in written if one["facts"]]
    rates = {facts["fps"] for facts in clips if facts["fps"]}
    return {
        "files": [one["file"] for one in written],
        "frames": sum(facts["frames"] for facts in clips) + len(written) - len(clips),
        "fps": float(Fraction(rates.pop())) if len(rates) == 1 else None,
        "duration": float(sum(facts["duration"] for facts in clips)) if clips else None,
        "seconds": round(seconds, 3),
        "steps_run": sum(one["steps_run"] for one in written),
        "steps_reused": sum(one["steps_reused"] for one in written),
        "jobs": [one["job"] for one in written],
        "notes": [note for one in written for note in one["notes"]],
        "skipped": skipped,
        "errors": errors,
    }
