"""Face crops as insightface cuts them, the two recognising networks, and how well embeddings tell people apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.identity import LEVELS, TRAITS, Split, identity
from blocks.pocket.training.renders import Renders

__all__ = [
    "SIDE",
    "CosFace",
    "Residual",
    "Separable",
    "TraitLoss",
    "Verdict",
    "align",
    "crop_matrix",
    "embed_all",
    "embed_crops",
    "export_onnx",
    "judge",
    "visible_levels",
]

SIDE = 112
# Where insightface puts eyes, nose and corners of the mouth in a crop of 112 (arcface_dst).
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def align(picture: Pixels, landmarks: Floats, side: int = SIDE) -> Pixels:
    """The face as a side x side crop; see `crop_matrix`."""
    crop: Pixels = cv2.warpAffine(picture, crop_matrix(landmarks, side), (side, side))
    return crop


def crop_matrix(landmarks: Floats, side: int = SIDE) -> Floats:
    """2x3, from pixels of the picture to those of the crop: the similarity (Umeyama 1991) that brings the landmarks
    nearest the template."""
    source, target = np.asarray(landmarks, np.float64), TEMPLATE * (side / SIDE)
    source_mean, target_mean = source.mean(0), target.mean(0)
    from_middle, to_middle = source - source_mean, target - target_mean
    # In the plane the best rotation and scale is a complex number.
    a, b = from_middle @ [1, 1j], to_middle @ [1, 1j]
    turn = np.vdot(a, b) / np.vdot(a, a).real
    matrix = np.array([[turn.real, -turn.imag, 0.0], [turn.imag, turn.real, 0.0]])
    matrix[:, 2] = target_mean - matrix[:, :2] @ source_mean
    return matrix


def to_input(crops: Pixels) -> Tensor:
    """Nx112x112x3 RGB to the recogniser's input as insightface prepares it."""
    return torch.from_numpy(np.ascontiguousarray(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1


class _Bend(nn.Module):
    """A residual block of two 3x3 convolutions; a step of 2 halves the picture."""

    def __init__(self, inside: int, outside: int, step: int = 1) -> None:
        super().__init__()
        self.way = nn.Sequential(
            nn.BatchNorm2d(inside),
            nn.Conv2d(inside, outside, 3, step, 1, bias=False),
            nn.BatchNorm2d(outside),
            nn.PReLU(outside),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outside),
        )
        self.past: nn.Module = nn.Identity()
        if inside != outside or step != 1:
            self.past = nn.Sequential(nn.AvgPool2d(step), nn.Conv2d(inside, outside, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.way(x) + self.past(x)
        return result


class Residual(nn.Module):
    """The pack's recogniser: a small residual network, 112x112 in, 512 numbers out (0.9 M).

    The first convolution takes overlapping patches at a quarter of the size: on a processor the large maps cost most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 48, 8, 4, 2, bias=False),
            nn.BatchNorm2d(48),
            nn.PReLU(48),
            _Bend(48, 48),
            _Bend(48, 80, 2),
            _Bend(80, 80),
            _Bend(80, 128, 2),
            _Bend(128, 128),
            nn.BatchNorm2d(128),
        )
        self.head = nn.Sequential(
            nn.Conv2d(128, 128, 7, groups=128, bias=False), nn.Flatten(), nn.Linear(128, 512), nn.BatchNorm1d(512)
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.head(self.body(x))
        return result


class _Lean(nn.Module):
    """A wide depthwise convolution and a bottleneck turned inside out (Liu et al. 2022), normalised by group."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(width, width, 5, 1, 2, groups=width),
            nn.GroupNorm(1, width),
            nn.Conv2d(width, width * 3, 1),
            nn.GELU(),
            nn.Conv2d(width * 3, width, 1),
        )
        self.scale = nn.Parameter(torch.full((1, width, 1, 1), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.scale * self.way(x)
        return result


class Separable(nn.Module):
    """The second recogniser, for reporting only: depthwise convolutions and pooled strips, 112x112 in, 112 out."""

    width = 112

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 64, 6, 4, 1),
            nn.GroupNorm(1, 64),
            _Lean(64),
            _Lean(64),
            nn.Conv2d(64, 96, 2, 2),
            _Lean(96),
            _Lean(96),
            nn.GroupNorm(1, 96),
        )
        self.head = nn.Sequential(nn.Linear(96 * 15, self.width), nn.BatchNorm1d(self.width))

    def forward(self, x: Tensor) -> Tensor:
        deep = self.body(x)
        # Upper, middle and lower strip of the face, each in five columns.
        columns = deep.split((3, 3, 2, 3, 3), dim=3)
        strips = [part.mean(dim=(2, 3)) for column in columns for part in column.split((5, 4, 5), dim=2)]
        result: Tensor = self.head(torch.cat(strips, 1))
        return result


class CosFace(nn.Module):
    """The large margin cosine loss (Wang et al. 2018) over the training identities."""

    def __init__(self, width: int, people: int, scale: float) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(people, width) * 0.01)
        self.scale = scale

    def forward(self, embeddings: Tensor, people: Tensor, margin: float) -> Tensor:
        cosine = functional.normalize(embeddings) @ functional.normalize(self.centres).T
        rows = torch.arange(len(people), device=people.device)
        shifted = cosine.clone()
        shifted[rows, people] = cosine[rows, people] - margin
        return functional.cross_entropy(shifted * self.scale, people, label_smoothing=0.05)


class TraitLoss(nn.Module):
    """How well each trait can be read from an embedding by a straight cut.

    One picture says much more by its eleven traits than by being one of thousands of people, so learning is several
    times quicker; and people who were never seen are made of the same traits.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, LEVELS) for _ in TRAITS)

    def forward(self, embeddings: Tensor, levels: Tensor) -> Tensor:
        """Mean cross entropy over the traits; ``levels`` is N x 11."""
        unit = functional.normalize(embeddings) * 12
        losses = [functional.cross_entropy(head(unit), levels[:, place]) for place, head in enumerate(self.heads)]
        return torch.stack(losses).mean()


def visible_levels(people: Sequence[int], split: Split) -> Tensor:
    """N x 11 levels; of levels that look the same (no beard, no glasses) the first stands for all."""
    first = [[table.index(row) for row in table] for table in TRAITS.values()]
    rows = [[first[place][level] for place, level in enumerate(identity(seed, split).levels)] for seed in people]
    return torch.tensor(rows)


def embed_all(model: nn.Module, renders: Renders) -> Floats:
    """Unit embeddings of every picture, cut at its true landmarks."""
    return embed_crops(model, map(align, renders.pictures, renders.landmarks))


def embed_crops(model: nn.Module, crops: Iterable[Pixels]) -> Floats:
    """Unit embeddings of 112x112x3 crops, N x width."""
    model.eval()
    found, left = [], iter(crops)
    with torch.no_grad():
        while some := list(islice(left, 64)):
            found.append(functional.normalize(model(to_input(np.stack(some)))).numpy())
    return np.concatenate(found)


@dataclass(frozen=True)
class Verdict:
    """How well an embedder tells people apart. ``tar`` is the true accept rate at a false accept rate of 0.001.

    Not a number where there are no pairs.
    """

    eer: float
    threshold: float
    tar: float
    genuine: float
    impostor: float
    pairs: tuple[int, int]
    by_view: dict[str, float]


def judge(embeddings: Floats, renders: Renders) -> Verdict:
    """Genuine pairs differ in hair, outfit, lighting and view; impostor pairs share hair and outfit with colours."""
    one, other = np.triu_indices(len(embeddings), 1)
    same = renders.people[one] == renders.people[other]
    codes = {
        name: np.array([hash(tuple(getattr(look, part) for part in parts)) for look in renders.looks])
        for name, parts in {
            "clothes": ("hair", "hair_colour", "outfit", "outfit_colour"),
            "hair": ("hair",),
            "outfit": ("outfit",),
            "lighting": ("lighting",),
            "view": ("view",),
        }.items()
    }
    differ = np.logical_and.reduce(
        [codes[name][one] != codes[name][other] for name in ("hair", "outfit", "lighting", "view")]
    )
    genuine = same & differ
    impostor = ~same & (codes["clothes"][one] == codes["clothes"][other])
    chosen = genuine | impostor
    one, other, genuine = one[chosen], other[chosen], genuine[chosen]
    cosine = np.einsum("ij,ij->i", embeddings[one], embeddings[other])
    eer, threshold, tar = _rates(cosine[genuine], cosine[~genuine])
    kinds = np.array([look.view.split("_")[0] for look in renders.looks])
    by_view = {}
    for first, second in (("front", "half"), ("front", "side"), ("half", "half"), ("half", "side"), ("side", "side")):
        pair = ((kinds[one] == first) & (kinds[other] == second)) | ((kinds[one] == second) & (kinds[other] == first))
        by_view[f"{first}-{second}"] = _rates(cosine[pair & genuine], cosine[pair & ~genuine])[0]
    means = tuple(float(some.mean()) if len(some) else float("nan") for some in (cosine[genuine], cosine[~genuine]))
    return Verdict(eer, threshold, tar, means[0], means[1], (int(genuine.sum()), int((~genuine).sum())), by_view)


def _rates(genuine: Floats, impostor: Floats) -> tuple[float, float, float]:
    """Equal error rate, the threshold where it lies, and the true accept rate at a false accept rate of 0.001."""
    if not len(genuine) or not len(impostor):
        return float("nan"), float("nan"), float("nan")
    thresholds = np.linspace(-1, 1, 2001)
    missed = np.searchsorted(np.sort(genuine), thresholds) / len(genuine)
    fooled = 1 - np.searchsorted(np.sort(impostor), thresholds) / len(impostor)
    place = int(np.argmin(np.abs(missed - fooled)))
    strict = float(np.quantile(impostor, 0.999))
    return float((missed[place] + fooled[place]) / 2), float(thresholds[place]), float((genuine > strict).mean())


def export_onnx(model: nn.Module, path: Path, example: Tensor, outputs: list[str], axes: dict[str, Any]) -> None:
    """Write a model in evaluation mode as ONNX with an input called ``input``."""
    model.eval()
    torch.onnx.export(
        model, (example,), str(path), input_names=["input"], output_names=outputs, dynamic_axes=axes,
        opset_version=17, dynamo=False,
    )  # fmt: skip
