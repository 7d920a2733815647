"""The computation of IFNet, as functions of a state dict. Imports torch: import this module where it is used.

Flows and pictures stay in 32 bit whatever the weights are: a position in a wide frame has more digits than
a 16-bit number holds.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as nn
from torch import Tensor

from enhance.rife.layout import RESIDUALS, Layout

__all__ = ["Weights", "multiple", "synthesise"]

Weights = Mapping[str, Tensor]

SLOPE = 0.2
REDUCTION = 4
"""Each block halves its picture twice before its residual layers."""


def multiple(layout: Layout, scale: float) -> int:
    """Both sides of a frame must be a multiple of this many pixels."""
    return round(max(layout.scales) / scale) * REDUCTION


def synthesise(layout: Layout, weights: Weights, first: Tensor, second: Tensor, t: float, scale: float) -> Tensor:
    """The frame at time t between two others.

    Args:
        first, second: N x 3 x H x W, 32-bit floats in 0..1, sides a `multiple`.
        t: 0 is the first frame, 1 the second.
        scale: the flow is sought in pictures this many times as large; 0.5 for 4K.

    Returns:
        N x 3 x H x W, 32-bit floats about 0..1.
    """
    time = torch.full_like(first[:, :1], t)
    described = [torch.cat((frame, *_features(layout, weights, frame)), 1) for frame in (first, second)]
    flow, mask, carried = _block(layout, weights, 0, scale, _gather(described, time), None)
    for index in range(1, len(layout.widths)):
        warped = [_warp(described[0], flow[:, :2]), _warp(described[1], flow[:, 2:])]
        seen = torch.cat((_gather(warped, time), mask, carried), 1)
        flow_change, mask_change, carried = _block(layout, weights, index, scale, seen, flow)
        flow = flow + flow_change
        mask = mask + mask_change if layout.adds_mask else mask_change
    share = torch.sigmoid(mask)
    return _warp(first, flow[:, :2]) * share + _warp(second, flow[:, 2:]) * (1 - share)


def _gather(described: list[Tensor], time: Tensor) -> Tensor:
    """Both pictures, then the features of both, then the time: the order the weights were trained with."""
    return torch.cat((*(d[:, :3] for d in described), *(d[:, 3:] for d in described), time), 1)


def _features(layout: Layout, weights: Weights, frame: Tensor) -> tuple[Tensor, ...]:
    """A few channels that describe a frame, at its size."""
    if not layout.features:
        return ()
    x = frame.to(weights["encode.cnn0.weight"].dtype)
    x = _leaky(_convolve(weights, "encode.cnn0", x, stride=2))
    x = _leaky(_convolve(weights, "encode.cnn1", x))
    x = _leaky(_convolve(weights, "encode.cnn2", x))
    return (_enlarge(weights, "encode.cnn3", x).to(frame.dtype),)


def _block(
    layout: Layout, weights: Weights, index: int, scale: float, seen: Tensor, flow: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """One resolution's say: a change of both flows, a mask, and what the next block is told."""
    name = f"block{index}"
    smaller = layout.scales[index] / scale
    x = _resize(seen, 1 / smaller)
    if flow is not None:
        x = torch.cat((x, _resize(flow, 1 / smaller) / smaller), 1)
    x = x.to(weights[f"{name}.conv0.0.0.weight"].dtype)
    x = _leaky(_convolve(weights, f"{name}.conv0.0.0", x, stride=2))
    x = _leaky(_convolve(weights, f"{name}.conv0.1.0", x, stride=2))
    for part in range(RESIDUALS):
        layer = f"{name}.convblock.{part}"
        x = _leaky(_convolve(weights, f"{layer}.conv", x) * weights[f"{layer}.beta"] + x)
    x = nn.pixel_shuffle(_enlarge(weights, f"{name}.lastconv.0", x), 2)
    x = _resize(x.to(seen.dtype), smaller)
    return x[:, :4] * smaller, x[:, 4:5], x[:, 5 : 5 + layout.carried]


def _warp(picture: Tensor, flow: Tensor) -> Tensor:
    """The picture looked up where the flow (x, y in pixels) points; outside counts as its edge."""
    height, width = picture.shape[-2:]
    columns = torch.linspace(-1, 1, width, device=flow.device) + flow[:, 0] * (2 / (width - 1))
    rows = torch.linspace(-1, 1, height, device=flow.device)[:, None] + flow[:, 1] * (2 / (height - 1))
    places = torch.stack((columns, rows), -1)
    return nn.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=True)


def _resize(x: Tensor, factor: float) -> Tensor:
    if factor == 1:
        return x
    return nn.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _convolve(weights: Weights, name: str, x: Tensor, stride: int = 1) -> Tensor:
    return nn.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride=stride, padding=1)


def _enlarge(weights: Weights, name: str, x: Tensor) -> Tensor:
    return nn.conv_transpose2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride=2, padding=1)


def _leaky(x: Tensor) -> Tensor:
    return nn.leaky_relu(x, SLOPE)
