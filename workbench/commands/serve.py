"""``serve``: the lab in the browser."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("serve", help="open the lab in the browser", description=__doc__)
    command.add_argument("--host", help="address to serve at; a loopback address (default: 127.0.0.1)")
    command.add_argument("--port", type=int, help="port to serve at; 0 takes a free one (default: 7860)")
    command.add_argument("--no-browser", action="store_true", help="do not open a browser")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from pipelines import Lab, Settings
    from workbench.app import serve
    from workbench.security import check_bind

    settings = Settings()
    host = check_bind(args.host or settings.host)
    port = settings.port if args.port is None else args.port
    with Lab.open(settings=settings) as lab:
        serve(lab, host, port, open_browser=not args.no_browser)
    return 0
