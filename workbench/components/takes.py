"""Takes as the Generate page shows them: cells of a gallery, the full view, and jobs that still draw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.records import FileRef, JobInfo, TakeInfo
from pipelines.blends import SWEEP
from workbench.components.filling import fill
from workbench.components.views import ACTIVE, JobView, job_view
from workbench.components.words import clock, duration

__all__ = ["FILTERS", "Badge", "Cell", "badge", "cell", "drawing", "facts", "gallery", "plots", "take_view"]

FILTERS = (
    ("all", "All"),
    ("kept", "Chosen"),
    ("starred", "Starred"),
    ("under", "Below the gate"),
    ("hidden", "Hidden"),
)
"""Ways to look at the gallery."""

MODE_WORDS = {"consistency_priority": "Consistency", "creative_exploration": "Exploration"}

_FACTS = (
    ("model", "Model"), ("seed", "Seed"), ("steps", "Steps"), ("guidance", "Guidance"), ("sampler", "Sampler"),
    ("size", "Size"), ("reference_scale", "Weight of the references"), ("references", "References taken"),
    ("adapter", "Adapter"), ("loras", "LoRAs"), ("strength", "Drawn anew"), ("mode", "Mode"),
    ("quality_threshold", "Score to reach"), ("max_iterations", "Tries at most"), ("dtype", "Number format"),
    ("device", "Device"), ("licence", "Licence"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Badge:
    """A score in a few letters.

    Attributes:
        tone: "good", "bad" or "still".
        words: the same as a sentence.
    """

    text: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One take in the gallery."""

    id: str
    digest: str
    name: str
    title: str
    badge: Badge | None
    stars: int
    kept: bool
    hidden: bool
    label: str


@dataclass(frozen=True, slots=True)
class Under:
    """A job that still draws, or that came to nothing.

    Attributes:
        words: how far it is.
    """

    job: JobView
    words: str
    error: str


def badge(score: Mapping[str, Any] | None) -> Badge | None:
    """A score in short; None where nobody was expected in the picture."""
    if score is None:
        return None
    if not score.get("scorable"):
        why = f": {score['why']}" if score.get("why") else ""
        return Badge("not scorable", "still", f"Not scorable{why}.")
    value, gate = score.get("calibrated"), score.get("gate", 0.85)
    if value is None:
        return Badge(
            f"raw {score['raw']:.2f}", "still", f"Cosine {score['raw']:.2f}; no calibration for this recogniser."
        )
    passed = bool(score.get("passed"))
    words = f"Likeness {value:.2f}, {'at or above' if passed else 'below'} the gate of {gate:.2f}."
    return Badge(f"{value:.2f}", "good" if passed else "bad", words)


def cell(take: TakeInfo) -> Cell:
    """A take for the gallery."""
    title = take.prompt or take.picture.name
    return Cell(
        take.id,
        take.picture.digest,
        take.picture.name,
        title if len(title) <= 160 else f"{title[:159]}…",
        badge(take.score),
        take.stars,
        take.kept,
        take.hidden,
        take.label,
    )


def under(job: JobInfo) -> Under:
    """A job for the row of those that draw."""
    view = job_view(job)
    if job.state == "RUNNING":
        words = _note(job.note, "picture" if job.pipeline == SWEEP else "try") or "starting"
        words += f" · {duration(job.eta)} left" if job.eta is not None else ""
    else:
        words = {"QUEUED": "waiting", "FAILED": "failed", "CANCELLED": "cancelled"}.get(job.state, "done")
    return Under(view, words, view.error)


def _note(note: str, what: str) -> str:
    """ "draw_2: step 3 of 20" is a step of a chain; here it is a try, or a picture of a sweep."""
    step, _, words = note.partition(": ")
    return f"{what} {step[5:]} · {words}" if step.startswith("draw_") and words else note


