"""The command line. One command a module; what a command needs is imported when it runs, so help is quick."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from blocks.errors import Cancelled, LabError

__all__ = ["COMMANDS", "main", "parser"]

COMMANDS = (
    "serve",
    "start",
    "enhance",
    "actor",
    "frames",
    "generate",
    "blend",
    "score",
    "characters",
    "grid",
    "sheet",
    "lora",
    "run",
    "pipelines",
    "jobs",
    "runs",
    "models",
    "clean",
    "home",
    "doctor",
)


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments; each module adds its own."""
    top = argparse.ArgumentParser(
        prog="python -m workbench",
        description="Character Media Lab: pictures and clips enhanced, as jobs whose every step is kept.",
        epilog="Each command explains itself: python -m workbench enhance --help",
    )
    top.add_argument("--home", type=Path, help="folder that holds everything (default: $LAB_HOME)")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"workbench.commands.{name}").add(commands)
    return top


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0 if all went well, 1 if something failed, 2 for wrong arguments, 130 if it was interrupted.
    """
    args = parser().parse_args(argv)
    if args.home is not None:
        os.environ["LAB_HOME"] = str(args.home)
    try:
        return int(args.run(args) or 0)
    except (KeyboardInterrupt, Cancelled):
        print("Stopped.", file=sys.stderr)
        return 130
    except LabError as error:
        print(f"{args.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
