"""``score``: how sure it is that pictures show a person, measured against other pictures or clips of that person.

Of the references the person seen most is taken, or the one that --identity names. The calibrated score is the chance
that it is the same person, if it were even before; a picture passes from 0.85 on. A face that cannot be found is not
scorable, which is no low score.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines import Lab

__all__ = ["add"]

_FIGURES = ("raw", "calibrated", "passed", "scorable", "why", "false_accept", "extra_faces", "second", "ceiling", "box")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("score", help="score pictures against references of a person", description=__doc__)
    command.add_argument("images", nargs="+", metavar="IMAGE", help="pictures to score")
    command.add_argument(
        "--reference", nargs="+", required=True, metavar="PATH", help="pictures, clips, or folders of the person"
    )
    command.add_argument("--identity", type=int, default=-1, metavar="N", help="which person of the references")
    command.add_argument("--pack", default="", metavar="ID", help="face pack (default: the lab's own)")
    command.add_argument("--threshold", type=float, default=0.85, help="calibrated score asked for (default: 0.85)")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Submit, follow, and tell each picture's score."""
    from blocks.errors import LabError
    from pipelines import Lab
    from pipelines.drawing import actor_files
    from pipelines.show import follow

    with Lab.open() as lab:
        inputs = {
            "sources": list(actor_files([Path(name).expanduser().absolute() for name in args.reference])),
            "pictures": _pictures(args.images),
            "identity": args.identity,
            "pack": args.pack,
            "threshold": args.threshold,
        }
        job = follow(lab, lab.submit("score_pictures", inputs, title=f"Score {len(args.images)} pictures"))
        if job.state != "SUCCEEDED":
            raise LabError(job.error or "The job was stopped.")
        scores, whom = lab.result(job.id)["scores"], _whom(lab, job.id)
    told = [
        {"file": name, **{figure: score[figure] for figure in _FIGURES}}
        for name, score in zip(args.images, scores, strict=True)
    ]
    _report(told, whom, args.json)
    return 0


def _pictures(names: Sequence[str]) -> list[Path]:
    """Whole paths, for another process may own the lab.

    Raises:
        UnreadableFile: one is not there.
    """
    from blocks.errors import UnreadableFile

    paths = [Path(name).expanduser().absolute() for name in names]
    missing = [name for name, path in zip(names, paths, strict=True) if not path.is_file()]
    if missing:
        raise UnreadableFile(f"There is no picture {', '.join(missing)}; check the path.")
    return paths


def _whom(lab: Lab, job: str) -> dict[str, Any]:
    """Against whom was scored, of how many people."""
    steps = {step.name: step.outputs for step in lab.steps(job)}
    references = steps["actor"]["references"]
    return {
        "identity": steps["actor"]["identity"],
        "people": len(steps["people"]["people"]),
        **{name: references[name] for name in ("count", "digest", "embedder", "domain")},
    }


def _report(scores: list[dict[str, Any]], whom: dict[str, Any], as_json: bool) -> None:
    import sys

    from workbench.commands._scores import in_words
    from workbench.commands._table import print_json

    out = sys.stderr if as_json else sys.stdout
    print(f"Person {whom['identity']} of {whom['people']}, {whom['count']} references.", file=out)
    for score in scores:
        why = f": {score['why']}" if score["why"] else ""
        print(f"{score['file']}  {in_words(score)}{why}", file=out)
    if as_json:
        print_json({"scores": scores, "references": whom})
