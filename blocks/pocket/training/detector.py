"""The face detector, with the outputs of SCRFD so that insightface reads it (Guo et al. 2021).

    python -m blocks.pocket.training.detector --home DIR [--steps 10500]

Three strides, two anchors at each cell: the first for the smaller, the second for the larger faces of the stride.
Nine outputs: scores, distances to the box's sides and offsets to five landmarks, the last two in units of the stride
from the cell's upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.pocket.canvas import Floats, Pixels
from blocks.pocket.training.checkpoint import arguments, backward, on, one_cycle, run
from blocks.pocket.training.faces import export_onnx
from blocks.pocket.training.renders import Renders
from blocks.pocket.training.scenes import SIDE, Scene, draw_figures, scenes

__all__ = ["Detector", "Found", "detect", "main"]

STRIDES = (8, 16, 32)
# Size of a face (longer side, pixels) at which the next anchor takes over, two anchors at each stride.
# Eyes are placed to a twentieth of a face's width, so a face is read at a fine stride for its size.
REACH = (0, 26, 48, 84, 150, 260, 100_000)
BATCH = 8


class _Step(nn.Module):
    """A 3x3 convolution, with a way past where nothing changes size."""

    def __init__(self, inside: int, outside: int, step: int = 1) -> None:
        super().__init__()
        self.adds = inside == outside and step == 1
        self.way = nn.Sequential(nn.Conv2d(inside, outside, 3, step, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.way(x) if self.adds else self.way(x)
        return result


class Detector(nn.Module):
    """Nx3xHxW from -1 to 1, sides multiples of 32, to the nine outputs (0.4 M)."""

    def __init__(self, wide: int = 48) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 24, 6, 4, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU(), _Step(24, 24))
        self.fine = nn.Sequential(_Step(24, 48, 2), _Step(48, 48), _Step(48, 48))
        self.middle = nn.Sequential(_Step(48, 80, 2), _Step(80, 80), _Step(80, 80))
        self.coarse = nn.Sequential(_Step(80, 80, 2), _Step(80, 80))
        self.sides = nn.ModuleList(nn.Conv2d(width, wide, 1) for width in (48, 80, 80))
        self.heads = nn.ModuleList(nn.Sequential(_Step(wide, wide), _Step(wide, wide)) for _ in STRIDES)
        self.score = nn.ModuleList(nn.Conv2d(wide, 2, 1) for _ in STRIDES)
        self.box = nn.ModuleList(nn.Conv2d(wide, 8, 1) for _ in STRIDES)
        self.marks = nn.ModuleList(nn.Conv2d(wide, 20, 1) for _ in STRIDES)
        for score in self.score:
            nn.init.constant_(score.bias, -4.0)  # type: ignore[arg-type]  # faces are rare
        for box in self.box:
            nn.init.constant_(box.bias, 2.0)  # type: ignore[arg-type]

    def levels(self, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Logits NxKx1, distances NxKx4 and offsets NxKx10 of each stride, K being twice its cells."""
        fine = self.fine(self.stem(x))
        middle = self.middle(fine)
        maps = [fine, middle, self.coarse(middle)]
        merged: list[Tensor] = [side(level) for side, level in zip(self.sides, maps, strict=True)]
        for place in (1, 0):
            merged[place] = merged[place] + functional.interpolate(merged[place + 1], scale_factor=2.0)
        found = []
        for place, level in enumerate(merged):
            deep = self.heads[place](level)
            outputs = (self.score[place](deep), self.box[place](deep), self.marks[place](deep))
            found.append(tuple(_rows(output, width) for output, width in zip(outputs, (1, 4, 10), strict=True)))
        return found  # type: ignore[return-value]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        scores, boxes, marks = zip(*self.levels(x), strict=True)
        return (*(score.sigmoid() for score in scores), *boxes, *marks)


def _rows(output: Tensor, width: int) -> Tensor:
    """N x 2*width x H x W to N x 2HW x width, cell by cell, both anchors of a cell side by side."""
    return output.permute(0, 2, 3, 1).reshape(output.shape[0], -1, width)


