"""``blend``: a new person from several, or a strip of pictures on the way from one to the next.

A parent is a picture, a clip, a folder of them, or a character of the lab by slug or id; of pictures and clips the
person seen most is taken. A number after a colon is its weight: ada:0.7; weights are brought to one. With --sweep the
way leads from the first parent to the next and so on to the last, with one seed, and weights are of no account. A
longer sweep draws only the points that a shorter one lacked.

The similarity to each parent is a cosine by the second recogniser, which draws nothing, where the face pack has one;
of an outfit or style it is the share of what was to be taken that the picture shows.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.commands._drawing import add_settings, copied_out, failures, settings_of

if TYPE_CHECKING:
    from data.records import JobInfo, TakeInfo
    from pipelines import Lab
    from pipelines.blends import Parent

__all__ = ["add", "read_parent"]

_ON_THE_WEB = ("http://", "https://")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("blend", help="make a new person from several", description=__doc__)
    one = {"action": "append", "default": [], "metavar": "PATH[:WEIGHT]"}
    command.add_argument("--parent", **one, required=True, help="gives the face; again for each of two to six")
    command.add_argument("--outfit", action="append", default=[], metavar="PATH", help="gives what is worn")
    command.add_argument("--style", action="append", default=[], metavar="PATH", help="gives light and surroundings")
    command.add_argument("--prompt", default="", metavar="TEXT", help="what is to be seen")
    command.add_argument("--negative", metavar="TEXT", help="what is not wanted")
    command.add_argument(
        "--method", default="", metavar="M", help="spherical, slerp, mean, tokens or images (default: the first it can)"
    )
    command.add_argument("--sweep", type=int, default=0, metavar="K", help="so many pictures between the parents")
    command.add_argument("--count", type=int, default=1, metavar="N", help="without a sweep, pictures (default: 1)")
    command.add_argument("--seed", type=int, metavar="S", help="of the first picture (default: drawn by lot)")
    command.add_argument("--model", default="", metavar="ID", help="the model (default: the lab's own)")
    add_settings(command, weighed="the face")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Meet the parents, submit, follow, put the pictures where they were wanted."""
    from pipelines import Lab
    from workbench.commands._following import follow_all

    began = time.monotonic()
    wanted = _wanted(args)
    with Lab.open() as lab:
        parents = _met(lab, wanted, args.pack or "")
        jobs = lab.blend(
            parents,
            args.prompt,
            method=args.method,
            sweep=args.sweep,
            count=args.count,
            seed=args.seed,
            model=args.model,
            **settings_of(args),
        )
        done = follow_all(lab, jobs)
        folder = args.out.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
        points = [point for job in done for point in _points(lab, job, folder, bool(args.sweep))]
        errors = failures(done)
    said = {
        "points": points,
        "parents": [{"name": one.name, "role": one.role, "character": one.character} for one in parents],
        "errors": errors,
        "seconds": round(time.monotonic() - began, 3),
    }
    _report(args, said)
    return 1 if errors else 0


def read_parent(text: str) -> tuple[str, float]:
    """A parent as it is given: where it is, and its weight, 1 if none is given.

    What exists under the whole text is taken as it stands, and so is a colon that no number follows: ``C:\\a.png``.

    Raises:
        InputError: nothing is named, or the weight is none.
    """
    from blocks.errors import InputError

    source, colon, after = text.rpartition(":")
    if not text.strip() or (colon and not source):
        raise InputError(f"{text!r} names no parent; give a picture, a clip, a folder or a character, as in ada:0.7.")
    if not colon or _exists(text) or (text.lower().startswith(_ON_THE_WEB) and "/" not in source.partition("//")[2]):
        return text, 1.0
    try:
        weight = float(after)
    except ValueError:
        return text, 1.0
    if not math.isfinite(weight) or weight < 0:
        raise InputError(f"The weight of {source} is {after}; give a number from 0 on, as in {source}:0.7.")
    return source, weight


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # far too long for a name, a zero byte, or nobody's home
        return False


def _wanted(args: argparse.Namespace) -> list[tuple[str, float, str]]:
    """Source, weight and role of every parent; refused here where nothing needs to be looked at to do so."""
    from blocks.blending import MOST_PARENTS, unit_weights
    from blocks.errors import InputError

    faces = [read_parent(text) for text in args.parent]
    found = [(source, weight, "face") for source, weight in faces]
    found += [(source, 1.0, role) for role in ("outfit", "style") for source in getattr(args, role)]
    if not 2 <= len(found) <= MOST_PARENTS:
        raise InputError(f"A blend has 2 to {MOST_PARENTS} parents, not {len(found)}; give --parent for each.")
    unit_weights([weight for _, weight in faces], len(faces))
    return found


