"""What a RIFE weight file must hold: the tensors of each known version, by name and shape. Needs no torch.

RIFE (Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022) refines
a pair of flows from coarse to fine, one block a resolution. The 4.x weights are those of the Practical-RIFE
project (MIT). Versions differ in how many blocks there are and what one block hands to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from blocks.errors import InputError

__all__ = ["LAYOUTS", "LICENCE", "SOURCE", "Layout", "Shape", "plain_names", "recognise"]

LICENCE = "MIT"
SOURCE = "https://github.com/hzwer/Practical-RIFE"

Shape = tuple[int, ...]

PREFIX = "module."
"""The released files were saved from a model wrapped for several devices; every name starts with this."""

TRAINING_ONLY = ("teacher.", "caltime.")
"""Parts that exist to train the others; nothing is read from them when a frame is made."""

RESIDUALS = 8
NAMED_AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Layout:
    """One version of the network.

    Attributes:
        version: as the authors number it.
        widths: channels of each block, coarse to fine.
        scales: how many times smaller than the frame each block works.
        features: channels that describe each frame and travel along with it; 0 if frames go as they are.
        carried: channels that a block hands to the next one beside flow and mask.
        adds_mask: whether a block corrects the mask of the one before, or says its own.
    """

    version: str
    widths: tuple[int, ...]
    scales: tuple[int, ...]
    features: int
    carried: int
    adds_mask: bool

    @property
    def outputs(self) -> int:
        """Channels a block gives: two flows (4), a mask, what it carries on, and one unused in 4.6."""
        return 5 + max(self.carried, 1)

    def inputs(self, block: int) -> int:
        """Channels a block takes: two frames with their features, the time, then what came before."""
        frames = 2 * (3 + self.features) + 1
        return frames if block == 0 else frames + 5 + self.carried

    def shapes(self) -> dict[str, Shape]:
        """Every tensor of the network: name without prefix -> shape."""
        found: dict[str, Shape] = {}
        for index, width in enumerate(self.widths):
            found |= _block(f"block{index}", self.inputs(index), width, self.outputs)
        if self.features:
            found |= _encoder(self.features)
        return found


LAYOUTS = (
    Layout("4.6", (192, 128, 96, 64), (8, 4, 2, 1), features=0, carried=0, adds_mask=True),
    Layout("4.25", (192, 128, 96, 64, 32), (16, 8, 4, 2, 1), features=4, carried=8, adds_mask=False),
)


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Names as stored -> names without prefix, training-only parts left out.

    Raises:
        InputError: two stored names mean the same tensor.
    """
    plain = {name: name.removeprefix(PREFIX) for name in names}
    kept = {name: short for name, short in plain.items() if not short.startswith(TRAINING_ONLY)}
    if len(set(kept.values())) < len(kept):
        raise InputError(f"some tensors stand there twice, with and without '{PREFIX}' before their names")
    return kept


def recognise(shapes: Mapping[str, Shape]) -> Layout:
    """The version that has exactly these tensors (names without prefix, see `plain_names`).

    Raises:
        InputError: no known version has them; says what the closest one misses, and what it does not know.
    """
    closest = min(LAYOUTS, key=lambda layout: _distance(layout.shapes(), shapes))
    expected = closest.shapes()
    if expected == shapes:
        return closest
    known = " and ".join(layout.version for layout in LAYOUTS)
    if not expected.keys() & shapes.keys():
        raise InputError(f"none of its tensors belongs to RIFE; known versions are {known}")
    raise InputError(
        f"it is closest to RIFE {closest.version} but differs from it: {_difference(expected, shapes)}. "
        f"Known versions are {known}"
    )


def _distance(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> int:
    return len(set(expected.items()) ^ set(found.items()))


def _difference(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> str:
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    reshaped = [
        f"{name} {list(found[name])} instead of {list(expected[name])}"
        for name in expected
        if name in found and found[name] != expected[name]
    ]
    parts = (("missing", missing), ("unexpected", extra), ("of another shape", reshaped))
    return "; ".join(f"{title}: {_listed(names)}" for title, names in parts if names)


def _listed(names: list[str]) -> str:
    rest = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


def _block(name: str, inputs: int, width: int, outputs: int) -> dict[str, Shape]:
    found = _convolution(f"{name}.conv0.0.0", (width // 2, inputs, 3, 3))
    found |= _convolution(f"{name}.conv0.1.0", (width, width // 2, 3, 3))
    for index in range(RESIDUALS):
        found[f"{name}.convblock.{index}.beta"] = (1, width, 1, 1)
        found |= _convolution(f"{name}.convblock.{index}.conv", (width, width, 3, 3))
    return found | _transposed(f"{name}.lastconv.0", (width, 4 * outputs, 4, 4))


def _encoder(features: int) -> dict[str, Shape]:
    found = _convolution("encode.cnn0", (16, 3, 3, 3))
    found |= _convolution("encode.cnn1", (16, 16, 3, 3))
    found |= _convolution("encode.cnn2", (16, 16, 3, 3))
    return found | _transposed("encode.cnn3", (16, features, 4, 4))


def _convolution(name: str, shape: Shape) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _transposed(name: str, shape: Shape) -> dict[str, Shape]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[1:2]}
