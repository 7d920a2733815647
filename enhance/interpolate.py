"""Who draws the new frames of a smoother clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from blocks.errors import Conflict, NotAvailable, UnknownName

__all__ = ["INTERPOLATORS", "Interpolator", "open_interpolator", "rife_weights"]

Array = np.ndarray[Any, np.dtype[Any]]

INTERPOLATORS = ("dis", "rife")


class Interpolator(Protocol):
    """Draws the frame between two others."""

    def between(self, a: Array, b: Array, t: float) -> Array:
        """The frame at `t` of the way from `a` to `b` (0 to 1); all HxWx3 RGB of one size and type."""
        ...


class _WithAlpha:
    """Lets an interpolator that knows colours only draw frames with alpha, by mixing that."""

    def __init__(self, inner: Interpolator) -> None:
        self._inner = inner

    def between(self, a: Array, b: Array, t: float) -> Array:
        """See `Interpolator`; HxWx3 or 4."""
        drawn = self._inner.between(np.ascontiguousarray(a[..., :3]), np.ascontiguousarray(b[..., :3]), t)
        if a.shape[2] == 3:
            return drawn
        alpha = a[..., 3] + (b[..., 3].astype(np.float32) - a[..., 3]) * t
        return np.dstack((drawn, np.rint(alpha).astype(a.dtype)))


def open_interpolator(name: str, models: str = "", threads: int = 1, digest: str = "") -> Interpolator:
    """The interpolator of that name.

    Args:
        name: "dis" (optical flow, needs nothing) or "rife" (needs a weight file).
        models: for "rife", the weight file, or a folder as `rife_weights` takes it.
        threads: of the flow computation.
        digest: SHA-256 that RIFE's weights must have, or "".

    Raises:
        UnknownName: no such interpolator.
        NotAvailable: no RIFE weights there.
        Conflict: the weights are not those of the digest.
    """
    if name == "dis":
        from enhance.flow import FlowInterpolator

        return FlowInterpolator(threads=threads)
    if name == "rife":
        import torch

        from enhance._checkpoints import digest_of
        from enhance.rife import load_rife
        from enhance.upscalers import best_device

        weights = rife_weights(models)
        if digest and digest != digest_of(weights):
            raise Conflict(f"{weights.name} is not the file that was asked for; it was replaced since. Start again.")
        torch.set_num_threads(max(1, threads))
        return _WithAlpha(load_rife(weights, device=best_device()))
    raise UnknownName(f"There is no interpolator {name!r}; choose one of {', '.join(INTERPOLATORS)}.")


def rife_weights(models: str) -> Path:
    """The weight file to use: `models` itself if it is a file, else the newest version of RIFE in that folder.

    Raises:
        NotAvailable: none there.
    """
    from enhance.rife import available_rife

    place = Path(models) if models else None
    if place is not None and place.is_file():
        return place
    known = available_rife(place)
    here = {info.version: info.path for info in known if info.present and info.version and info.path}
    if not here:
        why = " ".join(dict.fromkeys(f"{info.why_not}." for info in known))
        raise NotAvailable(
            f"No RIFE weights can be used ({why.rstrip('.')}). {known[-1].how_to_get}; or choose the interpolator dis, "
            "which needs none."
        )
    return here[max(here, key=lambda version: [int(part) for part in version.split(".")])]
