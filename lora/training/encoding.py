"""Pictures and captions as the denoiser sees them, encoded once and kept, or anew for every step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from blocks.errors import InputError
from blocks.models.loading import Loaded
from blocks.models.pictures import fitted, open_pictures
from blocks.models.profiles import Profile, Size
from blocks.progress import Progress, silent
from lora.training.families import Family, Latent, Text

__all__ = ["Encoder", "Example", "bucket_of", "sizes_for"]


@dataclass(frozen=True, slots=True)
class Example:
    """A picture to learn from.

    Attributes:
        size: width and height that it is brought to, its bucket.
        prior: it is of somebody else, to keep the base as it is.
    """

    picture: Path
    caption: str
    size: Size
    prior: bool = False


def sizes_for(profile: Profile, shorter: int = 0) -> tuple[Size, ...]:
    """The buckets of a model: the sizes it draws, or these with another shorter side.

    Raises:
        InputError: the side is too small for the model.
    """
    if not shorter:
        return profile.sizes
    found = []
    for width, height in profile.sizes:
        scale = shorter / min(width, height)
        sides = [max(1, round(side * scale / profile.multiple)) * profile.multiple for side in (width, height)]
        found.append((sides[0], sides[1]))
    if shorter < profile.multiple:
        raise InputError(
            f"Pictures of {shorter} pixels are too small; {profile.title} takes {profile.multiple} and up."
        )
    return tuple(dict.fromkeys(found))


def bucket_of(size: Size, sizes: Sequence[Size]) -> Size:
    """The bucket whose shape is nearest, so that the least is cut off."""
    shape = np.log(size[0] / size[1])
    return min(sizes, key=lambda one: (abs(float(np.log(one[0] / one[1]) - shape)), one))


class Encoder:
    """Latents of pictures and texts of captions, by example."""

    def __init__(self, loaded: Loaded, family: Family, *, keep: bool) -> None:
        """
        Args:
            keep: encode each once; otherwise whenever it is asked for.
        """
        self._pipe, self._profile, self._family, self._keep = loaded.pipe, loaded.profile, family, keep
        self._dtype, self._device = loaded.pipe.dtype, torch.device(loaded.device)
        self._latents: dict[tuple[Path, Size, bool], Latent] = {}
        self._texts: dict[str, Text] = {}

    def fill(self, examples: Sequence[Example], flips: bool, empty: bool, progress: Progress = silent) -> None:
        """Encode everything now; nothing is done if nothing is kept.

        Args:
            flips: mirrored pictures too.
            empty: the empty caption too.
        """
        if not self._keep:
            return
        ways = (False, True) if flips else (False,)
        todo = [(example, flip) for example in examples for flip in ways]
        for number, (example, flip) in enumerate(todo):
            progress(number / (len(todo) + 1), f"encoding picture {number // len(ways) + 1} of {len(examples)}")
            self.latents([example], [flip])
        progress(len(todo) / (len(todo) + 1), "encoding captions")
        captions = dict.fromkeys(example.caption for example in examples)
        self._read([*captions, *([""] if empty else [])])

    def latents(self, examples: Sequence[Example], flips: Sequence[bool]) -> list[Latent]:
        """What the denoiser is to draw; pictures of one size. Those that are not known are encoded together."""
        keys = [(one.picture, one.size, flip) for one, flip in zip(examples, flips, strict=True)]
        known = self._latents if self._keep else {}
        if missing := [key for key in dict.fromkeys(keys) if key not in known]:
            known = known | self._encode(missing)
        return [known[key] for key in keys]

    def _encode(self, wanted: Sequence[tuple[Path, Size, bool]]) -> dict[tuple[Path, Size, bool], Latent]:
        with torch.no_grad():
            pixels = torch.cat([_pixels(path, size, flip) for path, size, flip in wanted])
            made = self._family.encode(self._pipe, pixels.to(self._device, self._pipe.vae.dtype))
        found = {
            key: Latent(one.mean.float(), None if one.spread is None else one.spread.float())
            for key, one in zip(wanted, made, strict=True)
        }
        if self._keep:
            self._latents |= found
        return found

    def texts(self, captions: Sequence[str]) -> list[Text]:
        """What the denoiser is told, one a caption."""
        known = self._texts if self._keep else {}
        if missing := [caption for caption in dict.fromkeys(captions) if caption not in known]:
            known = known | self._read(missing)
        return [known[caption] for caption in captions]

    def _read(self, captions: Iterable[str]) -> dict[str, Text]:
        with torch.no_grad():
            wanted = list(captions)
            found = dict(zip(wanted, self._family.read(self._pipe, self._profile, wanted), strict=True))
        if self._keep:
            self._texts |= found
        return found


def _pixels(path: Path, size: Size, flip: bool) -> Tensor:
    """(1, 3, height, width) in -1..1."""
    picture = np.asarray(fitted(open_pictures([path])[0], *size), dtype=np.float32)
    if flip:
        picture = picture[:, ::-1]
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None] / 127.5 - 1
