"""What there is to say of a family of base models, so that pages can build a form of it and blocks can ask it.

The families themselves are data, in `blocks.models.families`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Beyond", "Latents", "Negative", "Profile", "Reference", "Size"]

Reference = Literal["faceid", "ip-adapter", "images", "redux", "start"]
"""How a model takes references: a face embedding, pictures through an adapter, a list of pictures of its own, Redux
embeddings, or only as the picture it starts from."""

Beyond = Literal["chunked", "cut", "taken"]
"""What happens to a prompt beyond the encoder's length."""

Negative = Literal["yes", "with guidance", "no"]
"""Whether a negative prompt is taken; "with guidance": guidance has no effect unless one is handed over."""

Latents = Literal["plain", "packed", "packed video", "patches"]
"""How pixels of the latent picture lie in the denoising loop's tensor, for previews."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Profile:
    """One family of base models.

    Attributes:
        family: how it is called in recipes.
        pipeline, start_pipeline, inpaint_pipeline, control_pipeline: classes of diffusers for a prompt alone, from a
            picture, inside a mask, and led by a control picture; "" where there is none.
        control_argument: name of the argument that carries the control picture.
        references: ways references can be taken, the best first; empty: text only.
        max_references: pictures in one call.
        needs_reference: it edits pictures and does nothing without one.
        lora: whether LoRA files can be put on it.
        guidance: name of the argument that carries the guidance.
        steps, guidance_scale, size: defaults; size is (width, height) in pixels.
        distilled: steps and guidance of the family's distilled form, if it has one.
        sizes: presets, (width, height).
        multiple: width and height must be multiples of it; a folder may ask for more (its autoencoder's factor).
        samplers: names known to `blocks.models.samplers`; empty: only the model's own.
        tokens: length of the text encoder that counts, special tokens included.
        chat: the text encoder is a chat model, and the prompt is put into its frame.
        dtype: number format on a GPU; dtype_cpu: on a processor.
        licence, commercial: of the published weights; commercial is None where it depends on the variant.
        memory: GiB of the published weights by number format.
        working: GiB that a step of the default size needs beside the weights, in 16 bit.
    """

    family: str
    title: str
    pipeline: str
    source: str
    licence: str
    commercial: bool | None
    start_pipeline: str = ""
    inpaint_pipeline: str = ""
    control_pipeline: str = ""
    control_argument: str = ""
    references: tuple[Reference, ...] = ()
    max_references: int = 0
    needs_reference: bool = False
    lora: bool = True
    guidance: str = "guidance_scale"
    negative: Negative = "yes"
    steps: int = 30
    guidance_scale: float = 5.0
    distilled: tuple[int, float] | None = None
    size: Size = (1024, 1024)
    sizes: tuple[Size, ...] = ((1024, 1024), (832, 1216), (1216, 832), (768, 1344), (1344, 768))
    multiple: int = 16
    samplers: tuple[str, ...] = ()
    tokens: int = 512
    chat: bool = False
    beyond: Beyond = "cut"
    latents: Latents = "packed"
    dtype: str = "bfloat16"
    dtype_cpu: str = "float32"
    memory: Mapping[str, float] = field(default_factory=dict)
    working: float = 3.0

    @property
    def sheets(self) -> bool:
        """Whether it can draw somebody several times in one picture, laid out as words say.

        That needs a model that looks at pictures of the person itself: a face embedding or an adapter says who is
        drawn, and every face of the picture then comes out as one portrait.
        """
        return "images" in self.references
