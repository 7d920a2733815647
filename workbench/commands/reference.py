"""Every command and argument as Markdown, made from the parser: ``python -m workbench.commands.reference``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from workbench.commands import parser

__all__ = ["reference"]

HEAD = """\
# Commands

Made from the commands themselves by `python -m workbench.commands.reference > docs/commands.md`. All of them work
beside a running lab. They end with 0 if all went well, 1 if something failed, 2 for wrong arguments and 130 if they
were interrupted.

`python -m workbench --home FOLDER COMMAND` uses another home than that of `LAB_HOME`.
"""


def reference() -> str:
    """The whole page."""
    commands = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return "\n".join([HEAD, *(_section(name, command) for name, command in commands.choices.items())])


def _section(name: str, command: argparse.ArgumentParser) -> str:
    arguments = [action for action in command._actions if action.dest != "help"]
    text = (command.description or "").strip().replace("``", "`")
    usage = " ".join(["python -m workbench", name, *filter(None, map(_usage, arguments))])
    rows = [f"| {_name(action)} | {_help(action)} |" for action in arguments]
    table = "\n".join(["| Argument | Meaning |", "| --- | --- |", *rows, ""]) if rows else ""
    return f"## {name}\n\n{text}\n\n```sh\n{usage}\n```\n\n{table}"


def _usage(action: argparse.Action) -> str:
    """An argument that must or may stand there as one gives it; other options follow in the table."""
    word = _word(action)
    if action.option_strings:
        return f"{action.option_strings[0]} {word}" if action.required else ""
    if action.nargs == "*":
        return f"[{word} ...]"
    return f"[{word}]" if action.nargs == "?" else word


def _name(action: argparse.Action) -> str:
    words = [f"`{option}{_value(action)}`" for option in action.option_strings] or [f"`{_word(action)}`"]
    return ", ".join(words).replace("|", "\\|")


def _value(action: argparse.Action) -> str:
    return "" if action.nargs == 0 else f" {_word(action)}"


def _word(action: argparse.Action) -> str:
    if action.choices is not None:
        return "|".join(str(choice) for choice in _choices(action.choices))
    metavar = action.metavar[0] if isinstance(action.metavar, tuple) else action.metavar
    return metavar or action.dest.upper()


def _choices(choices: Any) -> Iterator[Any]:
    yield from choices


def _help(action: argparse.Action) -> str:
    if action.help:
        return action.help.replace("|", "\\|").replace("%%", "%")
    return "what to do" if action.dest == "action" else ""


if __name__ == "__main__":
    print(reference(), end="")
