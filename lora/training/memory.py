"""What a training says when the memory does not suffice, wherever in it that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from blocks.errors import NotAvailable
from lora.training.config import TrainConfig

__all__ = ["enough_memory"]


@contextmanager
def enough_memory(config: TrainConfig) -> Iterator[None]:
    """
    Raises:
        NotAvailable: the memory did not suffice for what was done in it; the message says what needs less.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "alloc" not in str(error):
            raise
        raise NotAvailable(
            f"The memory did not suffice for a batch of {config.batch}; choose a smaller batch with more "
            "accumulation, gradient checkpointing, smaller pictures, or a lower rank. What was kept is kept."
        ) from error
