"""``models``: the models that are here and those that could be; bring, fetch, approve, block or remove one.

A model that is brought (add) or fetched from the Hugging Face hub (pull) is checked as it would be when it is opened,
and nothing in it is run. It waits until somebody approves it: only approved models run, and other bytes under an
approved name wait again. Nothing ever takes the place of another.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines import Lab

__all__ = ["add"]

ACTIONS = ("list", "show", "add", "pull", "approve", "block", "remove", "restore")
_WANTED = {"add": "FILE or FOLDER", "pull": "OWNER/NAME"}


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser(
        "models", help="list models; bring, fetch, approve or remove one", description=__doc__
    )
    command.add_argument("action", nargs="?", default="list", choices=ACTIONS)
    command.add_argument(
        "what", nargs="?", metavar="WHAT", help="for add: file or folder; for pull: OWNER/NAME on the hub; else: model"
    )
    command.add_argument("--name", default="", help="for add and pull: the name to keep it under (default: its own)")
    command.add_argument("--approve", action="store_true", help="for add and pull: let it run at once")
    command.add_argument("--revision", default="main", help="for pull: branch, tag or commit (default: main)")
    command.add_argument("--file", default="", help="for pull: one safetensors file (default: the whole model)")
    command.add_argument("--why", default="", metavar="TEXT", help="for approve and block: a note for the record")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One look at the models, or a change."""
    from blocks.errors import InputError
    from pipelines import Lab

    if args.action != "list" and args.what is None:
        wanted = _WANTED.get(args.action, "NAME")
        raise InputError(f"Which model? python -m workbench models {args.action} {wanted}")
    with Lab.open() as lab:
        if args.action == "pull":
            return _pull(lab, args)
        answer = _DO[args.action](lab, args)
    _say(answer, args)
    return 0


def _list(lab: Lab, args: argparse.Namespace) -> Any:
    return lab.models()


def _show(lab: Lab, args: argparse.Namespace) -> Any:
    from pipelines.models import any_model

    info = any_model(args.what, lab.models())
    draws = info.kind == "generate" and info.state == "here"
    return {"model": info, "form": lab.model_form(info.name) if draws else None}


def _add(lab: Lab, args: argparse.Namespace) -> Any:
    return lab.add_model(Path(args.what).expanduser(), args.name, approve=args.approve)


def _decide(lab: Lab, args: argparse.Namespace) -> Any:
    return lab.approve_model(args.what, "approved" if args.action == "approve" else "blocked", why=args.why)


def _remove(lab: Lab, args: argparse.Namespace) -> Any:
    return {"removed": lab.remove_model(args.what)}


def _restore(lab: Lab, args: argparse.Namespace) -> Any:
    return lab.restore_model(args.what)


_DO = {
    "list": _list,
    "show": _show,
    "add": _add,
    "approve": _decide,
    "block": _decide,
    "remove": _remove,
    "restore": _restore,
}


def _pull(lab: Lab, args: argparse.Namespace) -> int:
    """Fetch, with progress; what has arrived when it is interrupted is not fetched again."""
    from pipelines.models import any_model
    from pipelines.show import follow
    from workbench.commands._table import print_json

    job = lab.pull_model(args.what, revision=args.revision, file=args.file, name=args.name, approve=args.approve)
    job = follow(lab, job)
    if job.state != "SUCCEEDED":
        print(f"models: {job.title} {job.state.lower()}: {job.error or 'it was stopped.'}", file=sys.stderr)
        return 1
    info = any_model(lab.result(job.id)["model"]["name"], lab.models())
    print_json({"job": job, "model": info}) if args.json else print(_told(info))
    return 0


def _say(answer: Any, args: argparse.Namespace) -> None:
    from workbench.commands._table import print_json

    if args.json:
        print_json(answer)
    elif args.action == "list":
        _tell(answer)
    elif args.action == "show":
        _tell_one(**answer)
    elif args.action == "remove":
        file = answer["removed"]
        print(f"{file} is in the trash; take it back with: python -m workbench models restore {file}")
    else:
        print(_told(answer))


def _told(info: Any) -> str:
    said = f"{info.name}: {info.title}; {info.kind}, {info.approval}"
    if info.approval == "pending":
        said += f". It runs once it is approved: python -m workbench models approve {info.file or info.name}"
    return said


def _tell(models: list[Any]) -> None:
    from workbench.commands._table import size, table

    rows = [
        (m.name, m.kind, m.family, _factors(m), _licence(m), size(m.size) if m.size else "", _state(m)) for m in models
    ]
    print(table(("model", "for", "family", "factors", "licence", "size", ""), rows))
    for model in models:
        if model.why:
            print(f"  {model.name}: {model.why}")


def _tell_one(model: Any, form: Any) -> None:
    from workbench.commands._table import size

    facts = {
        "for": model.kind,
        "family": model.family,
        "can": ", ".join(model.capabilities),
        "licence": _licence(model),
        "source": model.source,
        "size": size(model.size) if model.size else "",
        "sha-256": model.digest,
        "state": _state(model),
        "decided": model.decided,
        "memory": form.memory if form else "",
    }
    print(f"{model.name}: {model.title}")
    for name, value in facts.items():
        if value:
            print(f"  {name:9} {value}")
    for note in (model.why, *(form.notes if form else ())):
        if note:
            print(f"  {note}")
    for field in form.fields if form else ():
        limits = f", {field.low:g} to {field.high:g}" if field.low is not None and field.high is not None else ""
        print(f"  {field.name:16} {field.label}; default {field.default!r}{limits}")


def _licence(model: Any) -> str:
    return f"{model.licence} (non-commercial)" if _worth_saying(model) else str(model.licence)


def _worth_saying(model: Any) -> bool:
    return model.commercial is False and "non-commercial" not in model.licence.lower()


def _state(model: Any) -> str:
    return str(model.approval) if model.state == "here" else str(model.state)


def _factors(model: Any) -> str:
    """``2* 3* 4``: a star marks what is reduced from the network's own."""
    return " ".join(f"{scale}{'*' if scale in model.notes else ''}" for scale in model.scales)
