"""Takes as galleries show them: in their order, one large, with how each was made and how like the person it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.records import TakeInfo
from data.takes import TakeMark
from workbench.components.filling import fill
from workbench.components.words import clock

__all__ = ["arranged", "facts", "gallery", "viewer"]


def gallery(character: str, takes: Sequence[TakeMark], sort: str, only: str, most: int | None = None) -> str:
    """A character's takes, of which only those near the window are drawn.

    Args:
        most: how many of them go along; all of them are counted.
    """
    shown = arranged(takes, sort, only)
    data = [[one.id, one.picture, one.label, _short(one.score), _marks(one)] for one in shown[:most]]
    return fill("character_takes.html", id=character, count=len(shown), data=data, sort=sort, only=only)


def arranged(takes: Sequence[TakeMark], sort: str, only: str) -> list[TakeMark]:
    """Takes in the order and choice of a gallery; what has no score comes last."""
    shown = [take for take in takes if (only != "under" or take.flagged) and (only != "stars" or take.stars > 0)]
    if sort not in ("best", "worst"):
        return shown
    sign = -1 if sort == "best" else 1
    return sorted(shown, key=lambda take: (take.score is None, sign * (take.score or 0.0)))


def viewer(take: TakeInfo, around: Sequence[TakeInfo | TakeMark], base_face: str, *, label: str = "") -> str:
    """One take large, with all that is known of it and its neighbours one key away.

    Args:
        around: the takes it stands among, in their order.
        base_face: digest of the character's base face, or "".
    """
    ids = [one.id for one in around]
    at = ids.index(take.id) if take.id in ids else -1
    return fill(
        "viewer.html",
        take=take,
        label=label or take.label.replace("_", " ").capitalize() or "Take",
        before=ids[at - 1] if at > 0 else "",
        next=ids[at + 1] if 0 <= at < len(ids) - 1 else "",
        place=f"{at + 1} of {len(ids)}" if at >= 0 else "",
        facts=facts(take),
        can_be_face=take.picture.digest != base_face,
    )


def facts(take: TakeInfo) -> list[tuple[str, str]]:
    """How a take was made, in the order in which people ask."""
    settings = take.settings
    score = take.score or {}
    found: list[tuple[str, Any]] = [
        ("Seed", take.seed),
        ("Model", take.model or "pocket"),
        ("Steps", settings.get("steps")),
        ("Guidance", settings.get("guidance")),
        ("Sampler", settings.get("sampler")),
        ("Size", _size(settings)),
        ("Reference scale", settings.get("reference_scale")),
        ("Not wanted", settings.get("negative")),
        ("Raw cosine", _rounded(score.get("raw"))),
        ("Strangers passing", _share(score.get("false_accept"))),
        ("Second recogniser", _rounded((score.get("second") or {}).get("raw"))),
        ("Try", take.attempt if take.attempt > 1 else None),
        ("Why", settings.get("why")),
        ("Made", f"{clock(take.at)} by {take.who}" if take.at else None),
    ]
    return [(name, str(value)) for name, value in found if value not in (None, "", {})]


def _short(score: float | None) -> float | None:
    return None if score is None else round(score, 3)


def _marks(take: TakeMark) -> str:
    marks = {"flagged": take.flagged, "kept": take.kept, "starred": take.stars > 0}
    return " ".join(name for name, there in marks.items() if there)


def _size(settings: Mapping[str, Any]) -> str:
    width, height = settings.get("width"), settings.get("height")
    return f"{width} × {height}" if width and height else ""


def _rounded(value: Any) -> str:
    return "" if value is None else f"{float(value):.2f}"


def _share(value: Any) -> str:
    return "" if value is None else f"{100 * float(value):.2g} %"
