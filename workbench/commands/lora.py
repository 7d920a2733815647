"""``lora``: train a LoRA of a character, and bring LoRAs in and out.

    lora dataset PICTURES... --trigger WORD     what would be trained on, and what there is to say of it
    lora train PICTURES... --trigger WORD       train; the best version is chosen by pictures that are held out
    lora train --character NAME                 from the cells, references and kept takes of a character
    lora resume JOB                             go on with one that was stopped; --steps makes a finished one longer
    lora list                                   LoRAs and how they stand
    lora export JOB --out FOLDER                its files and packages; --version takes another than the one chosen
    lora use JOB                                put it among the models, and give it to its character
    lora delete JOB                             take it out of the models, its character and its versions
    lora import FILE                            a LoRA made elsewhere (diffusers, kohya, ai-toolkit; safetensors only)

Captions are read from text files of the pictures' names, where there are any; otherwise they are made.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import JobInfo
    from pipelines import Lab
    from pipelines.loras import LoraInfo

__all__ = ["add"]

ACTIONS = ("dataset", "train", "resume", "list", "export", "use", "delete", "import")


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "lora",
        help="train a LoRA of a character; bring LoRAs in and out",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("what", nargs="*", metavar="WHAT", help="pictures and folders; a job; or a LoRA file")
    command.add_argument("--character", default="", metavar="NAME", help="whose pictures to take, or whose LoRA it is")
    command.add_argument("--trigger", default="", metavar="WORD", help="one word that will stand for the character")
    command.add_argument("--kind", default="", help="what the character is, as in woman")
    command.add_argument("--model", default="", metavar="NAME", help="the base model (default: the lab's own)")
    command.add_argument("--preset", default="balanced", help="fast, balanced or thorough (default: balanced)")
    command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, as in rank=8")
    command.add_argument("--steps", type=int, help="steps of the training; for resume: to reach")
    command.add_argument("--marks", default="", help="what is on one side of the face only")
    command.add_argument(
        "--others", type=int, default=0, metavar="N", help="pictures of other people to draw and train on"
    )
    command.add_argument("--title", default="", help="of the LoRA's files (default: the trigger word)")
    command.add_argument("--author", default="", help="for the files' metadata")
    command.add_argument("--version", type=int, default=0, metavar="STEP", help="for export and use: this version")
    command.add_argument("--name", default="", help="for use and import: what it is called among the models")
    command.add_argument("--out", type=Path, metavar="FOLDER", help="folder to copy the files into")
    command.add_argument("--yes", action="store_true", help="do not ask before long or large work")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at LoRAs, or a change."""
    from blocks.errors import InputError
    from pipelines import Lab

    if args.action in ("dataset", "train") and not (args.character or (args.what and args.trigger)):
        raise InputError(
            f"Which pictures, and which word? python -m workbench lora {args.action} FOLDER --trigger mira7 "
            "(or --character NAME)"
        )
    if args.action in ("resume", "export", "use", "delete", "import") and len(args.what) != 1:
        raise InputError(f"Which one? python -m workbench lora {args.action} WHAT; `lora list` shows those there are.")
    with Lab.open() as lab:
        return _DO[args.action](lab, args)


def _dataset(lab: Lab, args: argparse.Namespace) -> int:
    job = _followed(lab, _asked(lab, args, only_advice=True))
    steps = {step.name: step.outputs for step in lab.steps(job.id)}
    found, advice = steps["dataset"], steps["advise"]["advice"]
    if not args.json:
        for row in found["table"]:
            print(f"{row['set']:<7} {row['file']:<28} {row['caption']}")
        for left in found["dropped"]:
            print(f"left out {left['file']}: {left['why']} {left.get('like', '')}".rstrip())
        _print_advice(advice)
    return _end(args, {"job": job.id, "table": found["table"], "dropped": found["dropped"], "advice": advice})


def _train(lab: Lab, args: argparse.Namespace) -> int:
    from workbench.commands._asking import agreed

    if not args.yes and not agreed(lab, [("train_lora", _inputs(lab, args))]):
        return 1
    return _told(lab, _followed(lab, _asked(lab, args)), args)


