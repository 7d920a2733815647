"""The Blend page's parts: parents with their weights, methods, the sweep as a drawing, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from blocks.blending import MOST_PARENTS
from pipelines.blends import MOST_POINTS
from workbench.components.filling import fill
from workbench.components.takes import badge
from workbench.components.views import ACTIVE, job_view

if TYPE_CHECKING:
    from blocks.blending import Method
    from data.records import CharacterInfo, JobInfo, TakeInfo
    from pipelines.blends import Lineage, Neighbour
    from workbench.blends import Met, Point

__all__ = ["MEASURES", "Alike", "Measure", "alike", "go", "lineage", "methods", "parents", "results", "sweep", "view"]

Measure = Literal["second", "raw"]
MEASURES: tuple[tuple[Measure, str], ...] = (("second", "Second recogniser"), ("raw", "First"))
"""By whom likeness is told: the second draws nothing and gates nothing, so it has nothing to please."""

LOWEST = -0.2  # of the drawing; a stranger's cosine is near 0
COPIED = 0.85  # share of a parent's own ceiling from which a picture is as good as that parent
OWN = 0.9  # weight from which it is meant to be
ROLES = (("face", "Face"), ("outfit", "Outfit"), ("style", "Style"))
METHOD_WORDS = {"spherical": "spherical mean", "slerp": "slerp", "mean": "plain mean", "tokens": "tokens side by side"}


@dataclass(frozen=True, slots=True)
class Alike:
    """How near a picture came to one parent.

    Attributes:
        weight: share of the face; None for who gave an outfit or style.
        value: cosine of the faces, -1 to 1; for an outfit or style the share that is shown, 0 to 1; None: not seen.
        part: where it ends in a bar, 0 to 100.
        share: of how alike the parent's own pictures are; None where that is not known.
    """

    name: str
    role: str
    weight: float | None
    value: float | None
    part: float
    share: float | None = None
    character: str = ""

    @property
    def figure(self) -> str:
        """The value in two digits; "" where it was not seen."""
        return "" if self.value is None else f"{round(self.value, 2) + 0.0:.2f}"  # no minus before a zero


@dataclass(frozen=True, slots=True)
class Line:
    """One parent's likeness along a sweep: a path in a box of 100 by 100, and its dots."""

    name: str
    mark: int
    path: str
    dots: tuple[tuple[float, float], ...]


def parents(met: Sequence[Met], cast: Sequence[CharacterInfo], takes: Sequence[TakeInfo]) -> str:
    """Who is blended, and the ways to bring somebody in.

    Args:
        cast, takes: characters and takes to choose from.
    """
    faces = [one for one in met if one.source.role == "face"]
    total = sum(one.source.weight for one in faces)
    shares = {one.source.key: one.source.weight / total if total > 0 else 0.0 for one in faces}
    return fill(
        "blend_parents.html",
        met=[(one, job_view(one.people.job) if one.people else None, shares.get(one.source.key)) for one in met],
        cast=cast,
        takes=takes,
        roles=ROLES,
        most=MOST_PARENTS,
        total=total,
    )


def methods(offered: Sequence[Method], chosen: str, title: str, faces: int) -> str:
    """What the model can do, a line each.

    Args:
        title: of the model.
    """
    names = [one.name for one in offered]
    picked = chosen if chosen in names else next(iter(names), "")
    return fill("blend_methods.html", methods=offered, chosen=picked, title=title, faces=faces)


def go(points: int = 11) -> str:
    """The two buttons."""
    return fill("blend_go.html", points=points, most=MOST_POINTS)


def sweep(
    job: JobInfo | None, points: Sequence[Point], others: Sequence[JobInfo], measure: Measure, opened: str = ""
) -> str:
    """A sweep: likeness to each parent over the way, with the pictures under it; nothing without one.

    Args:
        others: sweeps to look at instead, this one among them.
        opened: id of the take that is open.
    """
    if job is None:
        return ""
    told = [one for one in job.inputs.get("parents") or () if str(one.get("role") or "face") == "face"]
    names = [str(one.get("name") or "parent") for one in told]
    seen = [alike(point.take, measure) if point.take else [] for point in points]
    return fill(
        "blend_sweep.html",
        job=job_view(job),
        names=names,
        stops=[_stop(point, names, found, len(points)) for point, found in zip(points, seen, strict=True)],
        lines=[_line(place, name, seen) for place, name in enumerate(names)],
        rules=[(value, _height(value)) for value in (0.0, 0.25, 0.5, 0.75, 1.0)],
        others=[(one.id, one.title, one.state) for one in others],
        measures=MEASURES,
        measure=measure,
        drawn=sum(point.take is not None for point in points),
        busy=job.state in ACTIVE,
        opened=opened,
    )


