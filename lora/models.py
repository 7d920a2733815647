"""The layers of a model in its folder, read from the heads of its files: no weights are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blocks.models.headers import read_header
from blocks.models.profiles import Profile
from blocks.models.recognise import recognise

__all__ = ["Model", "open_model"]

_PARTS = ("unet", "transformer", "text_encoder", "text_encoder_2")


@dataclass(frozen=True, slots=True)
class Model:
    """A base model as a LoRA sees it.

    Attributes:
        part: the denoiser's name in the pipeline.
        layers: shapes of weights, by part and layer.
    """

    folder: Path
    profile: Profile
    part: str
    layers: Mapping[str, Mapping[str, tuple[int, ...]]]

    @property
    def denoiser(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the denoiser's weights, by layer."""
        return self.layers[self.part]


def open_model(folder: Path) -> Model:
    """A base model's layers.

    Raises:
        UnsafeFile, UnreadableFile, InputError: as `blocks.models.recognise.recognise`.
    """
    found = recognise(folder)
    layers = {part: _layers(folder / part) for part in _PARTS if (folder / part).is_dir()}
    return Model(folder, found.profile, "unet" if "unet" in layers else "transformer", layers)


def _layers(folder: Path) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        shapes |= read_header(path).shapes
    return {
        name.removesuffix(".weight"): shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) >= 2
    }