def _resume(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.lora_again import made_longer
    from pipelines.loras import check_kept, lora_of

    known = lora_of(lab, args.what[0])
    check_kept(known)
    if known.state in ("failed", "cancelled"):
        return _told(lab, _followed(lab, lab.retry(known.job.id)), args)
    if known.state != "completed":
        return _told(lab, _followed(lab, known.job), args)
    return _told(lab, _followed(lab, made_longer(lab, known.job.id, args.steps or 0)), args)


def _list(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.loras import loras
    from workbench.commands._table import table

    found = loras(lab)
    names = {person.id: person.name for person in lab.characters()}
    rows = [
        [
            one.job.id,
            names.get(one.character, ""),
            one.trigger,
            one.model or "pocket",
            one.words,
            ", ".join(map(str, one.versions)),
            _gain(one),
        ]
        for one in found
    ]
    if not args.json:
        print(table(["job", "character", "trigger", "model", "state", "versions", "likeness before > after"], rows))
    return _end(args, {"loras": [_plain(one) for one in found]})


def _export(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.lora_again import export
    from pipelines.loras import check_kept, lora_of
    from pipelines.show import put_into

    job = args.what[0]
    check_kept(lora_of(lab, job))
    changes = {name: value for name, value in (("title", args.title), ("author", args.author)) if value}
    if args.version or changes:
        job = _followed(lab, export(lab, job, args.version, **changes)).id
    known = lora_of(lab, job)
    if not known.files:
        from blocks.errors import InputError

        raise InputError("There are no files yet; `lora list` says how the training stands.")
    folder = args.out or Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    written = [put_into(lab, file, folder) for file in known.files]
    if not args.json:
        print("\n".join(map(str, written)))
    return _end(args, {"job": job, "files": [str(path) for path in written]})


def _use(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.lora_again import export
    from pipelines.lora_characters import link
    from pipelines.loras import lora_of

    job = args.what[0]
    if args.version:
        job = _followed(lab, export(lab, job, args.version)).id
    known = lora_of(lab, job)
    model, person = link(lab, known, args.character, name=args.name)
    if not args.json:
        whose = f" and is used for {person.name}" if person else ""
        print(f"{model.name} is among the models{whose}. Begin prompts with {known.trigger}.")
    return _end(args, {"model": model.name, "trigger": known.trigger, "character": person.id if person else ""})


def _delete(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.lora_characters import take_away

    gone = take_away(lab, args.what[0])
    if not args.json:
        print(f"Deleted. Taken out of the models: {', '.join(gone) or 'nothing; it was not among them'}.")
    return _end(args, {"removed": gone})


def _import(lab: Lab, args: argparse.Namespace) -> int:
    from pipelines.lora_characters import give
    from pipelines.loras import IMPORT, use

    path = Path(args.what[0]).expanduser().absolute()
    job = _followed(lab, lab.submit(IMPORT, {"lora": path, "model": args.model}, title=f"Bring in {path.name}"))
    given = lab.result(job.id)
    model = use(lab, given["lora"], args.name or path.stem)
    facts = given["facts"]
    if args.character:
        person, word = lab.character(args.character), args.trigger or facts["trigger"]
        give(lab, person, model.name, word, args.model, user="admin")
    if not args.json:
        word = f" Begin prompts with {facts['trigger']}." if facts["trigger"] else ""
        print(f"{model.name} is among the models: a {facts['kind']} in {facts['layout']}'s keys.{word}")
    return _end(args, {"model": model.name, "facts": facts, "job": job.id})


_DO = {
    "dataset": _dataset,
    "train": _train,
    "resume": _resume,
    "list": _list,
    "export": _export,
    "use": _use,
    "delete": _delete,
    "import": _import,
}


def _inputs(lab: Lab, args: argparse.Namespace) -> dict[str, Any]:
    """What the chain is given; of a character only what it would cost matters."""
    from pipelines.lora_characters import gather
    from pipelines.loras import pictures_in

    found = gather(lab, args.character)[0] if args.character else []
    pictures, captions = pictures_in(args.what)
    return {"pictures": [*found, *pictures], "captions": captions, "trigger": args.trigger, **_chosen(args)}


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    from blocks.errors import InputError

    settings: dict[str, Any] = {"steps": args.steps} if args.steps else {}
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{text!r} is no setting; write NAME=VALUE, as in rank=8.")
        try:
            settings[name] = json.loads(value)
        except json.JSONDecodeError:
            settings[name] = value
    named = {name: getattr(args, name) for name in ("model", "kind", "preset", "marks", "title", "author")}
    return {**{name: value for name, value in named.items() if value}, "settings": settings, "others": args.others}


def _asked(lab: Lab, args: argparse.Namespace, *, only_advice: bool = False) -> JobInfo:
    from pipelines.lora_characters import train_character
    from pipelines.loras import pictures_in, train

    pictures, captions = pictures_in(args.what)
    asked = {**_chosen(args), "captions": captions, "only_advice": only_advice}
    if args.character:
        return train_character(lab, args.character, args.trigger, pictures=pictures, **asked)
    return train(lab, pictures, args.trigger, **asked)


def _followed(lab: Lab, job: JobInfo) -> JobInfo:
    from blocks.errors import Cancelled, StepFailed
    from pipelines.show import follow

    ended = follow(lab, job)
    if ended.state == "CANCELLED":
        raise Cancelled(f"{ended.title} was stopped; what it came to is kept: lora resume {ended.id}")
    if ended.state != "SUCCEEDED":
        raise StepFailed(ended.error or "The job failed.")
    return ended


def _told(lab: Lab, job: JobInfo, args: argparse.Namespace) -> int:
    from pipelines.loras import lora_of
    from pipelines.show import put_into

    known = lora_of(lab, job)
    written = []
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        written = [put_into(lab, file, args.out) for file in known.files]
    if not args.json:
        print(
            f"{known.job.id}: version {known.report.get('chosen')} of {', '.join(map(str, known.versions))} is the best"
        )
        print(f"  likeness on pictures held out, before > after: {_gain(known)}")
        print(f"  begin prompts with {known.trigger}")
        for path in written:
            print(f"  {path}")
    return _end(args, {**_plain(known), "written": [str(path) for path in written]})


def _gain(known: LoraInfo) -> str:
    return "" if known.gain is None else "{:.2f} > {:.2f}".format(*known.gain)


def _plain(known: LoraInfo) -> dict[str, Any]:
    return {
        "job": known.job.id,
        "state": known.state,
        "progress": known.progress,
        "character": known.character,
        "trigger": known.trigger,
        "model": known.model or "pocket",
        "versions": list(known.versions),
        "report": known.report,
        "files": [file.name for file in known.files],
    }


def _print_advice(advice: dict[str, Any]) -> None:
    print(f"{advice['count']} pictures to train on; each is looked at {advice['passes']:.0f} times")
    known = [value for value in advice["likeness"].values() if value is not None]
    likeness = f"likeness {sum(known) / len(known):.2f}, " if known else ""
    print(f"  {advice['verdict']}: {likeness}diversity {advice['variety']:.2f}")
    for note in advice["notes"]:
        print(f"  {note['level']}: {note['text']}")


def _end(args: argparse.Namespace, told: dict[str, Any]) -> int:
    from workbench.commands._table import print_json

    if args.json:
        print_json(told)
    return 0
