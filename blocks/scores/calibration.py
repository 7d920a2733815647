"""From a cosine to the chance that it is the same person, and how often a stranger would get as far.

    calibration = fit(embeddings, people, embedder=digest, domain="pocket")
    calibration.write(path)
    calibration = Calibration.read(path, digest, "pocket")
    calibration.posterior(0.62, count=4)

A calibration holds for one embedder in one domain, and for a number of references: the more pictures the mean is made
of, the nearer it lies to the person. At each number that was fitted the posterior at prior one half is a logistic curve
of the cosine; between two of them the logit is interpolated in the logarithm of the number, so it stays monotone.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.scores._logistic import fit_logistic

__all__ = ["COUNTS", "Calibration", "Curve", "Trials", "fit", "fit_trials", "trials_of"]

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
"""Numbers of references at which `fit` fits, as far as the pictures go."""

_GRID = np.round(np.linspace(-1, 1, 201), 2)
_FEWEST = 20
_MOST = 200_000
_FORMAT = 1

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Trials:
    """Cosines to the mean of somebody's references: of that person's other pictures, and of other people's."""

    genuine: Floats
    impostor: Floats


@dataclass(frozen=True, slots=True)
class Curve:
    """What was fitted at one number of references.

    Attributes:
        slope, intercept: of the posterior's logit; the slope is positive.
        genuine, impostor: how many trials there were.
        far, tar: shares of impostor and of genuine trials at or above -1.00, -0.99 ... 1.00.
    """

    slope: float
    intercept: float
    genuine: int
    impostor: int
    far: tuple[float, ...]
    tar: tuple[float, ...]

    def logit(self, cosine: float) -> float:
        """Of the posterior."""
        return self.slope * cosine + self.intercept

    def rate(self, cosine: float) -> float:
        """False accepts at this cosine; what no trial showed is given as one in their number, the most it may be."""
        return max(float(np.interp(cosine, _GRID, self.far)), 1 / (self.impostor + 1))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of one embedder in one domain.

    Attributes:
        embedder: SHA-256 of the recogniser's file.
        domain: what its faces are ("pocket", "photo").
        curves: by number of references.
    """

    embedder: str
    domain: str
    curves: Mapping[int, Curve]

    def posterior(self, cosine: float, count: int) -> float:
        """The chance, 0 to 1, that this is the person, if it were even before the picture was seen.

        Args:
            cosine: to the normalised mean of the references.
            count: how many references that mean is made of; more than were fitted count as the most.
        """
        return _sigmoid(self._between(count, lambda curve: curve.logit(cosine)))

    def cosine_at(self, posterior: float, count: int) -> float:
        """The cosine at which the posterior is reached; it may lie beyond 1, where nothing reaches it."""
        wanted = math.log(posterior / (1 - posterior))
        slope = self._between(count, lambda curve: curve.slope)
        return (wanted - self._between(count, lambda curve: curve.intercept)) / slope

    def false_accept(self, cosine: float, count: int) -> float:
        """The share of strangers, 0 to 1, that would reach this cosine."""
        return self._between(count, lambda curve: curve.rate(cosine))

    def far_tar_curve(self, count: int = 1) -> list[dict[str, float]]:
        """Points from the laxest threshold to the strictest: ``threshold``, ``calibrated``, ``far`` and ``tar``."""
        low, high, share = self._neighbours(count)
        points = []
        for place, threshold in enumerate(_GRID.tolist()):
            far, tar = (
                (1 - share) * getattr(self.curves[low], name)[place] + share * getattr(self.curves[high], name)[place]
                for name in ("far", "tar")
            )
            points.append(
                {"threshold": threshold, "calibrated": self.posterior(threshold, count), "far": far, "tar": tar}
            )
        return points

    def _between(self, count: int, value: Callable[[Curve], float]) -> float:
        low, high, share = self._neighbours(count)
        return (1 - share) * value(self.curves[low]) + share * value(self.curves[high])

    def _neighbours(self, count: int) -> tuple[int, int, float]:
        """The fitted numbers around this one, and where it lies between them, 0 to 1."""
        if count < 1:
            raise InputError(f"A score needs one reference or more, not {count}.")
        known = sorted(self.curves)
        low = max((n for n in known if n <= count), default=known[0])
        high = min((n for n in known if n >= count), default=known[-1])
        share = 0.0 if low == high else math.log(count / low) / math.log(high / low)
        return low, high, share

    @classmethod
    def read(cls, path: Path, embedder: str = "", domain: str = "") -> Calibration:
        """The calibration of an embedder in a domain.

        Args:
            path: a file that `write` wrote.
            embedder, domain: "" for the first there is.

        Raises:
            NotAvailable: there is no such file, or it has none for this embedder and domain.
            UnreadableFile: it is damaged.
        """
        for entry in _entries(path):
            if embedder in ("", entry["embedder"]) and domain in ("", entry["domain"]):
                return cls(entry["embedder"], entry["domain"], _curves(path, entry["counts"]))
        raise NotAvailable(
            f"{path.name} has no calibration for the recogniser {embedder[:12]} on {domain or 'any'} faces; raw "
            "cosines are shown, and nothing is passed or failed. Fit one: python -m blocks.scores.calibrate --help"
        )

    def write(self, path: Path) -> None:
        """Put this calibration into a file, in the place of an earlier one of the same embedder and domain."""
        kept = _entries(path) if path.exists() else []
        mine = {
            "embedder": self.embedder,
            "domain": self.domain,
            "counts": {str(count): asdict(self.curves[count]) for count in sorted(self.curves)},
        }
        entries = [e for e in kept if (e["embedder"], e["domain"]) != (self.embedder, self.domain)] + [mine]
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps({"format": _FORMAT, "calibrations": entries}) + "\n")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


def fit(
    embeddings: Floats,
    people: Sequence[int] | NDArray[np.integer],
    *,
    embedder: str,
    domain: str,
    counts: Sequence[int] = COUNTS,
    seed: int = 0,
) -> Calibration:
    """Calibrate on pictures of people whom neither the embedder nor any test has seen.

    Args:
        embeddings: N x D of length one; rows that are not (no face was usable) are left out.
        people: N numbers, the same for pictures of one person.
        counts: numbers of references to fit at; those that the pictures do not suffice for are left out.

    Raises:
        InputError: too few pictures or people, or the embedder does not tell them apart.
    """
    usable = np.abs(np.linalg.norm(embeddings, axis=1) - 1) < 0.02
    embeddings, whose = embeddings[usable], np.asarray(people)[usable]
    random = np.random.default_rng(seed)
    largest = int(np.unique(whose, return_counts=True)[1].max(initial=0))
    trials = {n: trials_of(embeddings, whose, n, random) for n in counts if n < largest}
    return fit_trials({n: t for n, t in trials.items() if _enough(t)}, embedder=embedder, domain=domain)


def trials_of(
    embeddings: Floats, people: NDArray[np.integer], count: int, random: np.random.Generator, rounds: int = 3
) -> Trials:
    """Cosines to the normalised mean of `count` references of each person who has more than these."""
    genuine, impostor = [], []
    for _ in range(rounds):
        for person in np.unique(people):
            own = np.flatnonzero(people == person)
            if len(own) <= count:
                continue
            own = random.permutation(own)
            mean = embeddings[own[:count]].mean(0)
            cosines = embeddings @ (mean / max(float(np.linalg.norm(mean)), 1e-9))
            genuine.append(cosines[own[count:]])
            strangers = cosines[people != person]
            impostor.append(random.choice(strangers, min(len(strangers), _MOST // len(np.unique(people))), False))
    empty = np.zeros(0)
    return Trials(np.concatenate([empty, *genuine]), np.concatenate([empty, *impostor]))


def fit_trials(trials: Mapping[int, Trials], *, embedder: str, domain: str) -> Calibration:
    """Calibrate on cosines that somebody else chose, by number of references (impostors in the same clothes, say).

    Raises:
        InputError: too few, not finite, or genuine ones are not the higher ones.
    """
    if not trials:
        raise InputError(f"A calibration needs {_FEWEST} trials of the same person and of others, or more.")
    curves = {}
    for count, trial in trials.items():
        for kind, cosines in (("genuine", trial.genuine), ("impostor", trial.impostor)):
            if len(cosines) < _FEWEST or not np.isfinite(cosines).all():
                raise InputError(
                    f"A calibration needs {_FEWEST} or more finite {kind} cosines at {count} references, not "
                    f"{len(cosines)}; give it more pictures."
                )
        slope, intercept = fit_logistic(trial.genuine, trial.impostor)
        if slope <= 0:
            raise InputError(
                f"At {count} references pictures of the same person are no nearer than those of others: this "
                "recogniser cannot tell these people apart, so there is nothing to calibrate."
            )
        far, tar = (_shares(part) for part in (trial.impostor, trial.genuine))
        curves[count] = Curve(slope, intercept, len(trial.genuine), len(trial.impostor), far, tar)
    return Calibration(embedder, domain, curves)


def _enough(trial: Trials) -> bool:
    return min(len(trial.genuine), len(trial.impostor)) >= _FEWEST


def _shares(cosines: Floats) -> tuple[float, ...]:
    """Shares at or above each threshold of the grid."""
    below = np.searchsorted(np.sort(cosines), _GRID - 1e-9)
    return tuple(np.round(1 - below / len(cosines), 6).tolist())


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def _entries(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise NotAvailable(f"There is no calibration {path.name} beside the face pack; scores stay raw cosines.")
    try:
        content = json.loads(path.read_bytes())
        entries = content["calibrations"]
        if content["format"] == _FORMAT and all({"embedder", "domain", "counts"} <= set(e) for e in entries):
            return list(entries)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableFile(f"The calibration {path.name} cannot be read ({error}); bring it again.") from None
    raise UnreadableFile(f"The calibration {path.name} is of a form that this lab does not know; bring it again.")


def _curves(path: Path, counts: Mapping[str, Any]) -> dict[int, Curve]:
    try:
        found = {
            int(count): Curve(
                float(c["slope"]), float(c["intercept"]), int(c["genuine"]), int(c["impostor"]),
                tuple(map(float, c["far"])), tuple(map(float, c["tar"])),
            )
            for count, c in counts.items()
        }  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        found = {}
    sound = all(
        count > 0 and c.slope > 0 and math.isfinite(c.slope + c.intercept) and len(c.far) == len(c.tar) == len(_GRID)
        for count, c in found.items()
    )
    if not found or not sound:
        raise UnreadableFile(f"The calibration {path.name} is damaged; bring it again.")
    return found