def results(takes: Sequence[TakeInfo], measure: Measure) -> str:
    """Pictures of blends, newest first, each with its likeness to its parents."""
    return fill("blend_results.html", cards=[(take, badge(take.score), alike(take, measure)) for take in takes])


def view(
    take: TakeInfo,
    near: Sequence[Neighbour],
    kept: CharacterInfo | None,
    measure: Measure,
    before: str = "",
    next: str = "",
    place: str = "",
) -> str:
    """The full view of a picture: how near it is to each parent and to others in the lab, and the way to keep it.

    Args:
        kept: the character that it shows, if it was kept.
        before, next: ids of its neighbours, or "".
        place: where it stands among them, in words.
    """
    found, blend = alike(take, measure), take.settings.get("blend") or {}
    method = str(blend.get("method") or "")
    return fill(
        "blend_view.html",
        take=take,
        badge=badge(take.score),
        alike=found,
        near=near,
        parents={one.character for one in found if one.character},
        copied=_copied(found),
        method=METHOD_WORDS.get(method, method),
        read=blend.get("read_into_prompt") or (),
        why=str(blend.get("why") or ""),
        kept=kept,
        before=before,
        next=next,
        place=place,
        measure=dict(MEASURES)[measure],
    )


def lineage(found: Lineage) -> str:
    """Who a character was made of, and who was made of it; nothing where nobody was."""
    return fill("blend_lineage.html", lineage=found, method=METHOD_WORDS.get(found.method, found.method))


def alike(take: TakeInfo, measure: Measure) -> list[Alike]:
    """How near a picture came to each of its parents, in their order."""
    blend = take.settings.get("blend") or {}
    told = take.settings.get("parents") or ()
    weights, seen = list(blend.get("weights") or ()), list(blend.get("similarity") or ())
    found = []
    for place, role in enumerate(blend.get("roles") or ()):
        one: Mapping[str, Any] = seen[place] if place < len(seen) else {}
        about: Mapping[str, Any] = told[place] if place < len(told) else {}
        weight = float(weights.pop(0)) if role == "face" and weights else None
        value = one.get(measure, one.get("raw")) if role == "face" else one.get("agreement")
        value = one.get("raw") if value is None and role == "face" else value
        part = 0.0 if value is None else round(100 * max(0.0, min(1.0, value)), 1)
        name = str(about.get("name") or (blend.get("parents") or [""])[place])
        found.append(Alike(name, role, weight, value, part, one.get("share"), str(about.get("character") or "")))
    return found


def _copied(found: Sequence[Alike]) -> str:
    """The parent of whom a picture is as good as a copy though it was not meant to be, or ""."""
    near = [one for one in found if one.share is not None and one.share >= COPIED and (one.weight or 0) < OWN]
    return max(near, key=lambda one: one.share or 0).name if near else ""


def _stop(point: Point, names: Sequence[str], found: Sequence[Alike], count: int) -> dict[str, Any]:
    shares = [f"{name} {100 * share:.0f} %" for name, share in zip(names, point.weights, strict=False) if share]
    faces = [one for one in found if one.role == "face"]
    likes = [f"like {one.name} {one.figure or 'not seen'}" for one in faces]
    return {
        "number": point.number,
        "take": point.take.id if point.take else "",
        "digest": point.take.picture.digest if point.take else "",
        "kept": bool(point.take and point.take.character),
        "left": round(100 * (point.number - 1) / max(1, count), 3),
        "width": round(100 / max(1, count), 3),
        "say": f"{', '.join(shares)}: {', '.join(likes) if point.take else 'not drawn yet'}",
    }


def _line(place: int, name: str, seen: Sequence[Sequence[Alike]]) -> Line:
    """One parent's line; it is broken where a picture is missing or shows no face."""
    dots: list[tuple[float, float]] = []
    path, pen = "", False
    for number, found in enumerate(seen):
        faces = [one for one in found if one.role == "face"]
        value = faces[place].value if place < len(faces) else None
        if value is None:
            pen = False
            continue
        x, y = round(100 * (number + 0.5) / len(seen), 2), _height(value)
        path += f"{'L' if pen else 'M'}{x:.2f} {y:.2f}"
        dots.append((x, y))
        pen = True
    return Line(name, place % 6, path, tuple(dots))


def _height(value: float) -> float:
    """Percent from the top."""
    return round(100 * (1 - (max(LOWEST, min(1.0, value)) - LOWEST) / (1 - LOWEST)), 2)
