"""Pictures of other people, drawn by the base model: trained on beside the character's, they keep it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from blocks.block import block
from blocks.errors import InputError
from blocks.generate import models_used
from blocks.progress import Progress, silent
from lora.captions import without_trigger
from lora.drawing import draw, opened

__all__ = ["MOST", "Others", "draw_others"]

MOST = 200
"""Pictures of other people."""


class Others(NamedTuple):
    """Pictures of nobody in particular, and what each was asked to show."""

    pictures: list[Path]
    captions: list[str]


@block(
    version="1",
    device="any",
    exact="close",
    grace=10.0,
    units=lambda others=0: float(others),
    models=models_used,
)
def draw_others(
    table: Sequence[dict[str, Any]],
    trigger: str,
    others: int = 0,
    model: str = "",
    size: int = 0,
    seed: int = 500,
    dtype: str = "auto",
    device: str = "auto",
    threads: int = 0,
    models: str = "",
    digest: str = "",
    *,
    scratch: Path,
    progress: Progress = silent,
) -> Others:
    """Draw regularisation pictures by the dataset's captions without the trigger word (Ruiz et al., DreamBooth, 2022).

    Args:
        table, trigger: of `lora.dataset.make_dataset`.
        others: how many; 0 draws none.
        size: shorter side of the training pictures; 0 for the model's own.
        model, dtype, device, threads, models, digest: as for `blocks.generate.generate`.

    Raises:
        InputError: that many are too many, or nothing is left of a caption.
        NotAvailable: as `blocks.generate.generate`.
    """
    if not 0 <= others <= MOST:
        raise InputError(f"{others} pictures of other people cannot be drawn; ask for 0 to {MOST}.")
    if not others:
        return Others([], [])
    said = _captions(table, trigger)
    captions = [said[number % len(said)] for number in range(others)]
    base = opened(model, models, dtype=dtype, device=device, threads=threads, size=size)
    return Others(draw(base, captions, scratch, seed=seed, progress=progress), captions)


def _captions(table: Sequence[Mapping[str, Any]], trigger: str) -> list[str]:
    found = dict.fromkeys(without_trigger(str(row["caption"]), trigger) for row in table)
    return [caption for caption in found if caption] or ["a person"]