def _met(lab: Lab, wanted: Sequence[tuple[str, float, str]], pack: str) -> list[Parent]:
    """Every parent with the face, or the picture, that it gives; of files at once."""
    from blocks.errors import InputError
    from workbench import parents
    from workbench.commands._following import follow_all

    known: dict[int, Parent] = {}
    jobs: dict[int, JobInfo] = {}
    for place, (source, weight, role) in enumerate(wanted):
        files = _files(lab, source)
        if files is None:
            known[place] = parents.of_character(lab, lab.character(source), weight, role)
        elif role != "face" and len(files) == 1 and files[0].media_type.startswith("image/"):
            known[place] = parents.of_picture(files[0], _name(source), role)
        else:
            title = f"Faces in {_name(source)}"
            jobs[place] = lab.submit("reference_set", {"sources": files, "pack": pack}, title=title)
    ended = dict(zip(jobs, follow_all(lab, list(jobs.values())), strict=True))
    wrong = []
    for place, job in ended.items():
        source, weight, role = wanted[place]
        try:
            known[place] = parents.of_job(lab, job, _name(source), weight, role)
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError(" ".join(wrong))
    return [known[place] for place in range(len(wanted))]


def _files(lab: Lab, source: str) -> list[Any] | None:
    """The files that a source stands for, kept; None for a character.

    Raises:
        InputError: it is neither a file nor a character.
    """
    from blocks.errors import InputError, UnknownName
    from data.records import FileRef
    from workbench.commands.frames import sources_of

    if not _exists(source) and not source.lower().startswith(_ON_THE_WEB):
        try:
            lab.character(source)
        except UnknownName:
            raise InputError(
                f"{source} is neither a file or folder that is here nor a character of this lab; check the path, or "
                "see `characters list`."
            ) from None
        return None
    found = sources_of(lab, [source])
    return [one if isinstance(one, FileRef) else lab.import_file(one) for one in found]


def _name(source: str) -> str:
    return Path(source.rstrip("/")).name or source


def _points(lab: Lab, job: JobInfo, folder: Path, sweep: bool) -> list[dict[str, Any]]:
    """The pictures of a job in the order of the way; each copied out."""
    from pipelines.blends import along

    if job.state != "SUCCEEDED":
        return []
    found = along(job, lab.takes(job=job.id, hidden=True, limit=64))
    stems = [f"point-{number:02d}" if sweep else f"blend-{take.seed}" for number, take in enumerate(found, 1)]
    return [_told(lab, take, folder, stem) for take, stem in zip(found, stems, strict=True)]


def _told(lab: Lab, take: TakeInfo, folder: Path, stem: str) -> dict[str, Any]:
    blend = take.settings["blend"]
    return {
        "weights": blend["weights"],
        "file": copied_out(lab, take, folder, stem),
        "similarity": [_similarity(one) for one in blend["similarity"]],
        "raw": [one.get("raw") for one in blend["similarity"]],
        "method": blend["method"],
        "seed": take.seed,
        "take": take.id,
        "why": blend.get("why", ""),
    }


def _similarity(one: Mapping[str, Any]) -> float | None:
    found = next((one[name] for name in ("second", "raw", "agreement") if one.get(name) is not None), None)
    return None if found is None else float(found)


def _report(args: argparse.Namespace, said: Mapping[str, Any]) -> None:
    import sys

    from workbench.commands._table import duration, print_json, table

    out = sys.stderr if args.json else sys.stdout
    names, found = [str(one["name"]) for one in said["parents"]], said["points"]
    rows = [(Path(one["file"]).name, *map(_share, one["weights"]), *map(_figure, one["similarity"])) for one in found]
    if rows:
        faces = [f"of {one['name']}" for one in said["parents"] if one["role"] == "face"]
        print(table(("picture", *faces, *(f"like {name}" for name in names)), rows), file=out)
    for one in found:
        if one["why"]:
            print(f"{Path(one['file']).name}: {one['why']}", file=out)
    for wrong in said["errors"]:
        print(f"failed {wrong['job']}: {wrong['error']}", file=sys.stderr)
    print(f"{len(rows)} done in {duration(said['seconds'])}; they are in {args.out}", file=out)
    if args.json:
        print_json(said)


def _figure(value: float | None) -> str:
    return "not seen" if value is None else f"{value:.2f}"


def _share(weight: float) -> str:
    return f"{100 * weight:.0f} %"
