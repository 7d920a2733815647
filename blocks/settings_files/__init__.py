"""What a picture says of how it was made: by this lab, by A1111 and its kin, or by ComfyUI; in our own names.

    found = read_settings(Path("street.png"))
    found.settings     # {"prompt": ..., "seed": 42, "steps": 20, "guidance": 7.0, "sampler": "dpm++ karras", ...}
    found.notes        # what could not be carried over, a sentence each

The words in a picture are a stranger's. Only its metadata is read and never its pixels; everything is capped in size
and depth; what is not of the kind and range it should be is left out and noted.
"""

from __future__ import annotations

from pathlib import Path

from blocks.errors import InputError
from blocks.settings_files import a1111, comfyui, recipe
from blocks.settings_files.found import Found
from blocks.settings_files.texts import texts_of

__all__ = ["Found", "read_settings"]


def read_settings(path: Path) -> Found:
    """The settings in a PNG, JPEG or WebP; what the lab itself wrote comes first.

    Raises:
        InputError: it is another kind of file, or holds no settings.
        UnreadableFile: it is damaged before its metadata ends.
    """
    texts = texts_of(path)
    own = recipe.read(path)
    if own is not None:
        return own
    if "prompt" in texts and (found := comfyui.read(texts["prompt"])) is not None:
        return found
    if "parameters" in texts and (found := a1111.read(texts["parameters"])) is not None:
        return found
    raise InputError(
        f"{path.name} holds no settings that the lab can read. Many programs and sites remove them; take the picture "
        "as its generator saved it, from this lab, A1111, Forge or ComfyUI."
    )
