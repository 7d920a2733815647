"""``generate``: new pictures of an actor, from their own pictures or clip; of a character; or from words alone.

With --actor the person seen most is taken, or the one that --identity names. Each picture is drawn, scored against
the actor's frames and, where the score does not pass, drawn again with something changed; all tries are kept. What
was done before is not done again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.commands._drawing import add_settings, copied_out, failures, settings_of

if TYPE_CHECKING:
    from data.records import JobInfo, TakeInfo
    from pipelines import Lab

__all__ = ["add"]

_FIGURES = ("raw", "calibrated", "passed", "scorable")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("generate", help="draw new pictures of an actor or character", description=__doc__)
    whom = command.add_mutually_exclusive_group()
    whom.add_argument("--actor", nargs="+", metavar="PATH", help="pictures, clips, folders, or http addresses")
    whom.add_argument("--character", default="", metavar="NAME", help="a character of the lab, by slug or id")
    command.add_argument("--prompt", default="", metavar="TEXT", help="what is to be seen")
    command.add_argument("--negative", metavar="TEXT", help="what is not wanted")
    command.add_argument("--count", type=int, default=1, metavar="N", help="how many pictures (default: 1)")
    command.add_argument("--seed", type=int, metavar="S", help="of the first picture (default: drawn by lot)")
    command.add_argument("--model", default="", metavar="ID", help="the model (default: the lab's own)")
    command.add_argument("--identity", type=int, default=-1, metavar="N", help="which person of the actor's frames")
    add_settings(command, weighed="the references")
    command.add_argument("--threshold", type=float, default=0.85, help="calibrated score asked for (default: 0.85)")
    command.add_argument("--tries", type=int, default=3, metavar="N", help="tries of a picture at most (default: 3)")
    command.add_argument("--explore", action="store_true", help="make every try, each with another light or weight")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Submit a job a picture, follow them, put the pictures where they were wanted."""
    from blocks.quality import CONSISTENCY, CREATIVE
    from pipelines import Lab
    from workbench.commands._following import follow_all
    from workbench.commands.frames import sources_of

    began = time.monotonic()
    with Lab.open() as lab:
        jobs = lab.generate(
            args.prompt,
            actor=sources_of(lab, args.actor or []),
            character=args.character,
            identity=args.identity,
            model=args.model,
            count=args.count,
            seed=args.seed,
            quality_threshold=args.threshold,
            max_iterations=args.tries,
            mode=CREATIVE if args.explore else CONSISTENCY,
            **settings_of(args),
        )
        done = follow_all(lab, jobs)
        args.out.mkdir(parents=True, exist_ok=True)
        drawn = [_drawn(lab, job, args.out) for job in done if job.state == "SUCCEEDED"]
        errors = failures(done)
        whom = _whom(lab, done[0]) if args.actor else {}
    _report(args, drawn, errors, whom, time.monotonic() - began)
    return 1 if errors else 0


def _drawn(lab: Lab, job: JobInfo, folder: Path) -> dict[str, Any]:
    """The best try of a job, with all of them under ``tries``; each copied out under its seed."""
    takes = {take.attempt: take for take in lab.takes(job=job.id, hidden=True)}
    ranking = lab.result(job.id).get("ranking") or [{"attempt": attempt} for attempt in takes]
    tries = [_told(lab, takes[one["attempt"]], folder) for one in ranking]
    return {**tries[0], "job": job.id, "tries": tries}


def _told(lab: Lab, take: TakeInfo, folder: Path) -> dict[str, Any]:
    score = take.score and {name: take.score.get(name) for name in _FIGURES}
    if take.score and score is not None:
        score["second"] = (take.score.get("second") or {}).get("raw")
    about = {"attempt": take.attempt, "why": take.settings.get("why", "")}
    file = copied_out(lab, take, folder, f"take-{take.seed}")
    return {"file": file, "seed": take.seed, "score": score, "take": take.id, **about}


def _whom(lab: Lab, job: JobInfo) -> dict[str, Any]:
    """Which person was drawn, of how many, and why frames were left out."""
    steps = {step.name: step.outputs for step in lab.steps(job.id)}
    people = steps.get("people", {}).get("people") or []
    shown = [{name: one.get(name) for name in ("identity", "count", "share")} for one in people]
    dropped = steps.get("people", {}).get("dropped") or []
    return {"identity": steps.get("actor", {}).get("identity"), "people": shown, "dropped": dropped}


def _report(
    args: argparse.Namespace,
    drawn: list[dict[str, Any]],
    errors: list[dict[str, str]],
    whom: Mapping[str, Any],
    seconds: float,
) -> None:
    import sys

    from workbench.commands._scores import in_words
    from workbench.commands._table import duration, print_json

    out = sys.stderr if args.json else sys.stdout
    if whom.get("people"):
        print(f"Person {whom['identity']} of {len(whom['people'])}; --identity N takes another.", file=out)
    for one in drawn:
        print(f"{one['file']}  seed {one['seed']}, {in_words(one['score'])}, {len(one['tries'])} tries", file=out)
    for wrong in errors:
        print(f"failed {wrong['job']}: {wrong['error']}", file=sys.stderr)
    print(f"{len(drawn)} done in {duration(seconds)}", file=out)
    if args.json:
        print_json({"takes": drawn, **whom, "errors": errors, "seconds": round(seconds, 3)})
