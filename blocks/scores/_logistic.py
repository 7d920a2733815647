"""Two numbers that turn a cosine into a chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_logistic"]

Floats = NDArray[np.floating]

_STEPS = 100
_SLOWEST = 1e-10


def fit_logistic(genuine: Floats, impostor: Floats) -> tuple[float, float]:
    """Slope and intercept of the posterior's logit at prior one half.

    Both classes weigh the same however many trials each has. Targets are drawn in from 0 and 1 (Platt 1999), so that
    classes which do not overlap still give a finite slope; Newton's steps are halved until they help (Lin, Lin and
    Weng 2007).

    Args:
        genuine, impostor: cosines, finite, one or more each.
    """
    x = np.concatenate([genuine, impostor]).astype(np.float64)
    middle, spread = float(x.mean()), float(x.std()) or 1.0
    x = (x - middle) / spread
    target = np.concatenate([np.full(len(genuine), _high(genuine)), np.full(len(impostor), 1 - _high(impostor))])
    weight = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in (genuine, impostor)])
    slope, intercept = _newton(x, target, weight)
    return slope / spread, intercept - slope * middle / spread


def _high(trials: Floats) -> float:
    return (len(trials) + 1) / (len(trials) + 2)


def _newton(x: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    place = np.zeros(2)
    loss = _loss(place, x, target, weight)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(place[0] * x + place[1], -500, 500)))
        error, curve = weight * (chance - target), weight * chance * (1 - chance)
        slope = np.array([error @ x, error.sum()])
        bend = np.array([[curve @ (x * x), curve @ x], [curve @ x, curve.sum()]]) + np.eye(2) * 1e-12
        step = np.linalg.solve(bend, slope)
        size = 1.0
        while size > _SLOWEST and _loss(place - size * step, x, target, weight) > loss:
            size /= 2
        place = place - size * step
        before, loss = loss, _loss(place, x, target, weight)
        if before - loss < _SLOWEST:
            break
    return float(place[0]), float(place[1])


def _loss(place: Floats, x: Floats, target: Floats, weight: Floats) -> float:
    logit = place[0] * x + place[1]
    return float(weight @ (np.logaddexp(0, logit) - target * logit))
