"""RIFE as the interpolator uses it: open a weight file, ask for the frame between two frames."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blocks.errors import InputError, NotAvailable, UnreadableFile
from enhance.rife.layout import Layout, plain_names, recognise
from enhance.rife.weights import read_tensors

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["SCALES", "Rife", "load_rife"]

Frame = np.ndarray[Any, np.dtype[Any]]

SCALES = (0.25, 0.5, 1.0, 2.0)
DTYPES = ("float32", "bfloat16", "float16")
LARGE_SIDE = 2560
"""Pixels. In longer frames things move further than the coarsest block sees, unless it works at half size."""


@dataclass(frozen=True, slots=True)
class Rife:
    """An opened RIFE model.

    Attributes:
        layout: the version's facts.
        weights: its tensors, by name without prefix.
        scale: size at which motion is sought, or None to choose by the size of the frame.
        threads: of torch on the CPU; the setting is the whole process's.
    """

    layout: Layout
    weights: Mapping[str, Tensor]
    scale: float | None = None
    threads: int = 1

    @property
    def version(self) -> str:
        """ "4.6" or "4.25" (4.26 is 4.25 trained further: same tensors, same name here)."""
        return self.layout.version

    def between(self, a: Frame, b: Frame, t: float) -> Frame:
        """The frame at time t between a and b.

        Args:
            a, b: H x W x 3 RGB, both uint8 or both uint16, any size.
            t: 0..1; 0 gives a, 1 gives b. Where a equals b, the result does too.

        Returns:
            H x W x 3 of the same kind.

        Raises:
            InputError: frames of different or unusable shape or kind, or a time outside 0..1.
        """
        import torch

        _check_frames(a, b)
        _check_time(t)
        if t in (0, 1) or np.array_equal(a, b):
            return (b if t == 1 else a).copy()
        white = float(np.iinfo(a.dtype).max)
        device = next(iter(self.weights.values())).device
        first, second = (
            torch.from_numpy(frame.astype(np.float32) / white).permute(2, 0, 1)[None].to(device) for frame in (a, b)
        )
        between = self.tensor_between(first, second, t)[0].permute(1, 2, 0).cpu().numpy()
        return (between.clip(0, 1) * white).round().astype(a.dtype)

    def tensor_between(self, first: Tensor, second: Tensor, t: float) -> Tensor:
        """The same for tensors: N x 3 x H x W, 32-bit floats in 0..1 on the model's device; any size.

        The frames are widened to the right and below with their edge, as far as the network needs.
        """
        import torch
        from torch.nn.functional import pad

        from enhance.rife.network import multiple, synthesise

        _check_time(t)
        torch.set_num_threads(self.threads)
        height, width = first.shape[-2:]
        scale = self.scale or (0.5 if max(height, width) > LARGE_SIDE else 1.0)
        step = multiple(self.layout, scale)
        edges = (0, -width % step, 0, -height % step)
        with torch.inference_mode():
            wide = [pad(frame, edges, mode="replicate") if any(edges) else frame for frame in (first, second)]
            return synthesise(self.layout, self.weights, wide[0], wide[1], t, scale)[..., :height, :width]


def load_rife(
    path: Path, device: str = "cpu", dtype: str = "float32", scale: float | None = None, threads: int = 1
) -> Rife:
    """Open RIFE weights; the version is told by the names and shapes in the file.

    Args:
        path: .safetensors, or .pkl / .pth as released (read as numbers only, never run).
        device: as torch names it.
        dtype: "float32", "bfloat16" (half the time on CPUs that know it) or "float16" (GPU).
        scale: one of `SCALES`; None takes 0.5 for frames over 2560 pixels a side and 1 for others.
        threads: of torch on the CPU. More than one is slower, not faster, where the cores are busy.

    Raises:
        UnsafeFile: the file asks for code to be run, or is far too large.
        UnreadableFile: damaged, not weights, or not of a known version; missing and unexpected names are listed.
        NotAvailable: the device is not here.
        InputError: an unknown dtype or scale.
    """
    if dtype not in DTYPES:
        raise InputError(f"RIFE cannot compute in {dtype!r}; choose one of {', '.join(DTYPES)}.")
    if scale is not None and scale not in SCALES:
        raise InputError(f"RIFE cannot work at scale {scale}; choose one of {', '.join(map(str, SCALES))}.")
    stored = read_tensors(path)
    try:
        names = plain_names(stored)
        layout = recognise({short: tuple(stored[name].shape) for name, short in names.items()})
    except InputError as error:
        raise UnreadableFile(f"{path.name} is no weight file of a known RIFE version: {error}.") from None
    weights = {short: stored[name] for name, short in names.items()}
    _check_numbers(path, weights)
    return Rife(layout, _placed(weights, device, dtype), scale, max(1, threads))


def _check_numbers(path: Path, weights: Mapping[str, Tensor]) -> None:
    for name, values in weights.items():
        if not values.isfinite().all():
            raise UnreadableFile(f"{path.name} is damaged: {name} holds NaN or infinity. Download {path.name} again.")


def _placed(weights: Mapping[str, Tensor], device: str, dtype: str) -> dict[str, Tensor]:
    import torch

    try:
        place = torch.device(device)
        return {name: values.to(place, getattr(torch, dtype)) for name, values in weights.items()}
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA answers with an assertion
        reason = str(error).splitlines()[0]
        raise NotAvailable(f"RIFE cannot run on {device!r}: {reason}. Choose 'cpu'.") from None


def _check_time(t: float) -> None:
    if not (math.isfinite(t) and 0 <= t <= 1):
        raise InputError(f"a frame at time {t} does not lie between two frames; give a time from 0 to 1.")


def _check_frames(a: Frame, b: Frame) -> None:
    for frame in (a, b):
        if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape or frame.dtype not in (np.uint8, np.uint16):
            raise InputError(
                f"RIFE takes frames of height x width x 3 in uint8 or uint16, not {frame.shape} in {frame.dtype}."
            )
    if a.shape != b.shape or a.dtype != b.dtype:
        raise InputError(f"the two frames differ in kind: {a.shape} {a.dtype} and {b.shape} {b.dtype}.")