def drawing(jobs: Sequence[JobInfo]) -> str:
    """Jobs of the person that draw now or came to nothing lately: progress, previews and the way to stop them."""
    first = sorted(jobs, key=lambda job: (job.state != "RUNNING", job.created_at))  # as they will be done
    active = [under(job) for job in first if job.state in ACTIVE]
    failed = [under(job) for job in jobs if job.state == "FAILED"]
    left = [job.eta for job in jobs if job.state == "RUNNING" and job.eta is not None]
    return fill("takes_drawing.html", active=active, failed=failed, left=duration(max(left)) if left else "")


def gallery(cells: Sequence[Cell], show: str, more: str, character: str = "") -> str:
    """Every take, newest first.

    Args:
        show: which of `FILTERS` they are.
        more: id of the take after which older ones follow; "" if these are all.
        character: name of whom they are limited to, or "".
    """
    return fill("takes_gallery.html", cells=cells, show=show, more=more, filters=FILTERS, character=character)


def plots(found: Sequence[tuple[JobInfo, FileRef | None]]) -> str:
    """Plots that were put together lately, each with its picture once it is there."""
    views = [(job, job_view(job), picture) for job, picture in found]
    return fill("takes_plots.html", plots=views, open=any(job.state in ACTIVE for job, _ in found))


def take_view(
    take: TakeInfo, tries: Sequence[TakeInfo], before: str, next: str, place: str, *, can_inpaint: bool = True
) -> str:
    """The full view of a take: the picture, its score, its settings, and every try of its job.

    Args:
        tries: all takes of the job that it came from, in their order.
        before, next: ids of its neighbours in the gallery, or "".
        place: where it stands in the gallery, in words.
    """
    return fill(
        "take_view.html",
        take=take,
        cell=cell(take),
        score=take.score,
        facts=facts(take),
        tries=[_try(one) for one in tries] if len(tries) > 1 else [],
        files=_files(take.settings),
        notes=[str(note) for note in take.settings.get("notes") or ()],
        unknown=take.settings.get("unknown") or (),
        cut=take.settings.get("cut") or "",
        copied=json.dumps(_plain(take.settings), indent=2, default=str),
        before=before,
        next=next,
        place=place,
        when=clock(take.at),
        can_inpaint=can_inpaint,
    )


def facts(take: TakeInfo) -> list[tuple[str, str]]:
    """What it was made with, in words, in the order people ask for it."""
    given = dict(take.settings) | {"seed": take.seed, "model": take.model or take.settings.get("model") or "Pocket"}
    if given.get("width") and given.get("height"):
        given["size"] = f"{given['width']} × {given['height']}"
    if not given.get("image"):
        given.pop("strength", None)
    return [(label, shown) for name, label in _FACTS if (shown := _shown(name, given.get(name)))]


def _shown(name: str, value: Any) -> str:
    if value is None or value == "" or value == [] or value == ():
        return ""
    if name == "loras":
        return ", ".join(f"{one.get('name') or one.get('path')} {one.get('weight', 1):g}" for one in value)
    if name == "references" and not isinstance(value, str):
        return f"{len(value)}"
    if name == "mode":
        return MODE_WORDS.get(str(value), str(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _try(take: TakeInfo) -> dict[str, Any]:
    """One try of the quality loop: what was changed before it, and why."""
    changed = take.settings.get("changed")
    changes = changed if isinstance(changed, Mapping) else {}
    words = [f"{str(name).replace('_', ' ')} {_shown(name, value)}" for name, value in changes.items()]
    return {
        "cell": cell(take),
        "attempt": take.attempt,
        "changed": ", ".join(words),
        "why": take.settings.get("why") or "",
    }


def _files(settings: Mapping[str, Any]) -> list[tuple[str, FileRef]]:
    """The pictures that it was made from."""
    found = []
    for name, label in (("image", "Started from"), ("mask", "Mask"), ("control_image", "Control picture")):
        if isinstance(settings.get(name), FileRef):
            found.append((label, settings[name]))
    for value in list(settings.get("actor") or settings.get("sources") or ())[:12]:
        if isinstance(value, FileRef):
            found.append(("Frames", value))
    return found


def _plain(value: Any) -> Any:
    """Settings as a person copies them: files by name and digest."""
    if isinstance(value, FileRef):
        return {"name": value.name, "digest": value.digest}
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items() if name not in ("identity", "embedding")}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
