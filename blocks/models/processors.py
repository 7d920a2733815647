"""Processors of text encoders that can see and watch, for what the lab uses of them: words, and pictures.

transformers wants torchvision for the halves that watch films, and torchvision has no build for this torch on a
processor. No pipeline here shows a film, so the processors are made without those halves, on every machine alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["pictures_only", "processor_parts", "words_only"]


def processor_parts(folder: Path, family: str) -> dict[str, Any]:
    """Parts a pipeline is given instead of loading them itself; for most families none."""
    if family == "qwen-edit-plus":
        return {"processor": pictures_only().from_pretrained(folder / "processor", local_files_only=True)}
    if family == "flux2":
        return {"tokenizer": words_only().from_pretrained(folder / "tokenizer", local_files_only=True)}
    return {}


def pictures_only() -> Any:
    """The class of Qwen's processor that has no video half."""
    from transformers import Qwen2VLProcessor

    class PicturesOnly(Qwen2VLProcessor):  # type: ignore[misc, unused-ignore]
        # The library reads from this signature which halves there are.
        def __init__(
            self, image_processor: Any = None, tokenizer: Any = None, chat_template: Any = None, **kwargs: Any
        ) -> None:
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template, **kwargs)

    return PicturesOnly


def words_only() -> Any:
    """The class of FLUX.2's processor that has no pictures: the pipeline shows it none."""
    from transformers import ProcessorMixin

    class WordsOnly(ProcessorMixin):  # type: ignore[misc, unused-ignore]
        def __init__(self, tokenizer: Any = None, chat_template: Any = None, **kwargs: Any) -> None:
            super().__init__(tokenizer, chat_template=chat_template)

    return WordsOnly
