"""Variation grids as the pages show them: cells in sections, and one cell large with what waits beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from blocks.grid import standard_set
from blocks.grid.standard import POSES
from data.grids import Template
from data.records import TakeInfo
from pipelines.variations import CellInfo
from workbench.components.filling import fill
from workbench.components.gallery import facts
from workbench.components.poses import held, pose_view
from workbench.components.views import JobView, job_view
from workbench.variations import Drawer

__all__ = ["SHAPES", "CellView", "Section", "cell_view", "grid", "making", "pose_view", "shown_cells", "tools"]

SORTS = (("set", "As set"), ("worst", "Lowest score"), ("best", "Best score"))
SHAPES = {"square": 1.0, "tall": 1.5, "full figure": 2.0}
"""What a cell of one's own may be, each with its height by its width."""
SHOWS = (("all", "All"), ("flagged", "Flagged"), ("missing", "Missing"), ("waiting", "New beside"))


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell in words.

    Attributes:
        figure: its score, "–" where there is none to show.
        tone: "good", "bad" or "still".
        says: prompt, seed, parameters and score, in one line.
    """

    key: str
    title: str
    digest: str
    figure: str
    tone: str
    says: str
    flagged: bool
    waiting: int
    job: JobView | None


@dataclass(frozen=True, slots=True)
class Section:
    """Cells under one heading; its name is "" where they are sorted by score."""

    name: str
    cells: tuple[CellView, ...]
    missing: int = 0
    flagged: int = 0
    busy: int = 0

    @property
    def made(self) -> int:
        """How many have a picture."""
        return sum(1 for cell in self.cells if cell.digest)


def grid(
    cells: Sequence[CellInfo],
    sort: str,
    show: str,
    part: str = "",
    sheets: str = "",
    models: Sequence[Drawer] = (),
    model: str = "",
) -> str:
    """The whole grid.

    Args:
        sort, show: names of `SORTS` and `SHOWS`.
        part: only this section; "" for all.
        sheets: what `workbench.components.sheets` draws of the sheets.
        models: that new pictures can be drawn with; `model` is the name of the one that is chosen.
    """
    shown = shown_cells(cells, sort, show, part)
    if sort in ("worst", "best"):
        sections = [_section("", shown)] if shown else []
    else:
        names = dict.fromkeys(cell.section for cell in shown)
        sections = [_section(name, [cell for cell in shown if cell.section == name]) for name in names]
    return fill(
        "grid.html",
        whole=_section("", cells),
        sections=sections,
        sort=sort,
        show=show,
        sorts=SORTS,
        shows=SHOWS,
        part=part,
        models=models,
        model=model,
        parts=list(dict.fromkeys(cell.section for cell in cells)),
        sheets=Markup(sheets),
    )


def shown_cells(cells: Sequence[CellInfo], sort: str, show: str, part: str = "") -> list[CellInfo]:
    """Cells in the order and choice of a grid; those without a score come last.

    Args:
        part: only this section; "" for all.
    """
    tests: dict[str, Callable[[CellInfo], bool]] = {
        "flagged": lambda cell: cell.flagged,
        "missing": lambda cell: cell.standing.current is None,
        "waiting": lambda cell: bool(cell.standing.candidates),
    }
    shown = [cell for cell in cells if part in ("", cell.section) and (show not in tests or tests[show](cell))]
    if sort not in ("worst", "best"):
        names = list(dict.fromkeys(cell.section for cell in shown))
        return sorted(shown, key=lambda cell: names.index(cell.section))
    sign = 1 if sort == "worst" else -1

    def place(cell: CellInfo) -> tuple[bool, float]:
        score = _score(cell.standing.current) if cell.scored else None
        return score is None, sign * (score or 0.0)

    return sorted(shown, key=place)


def tools(cells: Sequence[CellInfo], templates: Sequence[Template]) -> str:
    """Own cells, templates and sheets."""
    own = [cell for cell in cells if cell.own]
    sections = list(dict.fromkeys(cell.section for cell in cells))
    return fill(
        "grid_tools.html", templates=templates, own=own, sections=sections, poses=POSES, shapes=list(SHAPES),
        standard=len(standard_set()),
    )  # fmt: skip


def cell_view(cell: CellInfo, around: Sequence[CellInfo], base_face: str, beside: bool, candidate: str) -> str:
    """One cell large: its picture, or what waits beside it over a slider or next to it, and its history.

    Args:
        around: the cells it stands among, in their order.
        base_face: digest of the character's base face, or "".
        beside: shows the two next to each other instead of over each other.
        candidate: id of the take to compare with; the newest that waits if "".
    """
    keys = [one.key for one in around]
    at = keys.index(cell.key) if cell.key in keys else -1
    standing = cell.standing
    known = {take.id: take for take in (*standing.candidates, *standing.history)}
    other = known.get(candidate) or next(iter(standing.candidates), None)
    if other is not None and standing.current is not None and other.id == standing.current.id:
        other = None
    return fill(
        "grid_cell.html", cell=cell, current=standing.current, other=other, beside=beside,
        is_candidate=other is not None and other in standing.candidates,
        job=job_view(cell.job) if cell.job else None,
        before=keys[at - 1] if at > 0 else "",
        next=keys[at + 1] if 0 <= at < len(keys) - 1 else "",
        place=f"{at + 1} of {len(keys)}" if at >= 0 else "",
        facts=[*facts(standing.current), *_pose_facts(cell, standing.current)] if standing.current else [],
        can_be_face=bool(standing.current and standing.current.picture.digest != base_face),
        size=_size(other or standing.current),
        stick=Markup(held(cell, standing.current)),
        other_stick=Markup(held(cell, other)) if other else "",
    )  # fmt: skip


def making(cell: CellInfo) -> str:
    """How far the picture of a cell is, for its full view, which stays as it is meanwhile; "" while nothing is made.

    The script of galleries puts it in its place: a full view that were drawn anew every second would lose the focus.
    """
    if cell.job is None or not cell.busy:
        return ""
    has = cell.standing.current is not None
    return fill("grid_making.html", key=cell.key, job=job_view(cell.job), has_picture=has)


def _pose_facts(cell: CellInfo, take: TakeInfo) -> list[tuple[str, str]]:
    """What held the body of a take."""
    pose, scale = str(take.settings.get("pose") or ""), take.settings.get("control_scale")
    if not pose:
        return []
    moved = ", joints moved by hand" if take.settings.get("points") else ""
    found = [("Pose", f"{pose.replace('_', ' ')}{moved}")]
    return found + ([("Pose weight", f"{float(scale):g}")] if scale is not None else [])


def _section(name: str, cells: Sequence[CellInfo]) -> Section:
    missing = sum(1 for cell in cells if cell.standing.current is None)
    flagged, busy = sum(1 for cell in cells if cell.flagged), sum(1 for cell in cells if cell.busy)
    return Section(name, tuple(_view(cell) for cell in cells), missing, flagged, busy)


def _view(cell: CellInfo) -> CellView:
    current = cell.standing.current
    score = _score(current)
    return CellView(
        key=cell.key,
        title=cell.title,
        digest=current.picture.digest if current else "",
        figure=_figure(cell, current, score),
        tone="bad" if cell.flagged else "good" if score is not None else "still",
        says=_says(cell, current),
        flagged=cell.flagged,
        waiting=len(cell.standing.candidates),
        job=job_view(cell.job) if cell.job else None,
    )


def _figure(cell: CellInfo, current: TakeInfo | None, score: float | None) -> str:
    if current is None:
        return ""
    return f"{score:.2f}" if score is not None and cell.scored else "–"


def _says(cell: CellInfo, current: TakeInfo | None) -> str:
    if current is None:
        return f"{cell.title}: {cell.prompt}"
    told = [f"{name.lower()} {value}" for name, value in facts(current) if name in ("Seed", "Model", "Steps", "Size")]
    score = _score(current)
    told.append(f"score {score:.2f}" if score is not None and cell.scored else "not scored")
    return f"{cell.title}: {current.prompt} · {', '.join(told)}"


def _score(take: TakeInfo | None) -> float | None:
    found: Any = (take.score or {}).get("calibrated") if take else None
    return None if found is None else float(found)


def _size(take: TakeInfo | None) -> tuple[int, int]:
    settings = take.settings if take else {}
    return int(settings.get("width") or 128), int(settings.get("height") or 128)
