"""Sheets as the grid shows them: what each is, how far it is or what it became, and what can draw one as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.components.filling import fill
from workbench.components.views import JobView, job_view
from workbench.variations import Drawer, Sheet

__all__ = ["sheets"]

MOST = 6
KINDS: Mapping[str, str] = {"contact": "Contact", "views": "Eight views", "profile": "Profile 9:16"}
DRAWN = ("profile", "views")


@dataclass(frozen=True, slots=True)
class SheetView:
    """One sheet in words.

    Attributes:
        name: of its kind.
        how: whether it was composed, or what drew it.
        file: what the downloaded file is called.
        faces: how many faces were found and how like they are, of a sheet that was drawn; with their `tone`.
    """

    job: JobView
    digest: str
    name: str
    how: str
    file: str
    faces: str
    tone: str


def sheets(found: Sequence[Sheet], models: Sequence[Drawer], chosen: str, can_compose: bool) -> str:
    """What sheets there are, and the ways to more.

    Args:
        found: newest first.
        models: those that draw; `chosen` is the name of the one that new pictures are drawn with.
        can_compose: there are pictures to put together.
    """
    able = [one for one in models if one.sheets]
    by = next((one for one in able if one.name == chosen), able[0] if able else None)
    titles = {one.name: one.title for one in models}
    return fill(
        "grid_sheets.html",
        sheets=[_view(sheet, titles) for sheet in found[:MOST]],
        kinds=list(KINDS.items()),
        drawn=[(kind, KINDS[kind]) for kind in DRAWN],
        by=by,
        title=titles.get(chosen, "This model"),
        can_compose=can_compose,
    )


def _view(sheet: Sheet, titles: Mapping[str, str]) -> SheetView:
    job, kind = sheet.job, str(sheet.job.inputs.get("kind") or "")
    drawn = job.pipeline == "draw_sheet"
    model = str(job.inputs.get("model") or "")
    words, tone = _faces(sheet.about.get("score"))
    return SheetView(
        job_view(job),
        sheet.digest,
        KINDS.get(kind, kind),
        f"One picture, by {titles.get(model, model)}" if drawn else "Composed from the cells",
        f"{job.title.replace(':', '')}.png",
        words,
        tone,
    )


def _faces(score: Any) -> tuple[str, str]:
    if not isinstance(score, Mapping):
        return "", ""
    found, expected = int(score.get("found") or 0), int(score.get("expected") or 0)
    likeness = [float(face["raw"]) for face in score.get("faces") or () if face.get("raw") is not None]
    words = f"{found} of {expected} faces found"
    if likeness:
        low, high = min(likeness), max(likeness)
        words += f", likeness {low:.2f}" + (f" to {high:.2f}" if high - low >= 0.005 else "")
    passed = score.get("passed")
    return words, "still" if passed is None else "good" if passed else "bad"
