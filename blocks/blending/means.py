"""Means of face embeddings: points on a sphere, for an embedding says by its direction alone who somebody is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError

__all__ = ["path_weights", "plain_mean", "repeats", "slerp", "spherical_mean", "unit_weights"]

Floats = NDArray[np.floating]

_STEPS, _STILL = 100, 1e-12
_OPPOSITE = 1e-6


def unit_weights(weights: Sequence[float], count: int) -> Floats:
    """Weights that add up to one; none given are equal ones.

    Raises:
        InputError: another number of them, one below zero or no number, or all zero.
    """
    found = np.asarray(list(weights) or [1.0] * count, np.float64)
    if found.shape != (count,):
        raise InputError(f"There are {count} parents and {found.size} weights; give one to each.")
    if not np.isfinite(found).all() or (found < 0).any() or found.sum() <= 0:
        raise InputError("Weights are numbers from 0 on, and one of them is more than 0.")
    shares: Floats = found / found.sum()
    return shares


def spherical_mean(vectors: Floats, weights: Sequence[float] = ()) -> Floats:
    """The point on the sphere with the smallest weighted sum of squared angles to the vectors (Frechet mean).

    By gradient steps on the sphere (Buss and Fillmore 2001): lay the vectors into the plane that touches the sphere at
    the guess, go to their mean there, and back onto the sphere, until that is no step any more.

    Args:
        vectors: N x D of length one.
        weights: see `unit_weights`.

    Raises:
        InputError: two that both count are opposite, so that every point between them would do.
    """
    shares = unit_weights(weights, len(vectors))
    vectors = np.asarray(vectors, np.float64)
    mean = plain_mean(vectors, weights)
    for _ in range(_STEPS):
        cosines = np.clip(vectors @ mean, -1, 1)
        angles = np.arccos(cosines)
        flat = vectors - cosines[:, None] * mean
        lengths = np.linalg.norm(flat, axis=1)
        stretch = np.divide(angles, lengths, out=np.ones_like(angles), where=lengths > 1e-12)
        step = (shares * stretch) @ flat
        length = float(np.linalg.norm(step))
        if length < _STILL:
            break
        mean = np.cos(length) * mean + np.sin(length) * step / length
        mean /= np.linalg.norm(mean)
    found: Floats = mean
    return found


def slerp(first: Floats, second: Floats, share: float) -> Floats:
    """The point on the great circle from one vector to another, at a share of the angle (Shoemake 1985).

    Raises:
        InputError: the two are opposite.
    """
    angle = float(np.arccos(np.clip(first @ second, -1, 1)))
    if angle > np.pi - _OPPOSITE:
        raise InputError("These two faces are opposite to the recogniser; nothing lies between them. Choose others.")
    if angle < _OPPOSITE:
        return np.asarray(first, np.float64)
    found: Floats = (np.sin((1 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle)
    return found


def plain_mean(vectors: Floats, weights: Sequence[float] = ()) -> Floats:
    """The weighted mean, brought back to length one.

    Raises:
        InputError: the vectors cancel out.
    """
    mean = unit_weights(weights, len(vectors)) @ np.asarray(vectors, np.float64)
    length = float(np.linalg.norm(mean))
    if not length > _OPPOSITE:
        raise InputError("These faces cancel each other out; give one of them more weight, or choose others.")
    found: Floats = mean / length
    return found


def repeats(weights: Sequence[float], places: int = 10) -> list[int]:
    """How often each of several faces is repeated among so many places, by the largest remainder.

    Attention over tokens of which one stands there n times gives it n times the weight.
    """
    shares = unit_weights(weights, len(weights)) * places
    counts = np.floor(shares + 1e-9).astype(int)
    for place in np.argsort(-(shares - counts), kind="stable")[: places - int(counts.sum())]:
        counts[place] += 1
    return [int(count) for count in counts]


def path_weights(count: int, points: int) -> list[list[float]]:
    """Weights of a sweep: from the first parent to the next one and so on to the last, in even steps.

    Args:
        count: parents, 2 or more.
        points: pictures, 2 or more.
    """
    if count < 2 or points < 2:
        raise InputError(f"A sweep leads through two parents or more in two pictures or more, not {count} in {points}.")
    found = []
    for at in np.linspace(0, count - 1, points):
        before = min(int(at), count - 2)
        share = round(float(at) - before, 9)
        found.append([1 - share if i == before else share if i == before + 1 else 0.0 for i in range(count)])
    return found
