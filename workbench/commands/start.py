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

_ACTOR, _SECONDS = 7, 4.0
_PROMPT = "short blue hair, red coat, happy, night street"
_ENLARGE = "realesrgan-x4plus-anime"  # made for drawn pictures


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
        if args.headless:
            return _sample(lab)
        _serve(lab, settings, args, sample=not lab.jobs(limit=1))
    return 0


def _sample(lab: Lab) -> int:
    """The main job on a rendered actor: the person in a clip, two new pictures with scores, the better one enlarged.

    Returns:
        0, or 1 if something failed.
    """
    from blocks.pocket.clip import render_clip
    from workbench.commands._scores import best_of

    folder = lab.home / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    clip = render_clip(_ACTOR, _SECONDS, folder / "actor.mp4")
    print(f"A rendered actor\n  {clip}", flush=True)
    jobs = lab.generate(_PROMPT, actor=[clip], count=2, seed=1, batch="sample")
    drawn = [_finish(lab, job) for job in jobs]
    if not all(drawn):
        return 1
    best = best_of(lab.takes(batch="sample"))
    enlarged = lab.submit("enhance_picture", {"picture": best.picture, "model": _ENLARGE, "scale": 4}, batch="sample")
    return 0 if _finish(lab, enlarged) else 1


def _finish(lab: Lab, job: JobInfo) -> bool:
    """Follow one job in the terminal, say where its pictures lie and how they score; whether it succeeded."""
    from pipelines.show import follow, save_files
    from workbench.commands._scores import in_words

    print(f"{job.title} …", flush=True)
    done = follow(lab, job)
    if done.state != "SUCCEEDED":
        print(f"  {done.state}: {done.error or ''}", flush=True)
        return False
    scores = {take.picture.digest: in_words(take.score) for take in lab.takes(job=job.id)}
    picture = lab.result(job.id)["picture"]
    told = scores.get(picture.digest, "")
    [path] = save_files(lab, picture, lab.home / "samples")
    print(f"  {path}{told and f'  {told}'}", flush=True)
    return True


def _serve(lab: Lab, settings: Any, args: argparse.Namespace, sample: bool) -> None:
    """The page first, then the sample's progress in the terminal beside it."""
    import threading

    from workbench.app import serve
    from workbench.security import check_bind

    def ready(address: str) -> None:
        print(f"Character Media Lab is open at {address}", flush=True)
        if sample:
            threading.Thread(target=_sample, args=(lab,), daemon=True).start()

    port = settings.port if args.port is None else args.port
    serve(lab, check_bind(settings.host), port, open_browser=not args.no_browser, ready=ready)
