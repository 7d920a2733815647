"""``actor``: a clip of a drawn actor, to try the lab on; every seed is another person.

The actor moves, turns and speaks in shots of about two seconds; about one frame in six is blurred, dark, empty or
turned away, as in real clips.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("actor", help="draw a clip of an actor to try things on", description=__doc__)
    command.add_argument("--seed", type=int, default=1, metavar="N", help="the actor, any whole number (default: 1)")
    command.add_argument("--seconds", type=float, default=8.0, metavar="S", help="length of the clip (default: 8)")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="an .mp4, .mov or .mkv file")
    command.add_argument("--second", type=int, metavar="N", help="another actor beside the first")
    command.add_argument("--no-flaws", action="store_true", help="without bad frames")
    command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draw it; the file appears when it is whole."""
    from blocks.pocket.clip import render_clip
    from workbench.commands._table import print_json

    path = render_clip(args.seed, args.seconds, args.out.expanduser(), second=args.second, flaws=not args.no_flaws)
    actors = [args.seed] if args.second is None else [args.seed, args.second]
    said = {"file": str(path), "actors": actors, "seconds": args.seconds}
    print_json(said) if args.json else print(f"{path}: {args.seconds:g} s of {_named(actors)}")
    return 0


def _named(actors: list[int]) -> str:
    return f"actor {actors[0]}" if len(actors) == 1 else f"actors {actors[0]} and {actors[1]}"
