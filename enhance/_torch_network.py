"""Any network that spandrel knows, run by torch on the processor or a graphics card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blocks.errors import NotAvailable, UnreadableFile
from enhance._torchvision_shim import torchvision_or_stand_in

__all__ = ["TorchNetwork", "describe"]

Floats = NDArray[np.float32]


def describe(state: dict[str, Any], name: str) -> Any:
    """Spandrel's model for a state dict of arrays or tensors.

    Raises:
        NotAvailable: torch or spandrel is not installed.
        UnreadableFile: the weights belong to no architecture that spandrel knows, or not to a whole one.
    """
    try:
        import torch

        with torchvision_or_stand_in():
            import spandrel
    except ImportError as error:
        raise NotAvailable(
            f"{name} needs torch and spandrel; run: pip install torch==2.13.0 && pip install --no-deps spandrel==0.4.2"
        ) from error
    tensors = {k: torch.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v for k, v in state.items()}
    try:
        model = spandrel.MAIN_REGISTRY.load(tensors)
    except spandrel.UnsupportedModelError as error:
        raise UnreadableFile(f"{name} is of no architecture that is known here; see spandrel's list.") from error
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError, AssertionError, IndexError) as error:
        raise UnreadableFile(f"{name} is incomplete or damaged ({_first_line(error)}); download it again.") from error
    if not isinstance(model, spandrel.ImageModelDescriptor):
        raise UnreadableFile(f"{name} fills in masks, it does not enlarge; choose another model.")
    return model.eval()


class TorchNetwork:
    """Callable: height x width x 3 floats in 0..1 to the same, `scale` times larger.

    Args:
        model: from `describe`.
        device: "cpu" or "cuda".
        threads: processor threads.
        reduce_to: factor wanted of a released graph that ends in a bicubic reduction; 0 for the network's own.
    """

    def __init__(self, model: Any, *, device: str = "cpu", threads: int = 1, reduce_to: int = 0) -> None:
        import torch

        self._torch = torch
        self._model = model.to(torch.device(device)).float()
        self._model.model.to(memory_format=torch.channels_last)  # faster, and bit-equal whatever the tile's size
        self._device = device
        self._threads = threads
        self.scale = reduce_to or int(model.scale)
        self.on_step: Callable[[float], None] | None = None
        self._listen()
        if device == "cuda":
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.benchmark = False
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cuda.matmul.allow_tf32 = False

    def __call__(self, pixels: Floats) -> Floats:
        torch = self._torch
        torch.set_num_threads(self._threads)
        self._seen = 0
        planes = torch.from_numpy(np.ascontiguousarray(pixels))[None].permute(0, 3, 1, 2).to(self._device)
        if self._model.input_channels == 1:
            planes = planes.mean(1, keepdim=True)
        with torch.inference_mode():
            if self.scale == self._model.scale:
                result = self._model(planes)
            else:  # like the released graph, which limits values to 0..1 after the reduction only
                result = self._reduced(self._model.model(planes))
        if result.shape[1] == 1:
            result = result.expand(-1, 3, -1, -1)
        return np.ascontiguousarray(result[0].float().cpu().numpy().transpose(1, 2, 0))

    def _reduced(self, planes: Any) -> Any:
        """In double precision: in single, sampling positions are rounded differently in every tile."""
        share = self.scale / self._model.scale
        return self._torch.nn.functional.interpolate(planes.double(), scale_factor=share, mode="bicubic").float()

    def _listen(self) -> None:
        """Say how far a run is after every convolution: a tile of a large network takes many seconds."""
        convolutions = [m for m in self._model.model.modules() if isinstance(m, self._torch.nn.Conv2d)]
        self._seen = 0

        def tell(*_: Any) -> None:
            self._seen += 1
            if self.on_step is not None:
                self.on_step(min(1.0, self._seen / len(convolutions)))

        for convolution in convolutions:
            convolution.register_forward_hook(tell)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