def corners(side_x: int, side_y: int, stride: int) -> Tensor:
    """Kx2 upper left corners of the cells, each twice."""
    ys, xs = torch.meshgrid(torch.arange(side_y // stride), torch.arange(side_x // stride), indexing="ij")
    return (torch.stack([xs, ys], -1).reshape(-1, 2) * stride).float().repeat_interleave(2, 0)


def assign(batch: list[Scene]) -> list[tuple[Tensor, Tensor, Tensor]]:
    """For each stride: scores NxK (1 face, 0 none, -1 not counted), boxes NxKx4 and landmarks NxKx10 in pixels."""
    wanted = []
    for level, stride in enumerate(STRIDES):
        cells = corners(SIDE, SIDE, stride).numpy()
        score = np.zeros((len(batch), len(cells)), np.float32)
        box = np.zeros((len(batch), len(cells), 4), np.float32)
        marks = np.zeros((len(batch), len(cells), 10), np.float32)
        anchor = np.arange(len(cells)) % 2
        for row, scene in enumerate(batch):
            for face, points in zip(scene.boxes, scene.marks, strict=True):
                size = float(max(face[2] - face[0], face[3] - face[1]))
                away = np.abs(cells - (face[:2] + face[2:]) / 2).max(axis=1)
                for number in (0, 1):
                    low, high = REACH[level * 2 + number], REACH[level * 2 + number + 1]
                    near = (away <= max(size * 0.22, stride * 0.55)) & (anchor == number)
                    if low * 0.8 <= size <= high * 1.25:
                        mine = low <= size < high
                        score[row, near] = 1.0 if mine else np.where(score[row, near] == 1, 1, -1)
                        if mine:
                            box[row, near], marks[row, near] = face, points.ravel()
                    # Around a face's middle it is hard to say where it ends: not counted.
                    fringe = (away <= size * 0.36) & ~near & (score[row] == 0) & (low <= size) & (size < high)
                    score[row, fringe] = -1
        wanted.append((torch.from_numpy(score), torch.from_numpy(box), torch.from_numpy(marks)))
    return wanted


def loss_of(
    levels: list[tuple[Tensor, Tensor, Tensor]], wanted: list[tuple[Tensor, Tensor, Tensor]]
) -> tuple[Tensor, Tensor, Tensor]:
    """Focal loss of the scores, 1 - GIoU of the boxes, landmarks' distance in shares of the face."""
    scores, boxes, marks, count = [], [], [], torch.zeros(())
    for (logit, distance, offset), (score, box, points), stride in zip(levels, wanted, STRIDES, strict=True):
        score, box, points = (value.to(logit.device) for value in (score, box, points))
        cells = corners(SIDE, SIDE, stride).to(logit.device)
        chance = logit[..., 0].sigmoid()
        cross = functional.binary_cross_entropy_with_logits(logit[..., 0], score.clamp(0, 1), reduction="none")
        miss = torch.where(score > 0.5, 1 - chance, chance)
        weight = torch.where(score > 0.5, 0.5, 0.5) * miss.square() * (score >= 0)
        scores.append((weight * cross).sum())
        chosen = score > 0.5
        count = count + chosen.sum().cpu()
        at = cells.expand(len(score), -1, -1)[chosen]
        truth, size = box[chosen], (box[chosen][:, 2:] - box[chosen][:, :2]).amax(1, keepdim=True).clamp(min=1)
        made = torch.cat([at - distance[chosen][:, :2] * stride, at + distance[chosen][:, 2:] * stride], 1)
        boxes.append((1 - _giou(made, truth)).sum() + ((made - truth).abs() / size).mean(1).sum())
        placed = at.repeat(1, 5) + offset[chosen] * stride
        marks.append(((placed - points[chosen]).abs() / size).mean(1).sum())
    total = count.clamp(min=1).to(scores[0].device)
    return torch.stack(scores).sum() / total, torch.stack(boxes).sum() / total, torch.stack(marks).sum() / total


def _giou(one: Tensor, other: Tensor) -> Tensor:
    def area(box: Tensor) -> Tensor:
        return (box[:, 2:] - box[:, :2]).clamp(min=0).prod(1)

    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    joined = area(one) + area(other) - shared
    hull = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(1)
    return shared / joined.clamp(min=1) - (hull - joined) / hull.clamp(min=1)


@dataclass(frozen=True)
class Found:
    """One face that was found: score 0 to 1, box and landmarks in pixels."""

    score: float
    box: Floats
    marks: Floats


def detect(model: Detector, picture: Pixels, threshold: float = 0.5) -> Found | None:
    """The best face of a picture whose sides are multiples of 32."""
    with torch.no_grad():
        outputs = model(_input(picture[None]))
    height, width = picture.shape[:2]
    best: Found | None = None
    for level, stride in enumerate(STRIDES):
        score, distance, offset = (outputs[level + part * 3][0] for part in range(3))
        place = int(score[:, 0].argmax())
        if float(score[place]) > max(threshold, best.score if best else 0.0):
            at = corners(width, height, stride)[place]
            box = torch.cat([at - distance[place][:2] * stride, at + distance[place][2:] * stride])
            best = Found(float(score[place]), box.numpy(), (at + offset[place].reshape(5, 2) * stride).numpy())
    return best


def _input(pictures: Pixels) -> Tensor:
    return (torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() - 127.5) / 128


def found_share(model: Detector, renders: Renders, side: int = 128) -> tuple[float, float]:
    """Shares of faces that are found (IoU above a half), and found with both eyes within 5 % of the face's width.

    Args:
        side: to which portraits are scaled for the search; a multiple of 32.
    """
    model.eval()
    found, exact, zoom = 0, 0, side / 128
    for row in range(len(renders.pictures)):
        face = detect(model, cv2.resize(renders.pictures[row], (side, side)))
        if face is None:
            continue
        truth = renders.boxes[row] * zoom
        made, wanted = torch.from_numpy(face.box)[None].float(), torch.from_numpy(truth)[None].float()
        off = np.linalg.norm(face.marks[:2] - renders.landmarks[row][:2] * zoom, axis=1).max()
        hit = float(_giou(made, wanted)) > 0.5
        found += hit
        exact += hit and off <= 0.05 * (truth[2] - truth[0])
    return found / len(renders.pictures), exact / len(renders.pictures)


def export(model: Detector, path: Path) -> None:
    names = [f"{kind}_{stride}" for kind in ("score", "bbox", "kps") for stride in STRIDES]
    axes = {"input": {2: "height", 3: "width"}} | {name: {1: f"cells_{name}"} for name in names}
    export_onnx(model, path, torch.zeros(1, 3, 128, 128), names, axes)


def main() -> None:
    given = arguments(__doc__ or "", 10_500)
    torch.manual_seed(3)
    random = np.random.default_rng(3)
    renders = Renders.read(given.home / "renders-met")
    stream = scenes(renders, draw_figures(400, np.random.default_rng(5)), random)
    model = on(given.device, Detector())
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)

    def step_once(step: int) -> dict[str, float]:
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = one_cycle(step, given.steps, 3e-3)
        batch = [next(stream) for _ in range(BATCH)]
        pictures = _input(np.stack([scene.picture for scene in batch]))
        levels = model.levels(pictures.to(given.device, memory_format=torch.channels_last))
        score, box, marks = loss_of(levels, assign(batch))
        optimiser.zero_grad(set_to_none=True)
        backward(score + box + 60 * marks)
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        return {"score": float(score.detach()), "box": float(box.detach()), "marks": float(marks.detach())}

    done = run("detector", given, {"model": model, "optimiser": optimiser}, random, step_once)
    model.cpu()
    held_out = Renders.read(given.home / "renders-open")
    for side in (128, 320):
        print(f"at {side}: found and exact {found_share(model, held_out.first(400), side)}")
    if done:
        export(model, given.home / "detector.onnx")


if __name__ == "__main__":
    main()
