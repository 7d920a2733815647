"""Who is who: faces grouped by what a recogniser says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["group"]

Floats = NDArray[np.floating]
Labels = NDArray[np.int64]

_TOGETHER = 800
"""Faces that are compared each with each; of a longer list so many at a time, and the rest joins whom it is like."""

_FEW, _LENIENT = 0.15, 0.5
"""A group of less than this share of the largest joins one that is like it by this share of the threshold: a head
turned far is less like itself, and few strangers come by just once."""


def group(embeddings: Floats, frames: Sequence[int], threshold: float) -> Labels:
    """Group faces: agglomerative, by the mean cosine between two groups.

    Two faces of one frame are never the same person, however alike they are.

    Args:
        embeddings: N x D of length one, the most trustworthy first.
        frames: in which frame each face is.
        threshold: the mean cosine from which two groups are one person.

    Returns:
        The group of each face, numbered from 0, the largest group first.
    """
    vectors, where = np.asarray(embeddings, np.float32), np.asarray(frames, np.int64)
    labels = np.full(len(vectors), -1, np.int64)
    left = np.arange(len(vectors))
    groups = 0
    while len(left):
        some = left[:_TOGETHER]
        found = _linked(vectors[some], where[some], threshold)
        labels[some] = groups + found
        groups += int(found.max()) + 1
        left = left[_TOGETHER:]
        left = left[~_join_known(vectors, where, labels, left, groups, threshold)] if len(left) else left
    return _by_size(_absorbed(vectors, where, _by_size(labels), threshold))


def _absorbed(vectors: Floats, frames: Labels, labels: Labels, threshold: float) -> Labels:
    """Let small groups join the large one they are most like."""
    if not len(labels):
        return labels
    sizes = np.bincount(labels)
    large = np.flatnonzero(sizes >= _FEW * sizes[0])
    means = np.stack([vectors[labels == one].mean(axis=0) for one in range(len(sizes))])
    joined = labels.copy()
    for one in range(len(large), len(sizes)):
        likeness = means[large] @ means[one]
        best = int(large[likeness.argmax()])
        apart = not np.intersect1d(frames[labels == one], frames[joined == best]).size
        if apart and likeness.max() >= _LENIENT * threshold:
            joined[labels == one] = best
    found: Labels = np.unique(joined, return_inverse=True)[1]
    return found


def _linked(vectors: Floats, frames: Labels, threshold: float) -> Labels:
    """Average linkage: the two nearest groups become one until none are near enough."""
    count = len(vectors)
    likeness = (vectors @ vectors.T).astype(np.float32)
    likeness[frames[:, None] == frames[None, :]] = -np.inf
    np.fill_diagonal(likeness, -np.inf)
    sizes = np.ones(count, np.float32)
    owner = np.arange(count)
    while count > 1:
        a, b = divmod(int(likeness.argmax()), count)
        if not likeness[a, b] >= threshold:
            break
        joined = (sizes[a] * likeness[a] + sizes[b] * likeness[b]) / (sizes[a] + sizes[b])
        likeness[a], likeness[:, a] = joined, joined
        likeness[a, a] = -np.inf
        likeness[b], likeness[:, b] = -np.inf, -np.inf
        sizes[a] += sizes[b]
        owner[owner == b] = a
    labels: Labels = np.unique(owner, return_inverse=True)[1]
    return labels


def _join_known(
    vectors: Floats, frames: Labels, labels: Labels, left: Labels, groups: int, threshold: float
) -> NDArray[np.bool_]:
    """Give faces that are left to the group they are like; which of them found one."""
    means = np.stack([vectors[labels == one].mean(axis=0) for one in range(groups)])
    likeness = vectors[left] @ means.T  # to a mean that is not of length one: the mean cosine to its members
    joined = np.zeros(len(left), bool)
    taken: set[tuple[int, int]] = set(zip(frames[labels >= 0].tolist(), labels[labels >= 0].tolist(), strict=True))
    for place in np.argsort(-likeness.max(axis=1), kind="stable"):
        for one in np.argsort(-likeness[place], kind="stable"):
            seat = (int(frames[left[place]]), int(one))
            if likeness[place, one] < threshold:
                break
            if seat not in taken:
                taken.add(seat)
                labels[left[place]], joined[place] = one, True
                break
    return joined


def _by_size(labels: Labels) -> Labels:
    if not len(labels):
        return labels
    sizes = np.bincount(labels)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ranked: Labels = rank[labels]
    return ranked
