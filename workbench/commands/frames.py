"""``frames``: the people in pictures and clips, and the frames that show one of them best.

A source is a picture, a clip, a folder of them, or an address on the web. Frames of the person seen most are copied
out, or those of the one that --identity names; a small face of everybody is put beside them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import FileRef
    from pipelines import Lab

__all__ = ["add", "sources_of"]

_TOLD = ("file", "at", "view", "sharpness", "size", "box")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("frames", help="find people in clips and pictures", description=__doc__)
    command.add_argument("sources", nargs="+", metavar="SRC", help="pictures, clips, folders, or http addresses")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to copy the frames into")
    command.add_argument("--identity", type=int, default=-1, metavar="N", help="which person (default: seen most)")
    command.add_argument("--most", type=int, default=24, metavar="N", help="frames of a person (default: 24)")
    command.add_argument("--pack", default="", metavar="ID", help="face pack (default: the lab's own)")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch what is on the web, submit, follow, copy out."""
    from blocks.errors import LabError
    from pipelines import Lab
    from pipelines.show import follow
    from workbench.commands._table import print_json

    with Lab.open() as lab:
        inputs = {"sources": sources_of(lab, args.sources), "pack": args.pack, "most": args.most}
        job = follow(lab, lab.submit("reference_set", {**inputs, "identity": args.identity}))
        if job.state != "SUCCEEDED":
            raise LabError(job.error or "The job was stopped.")
        steps = {step.name: step.outputs for step in lab.steps(job.id)}
        said = _copied(lab, steps["people"], steps["actor"], args.out.expanduser()) | {"job": job.id}
    print_json(said) if args.json else _tell(said)
    return 0


def sources_of(lab: Lab, sources: list[str]) -> list[FileRef | Path]:
    """Files as the lab takes them; of a folder those in it, of an address what is fetched from there."""
    import tempfile

    from blocks.fetch import fetch
    from pipelines.drawing import actor_files

    found: list[FileRef | Path] = []
    for source in sources:
        if source.lower().startswith(("http://", "https://")):
            with tempfile.TemporaryDirectory(prefix="fetched-") as folder:
                found.append(lab.import_file(fetch(source, Path(folder))))
        else:
            found += actor_files([Path(source).expanduser().absolute()])
    return found


def _copied(lab: Lab, found: dict[str, Any], actor: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What was found, with the files where they are now."""
    from pipelines.show import put_into

    folder.mkdir(parents=True, exist_ok=True)
    identity = int(actor["identity"])
    members = found["people"][identity]["members"]
    frames = [
        {"frame": str(put_into(lab, picture, folder)), **{name: member[name] for name in _TOLD}}
        for picture, member in zip(actor["pictures"], members, strict=True)
    ]
    people = [
        {"identity": one["identity"], "count": one["count"], "share": one["share"], "views": one["views"]}
        | {"face": str(put_into(lab, face, folder))}
        for one, face in zip(found["people"], found["faces"], strict=True)
    ]
    references = actor["references"]
    return {
        "identity": identity,
        "frames": frames,
        "people": people,
        "references": {"digest": references["digest"], "count": references["count"], "ceiling": references["ceiling"]},
        "dropped": found["dropped"],
    }


def _tell(said: dict[str, Any]) -> None:
    from workbench.commands._table import table

    rows = [
        (one["identity"], one["count"], ", ".join(view.replace("_", " ") for view in one["views"]), one["face"])
        for one in said["people"]
    ]
    print(table(("person", "faces", "views", "picture"), rows))
    print(f"{len(said['frames'])} frames of person {said['identity']} are in {Path(said['frames'][0]['frame']).parent}")
    reasons: Counter[str] = Counter()
    for one in said["dropped"]:
        reasons[one["why"]] += int(one.get("count", 1))
    if reasons:
        print("left out: " + ", ".join(f"{count} {why}" for why, count in reasons.most_common()))
