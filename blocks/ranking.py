"""Which of several takes is the best, and in which order to show those that passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blocks.block import block
from blocks.quality import CONSISTENCY, CREATIVE

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Chosen", "choose_best", "diverse_order"]

_SIDE = 16  # pixels of the thumbnails by which pictures are told apart


class Chosen(NamedTuple):
    """The best picture, and every try in order: attempt, rank, seed, passed, raw, calibrated, scorable, why."""

    picture: Path
    ranking: list[dict[str, Any]]


@block(version="1")
def choose_best(
    first: dict[str, Any],
    second: dict[str, Any] | None = None,
    third: dict[str, Any] | None = None,
    fourth: dict[str, Any] | None = None,
    fifth: dict[str, Any] | None = None,
    mode: str = CONSISTENCY,
) -> Chosen:
    """The best of the tries that were made; none of them is lost.

    Under consistency_priority the highest score comes first. Under creative_exploration those that passed come
    first: the best of them, then always the one that is least like any before it.

    Args:
        first, second, third, fourth, fifth: takes (see `blocks.takes`); those that were not needed are None.
    """
    takes = [take for take in (first, second, third, fourth, fifth) if take is not None]
    order = sorted(takes, key=_figure, reverse=True)
    if mode == CREATIVE:
        passed = [take for take in order if (take.get("score") or {}).get("passed")]
        spread = diverse_order([Path(take["picture"]) for take in passed])
        order = [passed[i] for i in spread] + [take for take in order if take not in passed]
    return Chosen(Path(order[0]["picture"]), [_told(take, rank) for rank, take in enumerate(order, 1)])


def diverse_order(pictures: Sequence[Path]) -> list[int]:
    """Numbers of pictures, the first one first, then always the one that is farthest from all before it.

    The distance is that of small thumbnails, so it is of light, colours and pose; equal pictures keep their order.
    """
    import numpy as np

    if not pictures:
        return []
    features = np.stack([_thumbnail(path) for path in pictures])
    order = [0]
    nearest = np.linalg.norm(features - features[0], axis=1)
    while len(order) < len(pictures):
        nearest[order] = -1.0
        order.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(features - features[order[-1]], axis=1))
    return order


def _thumbnail(path: Path) -> np.ndarray:
    import numpy as np
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel() / 255


def _figure(take: Mapping[str, Any]) -> tuple[bool, float, float, int]:
    """A pass before a fail, a score before none, and of equals the earlier try."""
    score = take.get("score") or {}
    calibrated, raw = (score.get(name) for name in ("calibrated", "raw"))
    figure = -1.0 if calibrated is None else float(calibrated)
    return bool(score.get("passed")), figure, -1.0 if raw is None else float(raw), -int(take.get("attempt", 1))


def _told(take: Mapping[str, Any], rank: int) -> dict[str, Any]:
    score = take.get("score") or {}
    figures = {name: score.get(name) for name in ("scorable", "raw", "calibrated", "passed")}
    settings = {**take.get("facts", {}), **take.get("settings", {})}
    about = {name: settings.get(name) for name in ("seed", "reference_scale", "changed", "why")}
    return {"rank": rank, "attempt": take.get("attempt", 1), **about, **figures}
