"""``start``: what `make run` does: the lab, and in an empty one the sample chain, so that there is something to see.

With --headless (or HEADLESS=1) nothing is served: the sample is done, and where its results lie is printed.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.records import JobInfo
    from pipelines import Lab

__all__ = ["add"]


def add(commands: Any) -> None:
    """Register the command."""
    command = commands.add_parser("start", help="serve the lab; an empty one shows a sample", description=__doc__)
    command.add_argument("--port", type=int, help="port to serve at; 0 takes a free one (default: 7860)")
    command.add_argument("--no-browser", action="store_true", help="do not open a browser")
    command.add_argument(
        "--headless",
        action="store_true",
        default=os.environ.get("HEADLESS") == "1",
        help="do the sample, print where the results lie, and end",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open, show the sample if there is nothing yet, and serve."""
    from pipelines import Lab, Settings

    settings = Settings()
    with Lab.open(settings=settings) as lab:
        jobs = _sample(lab) if args.headless or not lab.jobs(limit=1) else []
        if args.headless:
            return max([_finish(lab, job) for job in jobs])
        _serve(lab, settings, args, jobs)
    return 0


def _sample(lab: Lab) -> list[JobInfo]:
    """The bundled picture four times as large, and the bundled clip twice as large at 120 frames a second."""
    from workbench.services import sample_path

    picture, clip = sample_path("picture"), sample_path("clip")
    batch = "sample"
    enlarged = lab.submit("enhance_picture", {"picture": picture, "scale": 4}, batch=batch)
    smoothed = lab.submit("enhance_clip", {"clip": clip, "scale": 2, "factor": "2"}, batch=batch)
    return [enlarged, smoothed]


def _finish(lab: Lab, job: JobInfo) -> int:
    """Follow one job in the terminal and say where its result lies."""
    from pipelines.show import follow, save_files

    print(f"{job.title} …", flush=True)
    done = follow(lab, job)
    if done.state != "SUCCEEDED":
        print(f"  {done.state}: {done.error or ''}")
        return 1
    for path in save_files(lab, lab.result(job.id), lab.home / "samples"):
        print(f"  {path}")
    return 0


def _serve(lab: Lab, settings: Any, args: argparse.Namespace, jobs: list[JobInfo]) -> None:
    """The page first, then the sample's progress in the terminal beside it."""
    import threading

    from workbench.app import serve
    from workbench.security import check_bind

    def ready(address: str) -> None:
        print(f"Character Media Lab is open at {address}", flush=True)
        threading.Thread(target=lambda: [_finish(lab, job) for job in jobs], daemon=True).start()

    port = settings.port if args.port is None else args.port
    serve(lab, check_bind(settings.host), port, open_browser=not args.no_browser, ready=ready)
