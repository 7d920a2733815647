"""``characters``: those the lab knows; look at one, or make one, by hand or from an actor's pictures and clips.

Made from an actor, a character has the actor's frames as its references: `generate --character NAME` draws it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import CharacterInfo, FileRef
    from pipelines import Lab

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("characters", help="list, show and make characters", description=__doc__)
    command.add_argument("action", nargs="?", default="list", choices=["list", "show", "create"])
    command.add_argument("character", nargs="?", metavar="NAME", help="for show: slug or id; for list: a word")
    command.add_argument("--name", default="", help="for create: what it is called")
    command.add_argument("--from", dest="actor", nargs="+", metavar="PATH", help="for create: the actor's frames")
    command.add_argument("--identity", type=int, default=-1, metavar="N", help="for create: which person of them")
    command.add_argument("--description", default="", metavar="TEXT", help="for create: in words")
    command.add_argument("--trigger", default="", metavar="WORD", help="for create: trigger word of its LoRA")
    command.add_argument("--positive", default="", metavar="TEXT", help="for create: joins every prompt")
    command.add_argument("--negative", default="", metavar="TEXT", help="for create: joins what is not wanted")
    command.add_argument("--tags", nargs="*", default=[], metavar="WORD", help="for create: words to find it by")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look, or a new character."""
    from blocks.errors import InputError
    from pipelines import Lab
    from workbench.commands._table import print_json

    with Lab.open() as lab:
        if args.action == "list":
            found = lab.characters(text=args.character or "")
            print_json(found) if args.json else _list(found)
            return 0
        if args.action == "show":
            if args.character is None:
                raise InputError("Which character? python -m workbench characters show NAME")
            info = lab.character(args.character)
        else:
            info = _create(lab, args)
        print_json(info) if args.json else _show(info)
    return 0


def _create(lab: Lab, args: argparse.Namespace) -> CharacterInfo:
    from blocks.errors import InputError

    if not args.name:
        raise InputError("What is the character called? python -m workbench characters create --name NAME")
    names = ("description", "trigger", "positive", "negative", "tags")
    fields = {name: value for name in names if (value := getattr(args, name))}
    references: dict[str, Any] | None = None
    pictures: list[FileRef] = []
    if args.actor:
        references, pictures = _frames_of(lab, args.actor, args.identity)
    made: CharacterInfo = lab.create_character(
        args.name,
        fields=fields,
        references=references,
        reference_files=pictures,
        headshot=_best(references, pictures) if references else None,
    )
    return made


def _frames_of(lab: Lab, actor: list[str], identity: int) -> tuple[dict[str, Any], list[FileRef]]:
    """The reference set of an actor, and its members' pictures."""
    from workbench.commands._following import follow_all
    from workbench.commands.frames import sources_of

    job = lab.submit("reference_set", {"sources": sources_of(lab, actor), "identity": identity})
    [done] = follow_all(lab, [job])
    found = lab.run_of(done, show=False)["actor"].outputs
    return found["references"], list(found["pictures"])


def _best(references: dict[str, Any], pictures: list[FileRef]) -> FileRef | None:
    """The sharpest picture from the front, for a face to begin with."""
    members = references["members"][: len(pictures)]
    order = sorted(range(len(members)), key=lambda i: (members[i].get("view") != "front", -_sharpness(members[i])))
    return pictures[order[0]] if order else None


def _sharpness(member: dict[str, Any]) -> float:
    return float(member.get("sharpness") or 0)


def _list(found: list[CharacterInfo]) -> None:
    from workbench.commands._table import ago, table

    if not found:
        print("No characters yet. Make one: python -m workbench characters create --name NAME --from clip.mp4")
        return
    rows = [(one.slug, one.name, one.version, one.take_count, _count(one), ago(one.updated_at)) for one in found]
    print(table(("slug", "name", "version", "takes", "references", "changed"), rows))


def _show(info: CharacterInfo) -> None:
    print(f"{info.name}  {info.slug}  version {info.version}")
    for name, value in info.fields.items():
        print(f"  {name}: {', '.join(value) if isinstance(value, list) else value}")
    print(f"  references: {_count(info)}, takes: {info.take_count}")


def _count(info: CharacterInfo) -> int:
    return len(info.references["members"]) if info.references else 0
